"""The files: `snapshot-N` and `journal-N`, a snapshot of the state as generation N began and what changed since.

A file is a row of frames: length, CRC-32, then a pickled list of records. A record is
`("L", digest, string)`, `("P", store, key, first, rest, bytes)`, `("D", store, key, first, rest)` or
`("X", store, key)`. All of them say what is, not what changed, so that reading one twice does no harm. A snapshot is
written beside the journal of its generation while requests go on, and counts once it is renamed to its final name.
"""

from __future__ import annotations

import os
import pickle
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

_FRAME = struct.Struct("<QI")
Record = tuple[Any, ...]


def framed(records: list[Record]) -> bytes:
    """The bytes of one frame."""
    body = pickle.dumps(records, protocol=5)
    return _FRAME.pack(len(body), zlib.crc32(body)) + body


class Journal:
    """The files of one folder. Opening it finds the newest generation; only one process may have it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        snapshots = self._numbers("snapshot")
        self.generation = max(snapshots, default=0)
        self._stream: BinaryIO | None = None
        self.size = 0

    def read(self) -> Iterator[Record]:
        """Every record since the newest snapshot, oldest first; then the journal is open for `append`.

        A frame that a crash cut short ends the newest journal: it was never answered, and it is cut off. Anywhere
        else it means a damaged disk, and ValueError is raised rather than half of the state served.
        """
        if self.generation:
            yield from self._records(self._path("snapshot", self.generation), whole=True)
        numbers = [number for number in self._numbers("journal") if number >= self.generation]
        for number in numbers:
            yield from self._records(self._path("journal", number), whole=number != numbers[-1])
        self.generation = max([self.generation, *numbers])
        self._open()

    def append(self, frames: bytes) -> None:
        """Write frames and return when the disk has them. Raises OSError."""
        if self._stream is None:
            raise ValueError("the journal is not open")
        try:
            rest = memoryview(frames)
            while rest:
                rest = rest[self._stream.write(rest) :]
            os.fdatasync(self._stream.fileno())
        except OSError:
            os.ftruncate(self._stream.fileno(), self.size)  # half a frame would hide all that follow it
            raise
        self.size += len(frames)

    def turn(self) -> None:
        """Begin the next generation's journal."""
        self.close()
        self.generation += 1
        self._open()

    def snapshot(self) -> BinaryIO:
        """A stream for the snapshot of the generation that has begun; `settle` makes it count."""
        return self._path("snapshot", self.generation).with_suffix(".part").open("wb")

    def settle(self, stream: BinaryIO) -> None:
        """Make the written snapshot count, and remove what it replaces."""
        stream.flush()
        os.fsync(stream.fileno())
        stream.close()
        final = self._path("snapshot", self.generation)
        os.replace(final.with_suffix(".part"), final)
        self._sync_folder()
        for kind in ("snapshot", "journal"):
            for number in self._numbers(kind):
                if number < self.generation:
                    self._path(kind, number).unlink()

    def close(self) -> None:
        """Close the journal; it may be read again by another."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _open(self) -> None:
        path = self._path("journal", self.generation)
        self._stream = path.open("ab", buffering=0)
        self.size = path.stat().st_size
        self._sync_folder()

    def _records(self, path: Path, *, whole: bool) -> Iterator[Record]:
        with path.open("r+b") as stream:
            good = 0
            while (body := _frame(stream)) is not None:
                good = stream.tell()
                yield from pickle.loads(body)
            if good != stream.seek(0, os.SEEK_END):
                if whole:
                    raise ValueError(f"{path} is damaged at byte {good}")
                stream.truncate(good)

    def _numbers(self, kind: str) -> list[int]:
        found = (re.fullmatch(rf"{kind}-(\d+)", path.name) for path in self._folder.iterdir())
        return sorted(int(match[1]) for match in found if match)

    def _path(self, kind: str, number: int) -> Path:
        return self._folder / f"{kind}-{number}"

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _frame(stream: BinaryIO) -> bytes | None:
    head = stream.read(_FRAME.size)
    if len(head) < _FRAME.size:
        return None
    length, checksum = _FRAME.unpack(head)
    body = stream.read(length) if length < 1 << 40 else b""
    return body if len(body) == length and zlib.crc32(body) == checksum else None
