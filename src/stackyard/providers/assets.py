"""Assets and archives: where their bytes are, their hash, and archives packed as zip files.

Packing is deterministic: the same content gives the same bytes, whatever the times and the order on disk.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
import tarfile
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from stackyard import errors
from stackyard.model import values
from stackyard.model.values import Archive, Asset, Secret, Value

OWN: Final = ".stackyard"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_PLAIN: Final = stat.S_IFREG | 0o644
_EXECUTABLE: Final = stat.S_IFREG | 0o755
_TARS: Final = (".tar", ".tar.gz", ".tgz")
Entry = tuple[str, bytes, bool]


def resolved(value: Value, directory: Path) -> Value:
    """The same value, every asset and archive in it with an absolute path and its hash. Reads the files.

    Relative paths start in `directory`. Raises ProviderError for a file that cannot be read.
    """

    def leaf(each: Value) -> Value:
        if isinstance(each, Secret):
            return Secret(resolved(each.value, directory))
        if isinstance(each, Asset | Archive):
            placed = _placed(each, directory)
            return _hashed(placed)
        return each

    return values.transform(value, leaf)


def _placed(value: Asset | Archive, directory: Path) -> Asset | Archive:
    path = os.path.abspath(directory / value.path) if value.path is not None else None
    if isinstance(value, Asset):
        return Asset(path, value.text, value.uri)
    inside = None if value.assets is None else {name: _placed(each, directory) for name, each in value.assets.items()}
    return Archive(path, value.uri, inside)


def _hashed(value: Asset | Archive) -> Asset | Archive:
    if isinstance(value, Asset):
        return Asset(value.path, value.text, value.uri, hashlib.sha256(read(value)).hexdigest())
    inside = None if value.assets is None else {name: _hashed(each) for name, each in value.assets.items()}
    digest = hashlib.sha256()
    for name, data, executable in _entries(value):
        digest.update(f"{len(name)}:{name}{'x' if executable else '-'}{len(data)}:".encode())
        digest.update(data)
    return Archive(value.path, value.uri, inside, digest.hexdigest())


def read(asset: Asset) -> bytes:
    """The bytes of an asset. Raises ProviderError when they cannot be had."""
    if asset.text is not None:
        return asset.text.encode()
    try:
        if asset.path is not None:
            return Path(asset.path).read_bytes()
        return _fetched(str(asset.uri))
    except OSError as fault:
        where = asset.path or asset.uri
        raise errors.ProviderError(f"the asset {where} cannot be read: {fault.strerror or fault}") from None


def pack(archive: Archive) -> bytes:
    """The archive as a zip file; one that is a zip file already is taken as it is."""
    if archive.path is not None and archive.path.endswith((".zip", ".jar")) and os.path.isfile(archive.path):
        return read(Asset(path=archive.path))
    if archive.uri is not None and archive.uri.endswith((".zip", ".jar")):
        return read(Asset(uri=archive.uri))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data, executable in _entries(archive):
            about = zipfile.ZipInfo(name, _EPOCH)
            about.compress_type = zipfile.ZIP_DEFLATED
            about.external_attr = (_EXECUTABLE if executable else _PLAIN) << 16
            packed.writestr(about, data)
    return buffer.getvalue()


def _entries(archive: Archive) -> Iterator[Entry]:
    """The files of an archive, sorted by name: name, bytes, whether it may be executed."""
    yield from sorted(_unsorted(archive))


def _unsorted(archive: Archive) -> Iterator[Entry]:
    if archive.assets is not None:
        for name, each in archive.assets.items():
            if isinstance(each, Asset):
                yield name.strip("/"), read(each), bool(each.path) and os.access(str(each.path), os.X_OK)
            else:
                for inner, data, executable in _unsorted(each):
                    yield f"{name.strip('/')}/{inner}".removeprefix("./"), data, executable
    elif archive.path is not None and os.path.isdir(archive.path):
        yield from _folder(Path(archive.path))
    else:
        data = read(Asset(path=archive.path, uri=archive.uri))
        yield from _unpacked(str(archive.path or archive.uri), data)


def _folder(root: Path) -> Iterator[Entry]:
    """Every file below a folder but our own: state that lies beside a program is not part of what it packs."""
    for folder, below, names in os.walk(root):
        below[:] = [name for name in below if name != OWN]
        for name in names:
            path = Path(folder) / name
            yield path.relative_to(root).as_posix(), read(Asset(path=str(path))), os.access(path, os.X_OK)


def _unpacked(name: str, data: bytes) -> Iterator[Entry]:
    try:
        if name.endswith(_TARS):
            with tarfile.open(fileobj=io.BytesIO(data)) as packed:
                for member in packed.getmembers():
                    content = packed.extractfile(member)
                    if content is not None:
                        yield member.name, content.read(), bool(member.mode & 0o100)
            return
        with zipfile.ZipFile(io.BytesIO(data)) as zipped:
            for about in zipped.infolist():
                if not about.is_dir():
                    yield about.filename, zipped.read(about), bool((about.external_attr >> 16) & 0o100)
    except (tarfile.TarError, zipfile.BadZipFile) as fault:
        raise errors.ProviderError(
            f"the archive {name} cannot be opened: {fault}", hint="give a folder, a .zip, .jar, .tar or .tar.gz"
        ) from None


def _fetched(uri: str) -> bytes:
    if not uri.startswith(("http://", "https://", "file://")):
        raise errors.ProviderError(f"the asset {uri} cannot be read", hint="use a file, http or https URI")
    with urllib.request.urlopen(uri, timeout=60) as answer:
        data: bytes = answer.read()
    return data
