"""Layers of an image into one folder: later layers over earlier ones, whiteouts, and nothing outside the folder.

Follows the OCI image specification, "Image Layer Filesystem Changeset". Devices are left out, owners are replaced by
the account's user, since a container's root is that user, and bits that give rights to others' programs are dropped.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import os
import shutil
import tarfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from .. import trees  # noqa: TID252

_LINKS = 40  # as many as Linux follows
_MOST = 10 << 30  # bytes of one image, and of one layer however small it is packed
_ENTRIES = 500_000  # files, folders and links of one image
_AT_ONCE = 1 << 20  # bytes: longer than any header of an entry, which tarfile reads whole
_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"


class Broken(Exception):
    """A layer that cannot be unpacked."""


_PACKED: Mapping[bytes, Callable[[IO[bytes]], Any]] = {
    b"\x1f\x8b": lambda stream: gzip.GzipFile(fileobj=stream),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
}


class _Bounded:
    """A layer's bytes, unpacked as they are read: a small layer may hold no more than an image may have, and no
    header that fills the memory."""

    def __init__(self, data: bytes) -> None:
        stream = io.BytesIO(data)
        opened = next((opener for magic, opener in _PACKED.items() if data.startswith(magic)), None)
        self._stream: Any = opened(stream) if opened else stream
        self._left = _MOST

    def read(self, size: int) -> bytes:
        """As a file does."""
        if size > _AT_ONCE:
            raise Broken("a layer has an entry with a header of more than a megabyte")
        part: bytes = self._stream.read(size)
        self._left -= len(part)
        if self._left < 0:
            raise Broken(f"a layer is larger than {_MOST >> 30} GB")
        return part

    def seek(self, place: int) -> None:
        """Forward by reading, so that it counts."""
        while (left := place - self._stream.tell()) > 0 and self.read(min(left, _AT_ONCE)):
            pass
        if left < 0:
            self._stream.seek(place)

    def tell(self) -> int:
        """As a file does."""
        place: int = self._stream.tell()
        return place


class Unpacking:
    """One image into the empty folder `root`; `owner` is the user that everything is to belong to, or None."""

    def __init__(self, root: Path, owner: int | None) -> None:
        self._root, self._owner, self._size = root, owner, 0
        self._entries = 0

    def layer(self, data: bytes) -> None:
        """Add a layer, a tar that may be compressed; raises Broken."""
        try:
            with tarfile.open(fileobj=_Bounded(data), mode="r:") as archive:  # type: ignore[call-overload]
                for member in archive:
                    self._add(archive, member)
        except (tarfile.TarError, EOFError, ValueError, zlib.error, lzma.LZMAError) as error:
            raise Broken(f"a layer is no tar: {error}") from error
        except OSError as error:
            raise Broken(f"a layer cannot be unpacked: {error}") from error

    def _add(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        parts = [part for part in member.name.split("/") if part not in ("", ".")]
        self._entries += 1
        if self._entries > _ENTRIES:
            raise Broken(f"the image has more than {_ENTRIES} files")
        if ".." in parts or (parts and parts[-1].removeprefix(_WHITEOUT) in ("", ".", "..")):
            raise Broken(f"a layer has the path {member.name}")
        if not parts:
            return
        folder, name = self._inside(parts[:-1]), parts[-1]
        if name == _OPAQUE:
            for entry in list(folder.iterdir()):
                _removed(entry)
        elif name.startswith(_WHITEOUT):
            _removed(folder / name.removeprefix(_WHITEOUT))
        else:
            self._put(archive, member, folder / name)

    def _put(self, archive: tarfile.TarFile, member: tarfile.TarInfo, place: Path) -> None:
        if member.isdir():
            if place.is_symlink() or not place.is_dir():
                _removed(place)
                place.mkdir()
            place.chmod(member.mode & 0o1777 | 0o700)
        elif member.isreg():
            self._file(archive, member, place)
        elif member.issym():
            _removed(place)
            place.symlink_to(member.linkname)
        elif member.islnk():
            source = self._target(member.linkname)
            _removed(place)
            os.link(source, place, follow_symlinks=False)
        else:
            return
        if self._owner is not None:
            os.chown(place, self._owner, self._owner, follow_symlinks=False)

    def _file(self, archive: tarfile.TarFile, member: tarfile.TarInfo, place: Path) -> None:
        self._size += member.size
        if self._size > _MOST:
            raise Broken(f"the image is larger than {_MOST >> 30} GB")
        _removed(place)
        stream = archive.extractfile(member)
        with place.open("xb") as output:
            if stream is not None:
                shutil.copyfileobj(stream, output)
        place.chmod(member.mode & 0o777)

    def _target(self, name: str) -> Path:
        """What a hard link names: a file of the image itself."""
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if not parts or ".." in parts:
            raise Broken(f"a layer links to {name}")
        return self._inside(parts[:-1]) / parts[-1]

    def _inside(self, parts: list[str]) -> Path:
        """The folder at `parts`, made on need; links on the way lead where they would with `root` as /."""
        place, left, links = self._root, list(parts), 0
        while left:
            part = left.pop(0)
            if part == "..":
                place = place.parent if place != self._root else place
                continue
            step = place / part
            if step.is_symlink():
                links += 1
                if links > _LINKS:
                    raise Broken("a layer has a circle of links")
                target = os.readlink(step)
                place = self._root if target.startswith("/") else place
                left = [each for each in target.split("/") if each not in ("", ".")] + left
                continue
            with contextlib.suppress(FileExistsError):
                step.mkdir(mode=0o755)
                if self._owner is not None:
                    os.chown(step, self._owner, self._owner)
            place = step
        return place


def _removed(place: Path) -> None:
    trees.remove(place)
