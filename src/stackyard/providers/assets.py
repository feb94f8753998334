"""Assets and archives: where their bytes are, their hash, and archives packed as zip files.

Packing is deterministic: the same content gives the same bytes, whatever the times and the order on disk.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import os
import posixpath
import stat
import tarfile
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from stackyard import errors
from stackyard.model import values
from stackyard.model.values import Archive, Asset, Secret, Value
from stackyard.providers import tars

_RECORDS: Final = {".stackyard", ".pulumi"}
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_PLAIN: Final = stat.S_IFREG | 0o644
_EXECUTABLE: Final = stat.S_IFREG | 0o755
_ZIPS: Final = (".zip", ".jar")
_TARS: Final = (".tar", ".tar.gz", ".tgz")
Entry = tuple[str, bytes, bool]


def resolved(value: Value, directory: Path) -> Value:
    """The same value, every asset and archive in it with its hash and the folder where its path starts.

    Reads the files. Raises ProviderError for one that cannot be read.
    """

    def leaf(each: Value) -> Value:
        if isinstance(each, Secret):
            return Secret(resolved(each.value, directory))
        return _hashed(each, str(directory.absolute())) if isinstance(each, Asset | Archive) else each

    return values.transform(value, leaf)


def _hashed(value: Asset | Archive, directory: str) -> Asset | Archive:
    if isinstance(value, Asset):
        placed = Asset(value.path, value.text, value.uri, "", directory)
        return dataclasses.replace(placed, hash=hashlib.sha256(read(placed)).hexdigest())
    inside = None if value.assets is None else {name: _hashed(each, directory) for name, each in value.assets.items()}
    archive = Archive(value.path, value.uri, inside, "", directory)
    return dataclasses.replace(archive, hash=_digest(archive))


def _digest(archive: Archive) -> str:
    """An archive file is its own bytes; anything else is what is in it (Pulumi's Archive.EnsureHash)."""
    where = archive.file or urllib.parse.urlparse(archive.uri or "").path
    if where.endswith((*_ZIPS, *_TARS)) and not os.path.isdir(where):
        return hashlib.sha256(read(Asset(archive.path, None, archive.uri, "", archive.directory))).hexdigest()
    return tars.digest((name, data) for name, data, _ in _entries(archive))


def read(asset: Asset) -> bytes:
    """The bytes of an asset. Raises ProviderError when they cannot be had."""
    if asset.text is not None:
        return asset.text.encode()
    try:
        if asset.path is not None:
            return Path(asset.file).read_bytes()
        return _fetched(str(asset.uri))
    except OSError as fault:
        where = asset.file or asset.uri
        raise errors.ProviderError(f"the asset {where} cannot be read: {fault.strerror or fault}") from None


def pack(archive: Archive) -> bytes:
    """The archive as a zip file; one that is a zip file already is taken as it is."""
    if (archive.uri or archive.file).endswith(_ZIPS) and not os.path.isdir(archive.file):
        return read(Asset(archive.path, None, archive.uri, "", archive.directory))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data, executable in _entries(archive):
            about = zipfile.ZipInfo(name.strip("/"), _EPOCH)
            about.compress_type = zipfile.ZIP_DEFLATED
            about.external_attr = (_EXECUTABLE if executable else _PLAIN) << 16
            packed.writestr(about, data)
    return buffer.getvalue()


def _entries(archive: Archive) -> Iterator[Entry]:
    """The files of an archive: name, bytes, whether it may be executed. Of two with one name, the first."""
    seen: set[str] = set()
    for entry in _every(archive):
        if entry[0] not in seen:
            seen.add(entry[0])
            yield entry


def _every(archive: Archive) -> Iterator[Entry]:
    """In Pulumi's order, on which the hash depends: members by name, folders as Go's filepath.Walk visits them."""
    if archive.assets is not None:
        for name, each in sorted(archive.assets.items(), key=lambda member: member[0].encode()):
            if isinstance(each, Asset):
                yield name, read(each), os.access(each.file, os.X_OK)
            else:
                for inner, data, executable in _every(each):
                    yield posixpath.normpath(f"{name}/{inner}"), data, executable
    elif os.path.isdir(archive.file):
        yield from _folder(archive.file, "")
    else:
        data = read(Asset(archive.path, None, archive.uri, "", archive.directory))
        yield from _unpacked(archive.file or str(archive.uri), data)


def _folder(folder: str, prefix: str) -> Iterator[Entry]:
    """Every file below a folder but the records of either engine: state beside a program is no part of it."""
    for found in sorted(os.scandir(folder), key=lambda each: os.fsencode(each.name)):
        if found.name in _RECORDS:
            continue
        if found.is_dir(follow_symlinks=False):
            yield from _folder(found.path, f"{prefix}{found.name}/")
        elif not found.is_dir():
            yield f"{prefix}{found.name}", read(Asset(path=found.path)), os.access(found.path, os.X_OK)


def _unpacked(name: str, data: bytes) -> Iterator[Entry]:
    try:
        if name.endswith(_TARS):
            with tarfile.open(fileobj=io.BytesIO(data)) as packed:
                for member in packed.getmembers():
                    content = packed.extractfile(member)
                    if content is not None:
                        yield posixpath.normpath(member.name), content.read(), bool(member.mode & 0o100)
            return
        with zipfile.ZipFile(io.BytesIO(data)) as zipped:
            for about in zipped.infolist():
                if not about.is_dir():
                    yield (
                        posixpath.normpath(about.filename),
                        zipped.read(about),
                        bool((about.external_attr >> 16) & 0o100),
                    )
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
