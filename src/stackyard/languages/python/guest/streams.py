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

_ours: list[io.TextIOWrapper] = []
_abandoned: list[io.TextIOWrapper] = []


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
    _install(_text(connection, frames.STDOUT, 1), _text(connection, frames.STDERR, 2))
    os.register_at_fork(after_in_child=lambda: _in_fork(connection))


def flush() -> None:
    """Send what is still buffered, in our streams and in those that the program put in their place."""
    for stream in (sys.stdout, sys.stderr, *_ours):
        if stream is not None and not stream.closed:
            stream.flush()


def _in_fork(connection: Connection) -> None:
    """What the program itself forks writes through the pipes: the socket and its order are the program's alone."""
    # Kept, not collected: collecting would write what is buffered, which the program will write itself.
    _abandoned.extend(_ours)
    connection.abandon()
    raw = (io.FileIO(descriptor, "w", closefd=False) for descriptor in (1, 2))
    _install(*(io.TextIOWrapper(io.BufferedWriter(each), "utf-8", line_buffering=True) for each in raw))


def _install(stdout: io.TextIOWrapper, stderr: io.TextIOWrapper) -> None:
    _ours[:] = stdout, stderr
    sys.stdout = sys.__stdout__ = stdout  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = stderr  # type: ignore[misc]
