"""Frames over a socket, on the event loop: the parent's end of a zygote's and of a program's connection."""

from __future__ import annotations

import asyncio
import collections
import os
import socket
from collections.abc import Callable, Iterable

from stackyard.languages.python.guest import frames


class Channel:
    """Reads and writes whole frames; never blocks, never waits.

    `heard(number, kind, payload)` is called for each frame, `closed()` once when the other end has gone (not when
    this end is closed by `close`).
    """

    def __init__(
        self, connection: socket.socket, heard: Callable[[int, int, bytes], None], closed: Callable[[], None]
    ) -> None:
        connection.setblocking(False)
        self._socket = connection
        self._descriptor = connection.fileno()
        self._writing = False
        self._heard = heard
        self._closed = closed
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray()
        self._outbox: collections.deque[tuple[bytes, list[int]]] = collections.deque()
        self.open = True
        self._loop.add_reader(self._descriptor, self._readable)

    def send(self, kind: int, payload: bytes = b"", number: int = 0, descriptors: Iterable[int] = ()) -> None:
        """Send one frame, now or as soon as the socket takes it; the other end gets copies of `descriptors`."""
        if self.open:
            copies = [os.dup(descriptor) for descriptor in descriptors]
            self._outbox.append((frames.pack(kind, payload, number), copies))
            if len(self._outbox) == 1:
                self._flush()

    def drain(self) -> None:
        """Hear everything that has already arrived."""
        while self.open and self._read():
            pass

    def close(self) -> None:
        """Hang up; what is not yet sent is dropped."""
        if self.open:
            self.open = False
            self._loop.remove_reader(self._descriptor)
            self._stop_writing()
            self._socket.close()
            for _, copies in self._outbox:
                _close(copies)
            self._outbox.clear()

    def _flush(self) -> None:
        while self._outbox:
            data, copies = self._outbox[0]
            try:
                # Descriptors travel with the first byte of a frame.
                sent = socket.send_fds(self._socket, [data], copies) if copies else self._socket.send(data)
            except BlockingIOError:
                self._writing = True
                self._loop.add_writer(self._descriptor, self._flush)
                return
            except OSError:
                # The reading side notices that the other end has gone, and tells.
                break
            _close(copies)
            self._outbox[0] = (data[sent:], [])
            if sent == len(data):
                self._outbox.popleft()
        self._stop_writing()

    def _stop_writing(self) -> None:
        if self._writing:
            self._writing = False
            self._loop.remove_writer(self._descriptor)

    def _readable(self) -> None:
        self._read()

    def _read(self) -> bool:
        try:
            data = self._socket.recv(262144)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self.close()
            self._closed()
            return False
        self._buffer += data
        for number, kind, payload in take(self._buffer):
            self._heard(number, kind, payload)
        return True


def take(buffer: bytearray) -> list[tuple[int, int, bytes]]:
    """Take every whole frame off the front of a buffer: (number, kind, payload)."""
    found, at, size = [], 0, frames.HEADER.size
    while len(buffer) - at >= size:
        length, number, kind = frames.HEADER.unpack_from(buffer, at)
        if len(buffer) - at - size < length:
            break
        found.append((number, kind, bytes(buffer[at + size : at + size + length])))
        at += size + length
    del buffer[:at]
    return found


def _close(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
