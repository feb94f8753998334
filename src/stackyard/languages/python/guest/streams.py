"""The program's standard streams.

What Python writes goes line by line as frames on the program's socket, so that it keeps its order among log lines;
what a subprocess or a C library writes to descriptors 1 and 2 goes through pipes.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Any

from . import frames
from .monitor import Connection


class _Frames(io.RawIOBase):
    def __init__(self, connection: Connection, kind: int, descriptor: int) -> None:
        self._connection = connection
        self._kind = kind
        self._descriptor = descriptor

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def write(self, data: Any) -> int:
        self._connection.send(self._kind, bytes(data))
        return len(data)


def _text(connection: Connection, kind: int, descriptor: int) -> io.TextIOWrapper:
    raw = _Frames(connection, kind, descriptor)
    return io.TextIOWrapper(io.BufferedWriter(raw), "utf-8", errors="backslashreplace", line_buffering=True)


def capture(connection: Connection, stdout: int, stderr: int) -> None:
    """Replace the standard streams of this process; `stdout` and `stderr` are the pipes behind 1 and 2."""
    for pipe, descriptor in ((stdout, 1), (stderr, 2)):
        os.dup2(pipe, descriptor, inheritable=True)
        os.close(pipe)
    sys.stdout = sys.__stdout__ = _text(connection, frames.STDOUT, 1)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _text(connection, frames.STDERR, 2)  # type: ignore[misc]


def flush() -> None:
    """Send what is still buffered."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not stream.closed:
            stream.flush()
