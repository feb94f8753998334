"""Reading the user's small text files without being led astray."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Final

LIMIT_BYTES: Final = 1 << 20


class Refused(Exception):
    """A file that is not read: why, and what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def read(path: Path | str, *, limit: int = LIMIT_BYTES) -> str:
    """The text of a regular file of at most `limit` bytes, in UTF-8.

    Raises Refused for a symbolic link, a pipe or device (without waiting for it), a file that is too large, that
    is not UTF-8, or that cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as fault:
        if fault.errno == errno.ELOOP:
            raise Refused("symbolic links are not followed", "put the file itself here") from None
        raise Refused(f"cannot be read: {fault.strerror}") from None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Refused("is not a regular file")
        data = file.read(limit + 1)
    if len(data) > limit:
        raise Refused(f"is larger than {limit // 1024} KiB", "a file of this kind is small; split it")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise Refused(f"is not UTF-8 text (byte {fault.start})", "save the file as UTF-8") from None


def inside(folder: Path, relative: str) -> Path | None:
    """`folder / relative` when that stays within `folder` and passes no symbolic link; else None."""
    if not relative or relative.startswith("/") or "\0" in relative:
        return None
    path = folder
    for part in relative.split("/"):
        if part in ("", "."):
            continue
        path = path / part
        if part == ".." or path.is_symlink():
            return None
    return path
