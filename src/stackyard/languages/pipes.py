"""Text that a program writes, cut into log lines."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import os
from typing import Final

from stackyard.languages.base import Monitor
from stackyard.model.diagnostics import Severity
from stackyard.model.registrations import LogEntry

KEPT: Final = 100
"""How many of the last lines of a stream are kept, to find the reason of a program's end in them."""


class Lines:
    """Cuts a stream into lines and logs each as soon as it is whole."""

    def __init__(self, monitor: Monitor, stream: str) -> None:
        self._monitor = monitor
        self._stream = stream
        self._rest = b""
        self._last: collections.deque[str] = collections.deque(maxlen=KEPT)

    @property
    def tail(self) -> str:
        """The last lines of it."""
        return "\n".join(self._last)

    def feed(self, data: bytes) -> None:
        """More of the stream."""
        *whole, self._rest = (self._rest + data).split(b"\n")
        for line in whole:
            self._log(line)

    def end(self) -> None:
        """The stream is over: what is left is a line as well."""
        if self._rest:
            self._log(self._rest)
            self._rest = b""

    def _log(self, line: bytes) -> None:
        text = line.decode(errors="replace").removesuffix("\r")
        self._last.append(text)
        self._monitor.log(LogEntry(Severity.INFO, text, stream=self._stream))


class Pipe:
    """A pipe whose other end (`theirs`) a program writes to; read as it fills."""

    def __init__(self, monitor: Monitor, stream: str) -> None:
        self._lines = Lines(monitor, stream)
        self._loop = asyncio.get_running_loop()
        self._ours, self.theirs = os.pipe()
        os.set_blocking(self._ours, False)
        self._loop.add_reader(self._ours, self._read)

    @property
    def tail(self) -> str:
        """The last lines that came."""
        return self._lines.tail

    def given(self) -> None:
        """The program has its end (or never will): close our copy of it."""
        os.close(self.theirs)

    def close(self) -> None:
        """Read what is left without waiting for more, and close."""
        self._loop.remove_reader(self._ours)
        while self._read():
            pass
        self._lines.end()
        os.close(self._ours)

    def _read(self) -> bool:
        with contextlib.suppress(BlockingIOError):
            data = os.read(self._ours, 65536)
            self._lines.feed(data)
            if not data:
                self._loop.remove_reader(self._ours)
            return bool(data)
        return False
