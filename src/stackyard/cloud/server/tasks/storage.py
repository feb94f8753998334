"""What tasks write outside volumes of the machine, bounded: each has as much of the disk as its definition says (20
GiB, as Fargate), and when the disk is nearly full, whoever has written most is ended before the cloud cannot write.

A full disk would stop every organization: the cloud then keeps nothing, and so answers no write.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

GIBIBYTE = 1 << 30
_SECONDS = 2.0  # between looks at the free space, which cost nothing
_GROWN = GIBIBYTE  # bytes that are written before anybody's files are counted
_SCARCE, _SHARE = 2 * GIBIBYTE, 20  # so much free space, or a twentieth of a small disk, is nearly none
_MUCH = 64 << 20  # who has written less is not the reason
_HIDDEN = 1 << 50  # what lies so deep that it has no path: nobody does that for another reason
_BLOCK = 512  # bytes of st_blocks, whatever the file system's own are


class Writer(Protocol):
    """A task that runs: its own folder, its user where each account has one (else None), and what it may write."""

    @property
    def folder(self) -> Path: ...
    @property
    def user(self) -> int | None: ...
    @property
    def storage(self) -> int: ...
    def end(self, reason: str) -> None: ...


class Watch:
    """Looks after the tasks that `writers` names, on the disk of `folder`, in a thread while there are any."""

    def __init__(self, folder: Path, writers: Callable[[], Sequence[Writer]]) -> None:
        self._folder, self._writers = folder, writers
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None
        self._used = 0

    def begin(self) -> None:
        """A task has come; safe to call for each."""
        with self._guard:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True, name="storage of tasks")
                self._thread.start()

    def _run(self) -> None:
        idle = threading.Event()
        while True:
            idle.wait(_SECONDS)
            with self._guard:
                if not self._writers():
                    self._thread = None
                    return
            with contextlib.suppress(OSError):
                self.look()

    def look(self) -> None:
        """Count what tasks have written if the disk has filled up since the last count, and end who has too much."""
        disk = os.statvfs(self._folder)
        size, free = disk.f_blocks * disk.f_frsize, disk.f_bavail * disk.f_frsize
        scarce = free < min(_SCARCE, size // _SHARE)
        if not scarce and size - free < self._used + _GROWN:
            self._used = min(self._used, size - free)
            return
        self._used = size - free
        counted = [(written(writer), writer) for writer in self._writers()]
        for amount, writer in counted:
            if amount > writer.storage:
                writer.end(f"OutOfDiskError: it has written more than its {writer.storage >> 30} GiB")
        most = max((amount for amount, _ in counted), default=0)
        if scarce and most >= _MUCH:
            for amount, writer in counted:
                if amount == most:
                    writer.end("OutOfDiskError: the machine's disk is nearly full, and it has written most")


def written(writer: Writer) -> int:
    """Bytes on the disk below a task's folder, and in files that its account's programs have deleted and still hold."""
    deleted = dict(_deleted(writer.user)) if writer.user is not None else {}
    return sum(_below(writer.folder)) + sum(deleted.values())


def _below(folder: Path) -> Iterator[int]:
    """The size of each file, once: a hard link in a hundred places is a hundredth in each."""
    left = [str(folder)]
    while left:
        try:
            entries = list(os.scandir(left.pop()))
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                yield _HIDDEN
            continue  # it ends just now
        for entry in entries:
            with contextlib.suppress(OSError):
                found = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(found.st_mode):
                    left.append(entry.path)
                else:
                    yield found.st_blocks * _BLOCK // max(1, found.st_nlink)


def _deleted(user: int) -> Iterator[tuple[tuple[int, int], int]]:
    """Files without a name that programs of `user` have open: device and number, and bytes on the disk."""
    for process in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if os.stat(f"/proc/{process}").st_uid == user:
                for descriptor in os.listdir(f"/proc/{process}/fd"):
                    with contextlib.suppress(OSError):
                        found = os.stat(f"/proc/{process}/fd/{descriptor}")
                        if found.st_nlink == 0:
                            yield (found.st_dev, found.st_ino), found.st_blocks * _BLOCK
