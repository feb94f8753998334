"""Files that survive a kill: whole or not there, and on the disk when the call returns."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path


def write(path: Path, data: bytes, *, scratch: Path | None = None, mode: int = 0o644) -> None:
    """Replace a file atomically: temporary file, fsync, rename, fsync of the folder.

    `scratch` is the temporary file, on the same file system; by default one beside it. Raises OSError, and
    then the old file is as it was.
    """
    temporary = scratch or _beside(path)
    make_folder(path.parent)
    make_folder(temporary.parent)
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.rename(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    sync_folder(path.parent)


def _beside(path: Path) -> Path:
    """A temporary file next to `path`, this thread's own: others may be writing the same file."""
    return path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")


def copy(source: Path, target: Path) -> None:
    """Make `target` a copy, atomically. A hard link will do: who uses this never writes into a file in place."""
    make_folder(target.parent)
    temporary = _beside(target)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary)
    try:
        os.link(source, temporary)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.EXDEV):
            raise
        shutil.copyfile(source, temporary)
    os.rename(temporary, target)
    # When both are links to one file already, the rename does nothing and leaves the temporary one.
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary)


def append(path: Path, lines: Sequence[bytes]) -> None:
    """Append lines and wait until they are on the disk. A torn last line of before is cut off first.

    Raises OSError; then the file is as it was, if the disk allows it.
    """
    try:
        descriptor, is_new = os.open(path, os.O_RDWR | os.O_NOFOLLOW), False
    except FileNotFoundError:
        make_folder(path.parent)
        descriptor, is_new = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), True
    try:
        end = _whole_end(descriptor)
        data = b"".join(line + b"\n" for line in lines)
        try:
            if end != os.fstat(descriptor).st_size:
                os.ftruncate(descriptor, end)
            written = 0
            while written < len(data):
                written += os.pwrite(descriptor, data[written:], end + written)
            os.fdatasync(descriptor)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, end)
            raise
    finally:
        os.close(descriptor)
    if is_new:
        sync_folder(path.parent)


def _whole_end(descriptor: int) -> int:
    """Where the last whole line ends."""
    end = os.fstat(descriptor).st_size
    while end and os.pread(descriptor, 1, end - 1) != b"\n":
        block = os.pread(descriptor, 65536, max(0, end - 65536))
        start = max(0, end - 65536)
        found = block.rfind(b"\n")
        end = start + found + 1 if found >= 0 else start
    return end


def remove(*paths: Path) -> None:
    """Remove files; those that are not there are no error. Raises OSError."""
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def make_folder(path: Path) -> None:
    """Make a folder and those above it, and wait until they are on the disk."""
    if path.is_dir():
        return
    make_folder(path.parent)
    with contextlib.suppress(FileExistsError):
        path.mkdir()
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Wait until what was renamed or made in a folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
