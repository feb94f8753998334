"""Text that a program writes, cut into log lines."""

from __future__ import annotations

import asyncio
import contextlib
import os

from stackyard.languages.base import Monitor
from stackyard.model.diagnostics import Severity
from stackyard.model.registrations import LogEntry


class Lines:
    """Cuts a stream into lines and logs each as soon as it is whole."""

    def __init__(self, monitor: Monitor, stream: str) -> None:
        self._monitor = monitor
        self._stream = stream
        self._rest = b""

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
        self._monitor.log(LogEntry(Severity.INFO, text, stream=self._stream))


class Pipe:
    """A pipe whose other end (`theirs`) a program writes to; read as it fills."""

    def __init__(self, monitor: Monitor, stream: str) -> None:
        self._lines = Lines(monitor, stream)
        self._loop = asyncio.get_running_loop()
        self._ours, self.theirs = os.pipe()
        os.set_blocking(self._ours, False)
        self._loop.add_reader(self._ours, self._read)

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
