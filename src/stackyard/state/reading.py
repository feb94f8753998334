"""Reading state files: never through a symbolic link, and whatever the Pulumi CLI compressed them with."""

from __future__ import annotations

import errno
import gzip
import os
import zlib
from pathlib import Path
from typing import Final

from stackyard import errors

MAX_BYTES: Final = 512 * 1024 * 1024


def read(path: Path) -> bytes | None:
    """The bytes of a file, None when it is not there. Raises `errors.StateError` when it cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        reason = "it is a symbolic link" if error.errno == errno.ELOOP else error.strerror
        raise errors.StateError(f"{path} cannot be read: {reason}") from None


def entries(folder: Path) -> list[Path]:
    """What lies in a folder, sorted; nothing where there is none."""
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def variants(plain: Path) -> list[Path]:
    """The files that may hold a checkpoint: plain, and as the CLI compresses them."""
    return [plain, plain.with_name(f"{plain.name}.gz"), plain.with_name(f"{plain.name}.zst")]


def modified(path: Path) -> int:
    """When a file was changed last, in nanoseconds since the epoch; -1 when it is not there."""
    try:
        return path.lstat().st_mtime_ns
    except OSError:
        return -1


def expanded(data: bytes, where: str) -> bytes:
    """The text of a file that may be gzipped. Raises `errors.StateError` for zstd, damage, and bombs."""
    if data[:4] == b"\x28\xb5\x2f\xfd":
        raise errors.StateError(f"{where} is compressed with zstd, which is not supported", hint="use gzip or none")
    if data[:3] != b"\x1f\x8b\x08":
        return data
    try:
        return _gunzipped(data, where)
    except (OSError, EOFError, zlib.error) as error:
        raise errors.StateError(
            f"{where} is not a checkpoint: {error}", hint="the previous copy lies beside it, ending in .bak"
        ) from None


def _gunzipped(data: bytes, where: str) -> bytes:
    inflater = zlib.decompressobj(wbits=31)
    text = inflater.decompress(data, MAX_BYTES)
    if inflater.unconsumed_tail:
        raise errors.StateError(f"{where} is larger than {MAX_BYTES // 2**20} MiB when decompressed")
    if not inflater.eof:
        raise gzip.BadGzipFile("the gzip stream ends early")
    return text
