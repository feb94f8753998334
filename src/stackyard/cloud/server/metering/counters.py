"""Counts by hour, account, kind, resource and caller: 64-bit cells of a file that is mapped into memory.

A month has two files. `YYYY-MM.keys` has a line of JSON for each cell: its number, the hour, and whose count it is;
`YYYY-MM.counts` has the cells, of which the first is how many there are. To count is to add to a cell in memory that
belongs to the kernel, so nothing is lost with the process, and no request waits for a disk.
"""

from __future__ import annotations

import json
import logging
import mmap
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Key = tuple[str, str, str, str]
"""Account, kind, resource (an ARN, or empty), caller (the ARN of a role, or empty)."""
HOUR = 3600
KEPT = 14
"""Months that are kept, the current one among them."""
_CELL = 8
_CELLS = 4096  # of a new file; it doubles
_MOST = 50_000  # keys an hour; whatever comes then is counted for its account alone
_log = logging.getLogger("stackyard.metering")


class Counters:
    """The counts in `folder`. Any thread may add to them."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._clock = clock
        self._lock = threading.Lock()
        self._month: _Month | None = None
        self._hour = -1
        self._slots: dict[Key, int] = {}
        self._waiting: dict[tuple[int, Key], int] = {}  # what has no place yet, since the disk is full
        self._changed = False
        self._left: list[int] = []  # files of months that are over, to be settled and closed

    def add(self, account: str, kind: str, resource: str, caller: str, amount: int) -> None:
        """Count `amount` in the current hour."""
        hour = int(self._clock()) // HOUR
        key = (account, kind, resource, caller)
        with self._lock:
            self._changed = True
            if hour != self._hour:
                self._hour = hour
                self._slots.clear()
            slot = self._slots.get(key)
            if slot is None:
                key = key if len(self._slots) < _MOST else (account, kind, "", "")
                slot = self._slots.get(key) or self._placed(hour, key, amount)
            if slot and self._month is not None:
                self._month.cells[slot] += amount

    def settle(self) -> None:
        """Return when the disk has what was counted. Raises OSError when it cannot have it."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
            for (hour, key), amount in waiting.items():
                slot = self._placed(hour, key, amount)
                if slot and self._month is not None:
                    self._month.cells[slot] += amount
            files, self._left = self._left, []
            if self._month is not None and self._changed:
                files += self._month.files()
            self._changed = False
        # Without the lock: nobody who counts waits for the disk.
        try:
            for file in files:
                os.fdatasync(file)
        finally:
            for file in files:
                os.close(file)

    def close(self) -> None:
        """Close the files, without settling."""
        with self._lock:
            while self._left:
                os.close(self._left.pop())
            if self._month is not None:
                self._month.close()
                self._month, self._hour = None, -1

    def _placed(self, hour: int, key: Key, amount: int) -> int:
        """The new cell of a key; 0 when there can be none now, and the amount waits."""
        try:
            slot = self._of(hour).placed(hour, key)
        except OSError as error:
            if not self._waiting:
                _log.error("counts wait in memory: %s", error)
            self._waiting[hour, key] = self._waiting.get((hour, key), 0) + amount
            return 0
        if hour == self._hour:
            self._slots[key] = slot
        return slot

    def _of(self, hour: int) -> _Month:
        name = month_of(hour)
        if self._month is None or self._month.name != name:
            opened = _Month(self._folder, name)
            if self._month is not None:
                self._left += self._month.files()
                self._month.close()
            self._month = opened
            self._slots.clear()
            _forget(self._folder)
        return self._month


class _Month:
    """The two files of one month, open for counting."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self._keys = (folder / f"{name}.keys").open("a+b", buffering=0)
        self._counts = os.open(folder / f"{name}.counts", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._map, self.cells = self._mapped(max(_CELLS * _CELL, os.fstat(self._counts).st_size))
            self._begin()
        except OSError:
            self._keys.close()
            os.close(self._counts)
            raise

    def placed(self, hour: int, key: Key) -> int:
        """A new cell, its key written. Raises OSError, and then there is none."""
        slot: int = self.cells[0] + 1
        if slot == len(self.cells):
            self._grow()
        line = json.dumps([slot, hour, *key]).encode() + b"\n"
        if self._keys.write(line) != len(line):
            self._keys.write(b"\n")
            raise OSError("the keys of counts could not be written")
        self.cells[0] = slot
        return slot

    def files(self) -> list[int]:
        """Descriptors of both files, to be synced and closed by whoever asked; syncing writes what is mapped, too."""
        return [os.dup(self._keys.fileno()), os.dup(self._counts)]

    def close(self) -> None:
        self._keys.close()
        self.cells.release()
        self._map.close()
        os.close(self._counts)

    def _begin(self) -> None:
        """Find out how many cells are taken; the others are cleared, which after a loss of power they may not be."""
        self._keys.seek(0)
        text = self._keys.read()
        if text and not text.endswith(b"\n"):
            self._keys.write(b"\n")
        taken = max(self.cells[0], text.count(b"\n"))
        if taken >= len(self.cells):
            self._grow(taken + 1)
        self.cells[0] = taken
        left = len(self.cells) - taken - 1
        self._map[(taken + 1) * _CELL :] = bytes(left * _CELL)

    def _grow(self, least: int = 0) -> None:
        wanted = max(2 * len(self.cells), least + 1) * _CELL
        larger, cells = self._mapped(wanted)
        self.cells.release()
        self._map.close()
        self._map, self.cells = larger, cells

    def _mapped(self, size: int) -> tuple[mmap.mmap, Any]:
        # Space is taken beforehand: a disk that is full when a cell is written would end the process.
        os.posix_fallocate(self._counts, 0, size)
        mapped = mmap.mmap(self._counts, size)
        return mapped, memoryview(mapped).cast("Q")


def read(folder: Path, first: int, last: int) -> Iterator[tuple[int, Key, int]]:
    """Hour, key and amount of everything counted in the hours from `first` to before `last`.

    A key comes again where the server was started anew. Hours are counted from 1970, UTC.
    """
    for path in sorted(folder.glob("*.keys")):
        if month_of(first) <= path.stem <= month_of(last - 1):
            yield from _counted(path, first, last)


def _counted(path: Path, first: int, last: int) -> Iterator[tuple[int, Key, int]]:
    lines = path.read_bytes().splitlines()
    cells = memoryview(path.with_suffix(".counts").read_bytes()).cast("Q")
    for line in lines:
        try:
            slot, hour, *key = json.loads(line)
        except ValueError:
            continue  # cut short by a loss of power: its count was never on disk
        if first <= hour < last and 0 < slot < len(cells) and cells[slot]:
            yield hour, tuple(key), cells[slot]


def month_of(hour: int) -> str:
    """`YYYY-MM` of an hour since 1970, UTC."""
    return time.strftime("%Y-%m", time.gmtime(hour * HOUR))


def _forget(folder: Path) -> None:
    for path in sorted(folder.glob("*.keys"))[:-KEPT]:
        path.unlink()
        path.with_suffix(".counts").unlink(missing_ok=True)
