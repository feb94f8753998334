"""The digest of an archive as Pulumi takes it: the sha256 of the tar stream that Go's archive/tar would write.

Both engines keep it in the record and compare by it, so a stack that goes from one to the other shows no change.
Each file has mode 0600 and no time and no owner; the format is USTAR, or PAX where the name does not fit
(pulumi/pulumi sdk/go/common/resource/archive, Archive.EnsureHash; POSIX.1-2001, pax interchange format).
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterable
from typing import Final

_BLOCK: Final = 512
_NAME: Final = 100
_PREFIX: Final = 155
_DEVICE: Final = b"0000000\0"


def digest(files: Iterable[tuple[str, bytes]]) -> str:
    """The hex digest of the stream that holds these files, names with their bytes, in this order."""
    total = hashlib.sha256()
    for name, data in files:
        total.update(_headers(name, len(data)))
        total.update(data)
        total.update(_padding(len(data)))
    total.update(bytes(2 * _BLOCK))
    return total.hexdigest()


def _headers(name: str, size: int) -> bytes:
    raw = name.encode("utf-8", "surrogateescape")
    if raw.isascii() and len(raw) <= _NAME:
        return _header(raw, b"", size, b"0", _DEVICE, 0o600)
    split = _split(raw)
    if split is not None:
        return _header(split[1], split[0], size, b"0", _DEVICE, 0o600)
    return _extended(raw) + _header(_shown(raw), b"", size, b"0", _DEVICE, 0o600)


def _split(name: bytes) -> tuple[bytes, bytes] | None:
    """The two parts of a name that is too long for one field, or None where USTAR cannot hold it."""
    if not name.isascii():
        return None
    at = name.rfind(b"/", 0, _PREFIX + 1)
    prefix, suffix = name[: max(at, 0)], name[at + 1 :]
    return (prefix, suffix) if prefix and 0 < len(suffix) <= _NAME else None


def _extended(name: bytes) -> bytes:
    """The pax header that carries the whole name."""
    folder, file = posixpath.split(name)
    data = _record(b"path", name)
    shown = _shown(posixpath.join(folder, b"PaxHeaders.0", file)).rstrip(b"/")
    header = _header(shown, b"", len(data), b"x", bytes(8), 0)
    return header + data + _padding(len(data))


def _record(key: bytes, value: bytes) -> bytes:
    """`LENGTH key=value\\n`, where the length counts itself."""
    bare = len(key) + len(value) + 3
    length = bare + len(str(bare))
    length = bare + len(str(length))
    return b"%d %s=%s\n" % (length, key, value)


def _shown(name: bytes) -> bytes:
    """What old readers see of a name: its ASCII part, cut to the field."""
    plain = bytes(each for each in name if each < 0x80)
    return plain[:_NAME].rstrip(b"/") if len(plain) > _NAME else plain


def _header(name: bytes, prefix: bytes, size: int, kind: bytes, device: bytes, mode: int) -> bytes:
    front = name.ljust(_NAME, b"\0") + b"%07o\0%07o\0%07o\0%011o\0%011o\0" % (mode, 0, 0, size, 0)
    back = kind + bytes(100) + b"ustar\00000" + bytes(64) + device * 2 + prefix.ljust(_PREFIX, b"\0") + bytes(12)
    total = sum(front) + sum(back) + 8 * 0x20
    return front + b"%06o\0 " % total + back


def _padding(size: int) -> bytes:
    return bytes(-size % _BLOCK)
