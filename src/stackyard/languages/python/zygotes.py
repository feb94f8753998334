"""The parent's side of one zygote: start it, ask it for forks, hear how the forked children end.

Only the event loop's thread touches a zygote. The zygote alone reaps, so a child is signalled through it.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import dataclasses
import itertools
import json
import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any, Final

from stackyard import errors
from stackyard.languages.python.guest import frames

_GUEST: Final = Path(__file__).parent / "guest" / "__main__.py"
_WITHHELD: Final = ("PYTHON", "PULUMI_", "AWS_", "TRACEPARENT", "VIRTUAL_ENV")
_START_SECONDS: Final = 60.0


class ZygoteDied(errors.ProgramError):
    """The warm interpreter ended under a program; starting the program again is safe only if it did not begin."""


class Poisoned(errors.ProgramError):
    """A preloaded module started a thread; `module` must not be preloaded."""

    def __init__(self, message: str, module: str) -> None:
        super().__init__(message)
        self.module = module


@dataclasses.dataclass(slots=True)
class Child:
    """One forked program: `started` resolves to its pid, `exited` to its exit status.

    The status is negative for a signal, None when the zygote died with it.
    """

    number: int
    started: asyncio.Future[int]
    exited: asyncio.Future[int | None]


class Zygote:
    """One warm interpreter. `busy` is how many children it has; `alive` whether it can fork.

    Making one starts it; raises `errors.ProgramError` when there is no such interpreter.
    """

    def __init__(self, interpreter: str) -> None:
        self.interpreter = interpreter
        self.preloaded: set[str] = set()
        self._loop = asyncio.get_running_loop()
        self._children: dict[int, Child] = {}
        self._numbers = itertools.count(1)
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._outbox: collections.deque[tuple[bytes, list[int]]] = collections.deque()
        self._buffer = bytearray()
        self._complaints: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the zygote
        self._control, theirs = socket.socketpair()
        self._control.setblocking(False)
        try:
            self._process = _started(interpreter, theirs, self._complaints)
        except BaseException:
            self._control.close()
            self._complaints.close()
            raise
        self.alive = True
        self._loop.add_reader(self._control.fileno(), self._readable)

    @property
    def busy(self) -> int:
        return len(self._children)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def ready(self) -> None:
        """Wait until it can fork. Raises `errors.ProgramError` when the interpreter cannot run Pulumi programs."""
        async with asyncio.timeout(_START_SECONDS):
            await asyncio.shield(self._ready)

    def preload(self, names: Iterable[str]) -> None:
        """Have modules imported before the next fork; those that cannot be are skipped."""
        wanted = [name for name in names if name not in self.preloaded]
        if wanted:
            self.preloaded.update(wanted)
            self._send(frames.PRELOAD, json.dumps(wanted).encode())

    async def fork(self, descriptors: list[int]) -> Child:
        """Fork a child that owns copies of `descriptors` (socket, stdout, stderr). Raises ZygoteDied."""
        if not self.alive:
            raise ZygoteDied("the warm interpreter has gone")
        number = next(self._numbers)
        child = Child(number, self._loop.create_future(), self._loop.create_future())
        self._children[number] = child
        self._send(frames.FORK, number=number, descriptors=descriptors)
        # A caller that gives up closes its end of the socket, and then the child ends by itself.
        await asyncio.shield(child.started)
        return child

    def signal(self, child: Child, number: int) -> None:
        """Send a signal to a child and everything in its process group, if it still runs."""
        if not child.exited.done() and self.alive:
            self._send(frames.SIGNAL, frames.NUMBER.pack(number), child.number)

    def close(self) -> None:
        """End the zygote and every child of it, now."""
        if self.alive:
            self._end("it was closed")

    def _send(self, kind: int, payload: bytes = b"", number: int = 0, descriptors: Iterable[int] = ()) -> None:
        copies = [os.dup(descriptor) for descriptor in descriptors]
        self._outbox.append((frames.pack(kind, payload, number), copies))
        self._flush()

    def _flush(self) -> None:
        """Send what the socket takes; the rest when it takes more. Descriptors travel with a frame's first byte."""
        while self._outbox:
            data, copies = self._outbox[0]
            try:
                sent = socket.send_fds(self._control, [data], copies) if copies else self._control.send(data)
            except BlockingIOError:
                self._loop.add_writer(self._control.fileno(), self._flush)
                return
            except OSError:
                # The reading side notices the end of the zygote, and tells everybody.
                return
            _close(copies)
            if sent < len(data):
                self._outbox[0] = (data[sent:], [])
            else:
                self._outbox.popleft()
        self._loop.remove_writer(self._control.fileno())

    def _readable(self) -> None:
        try:
            data = self._control.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._end("it ended by itself")
            return
        self._buffer += data
        for number, kind, payload in take(self._buffer):
            self._heard(number, kind, payload)

    def _heard(self, number: int, kind: int, payload: bytes) -> None:
        if kind == frames.READY:
            _resolve(self._ready, None)
        elif kind == frames.BROKEN:
            self._broken(json.loads(payload))
        elif kind == frames.FORKED:
            _resolve(self._children[number].started, frames.NUMBER.unpack(payload)[0])
        elif kind == frames.EXITED:
            child = self._children.pop(number)
            _resolve(child.exited, frames.NUMBER.unpack(payload)[0])

    def _broken(self, report: Mapping[str, Any]) -> None:
        message = f"{self.interpreter} cannot run Pulumi programs: {report['message']}"
        fault: errors.ProgramError = errors.ProgramError(message, hint="install the pulumi package in it")
        if report["module"]:
            fault = Poisoned(message, report["module"])
        self._end(message, fault)

    def _end(self, why: str, fault: errors.ProgramError | None = None) -> None:
        self.alive = False
        self._loop.remove_reader(self._control.fileno())
        self._loop.remove_writer(self._control.fileno())
        self._control.close()
        for _, copies in self._outbox:
            _close(copies)
        self._outbox.clear()
        # Its children have PR_SET_PDEATHSIG; what they started is still in their process groups.
        self._process.kill()
        status = self._process.wait()
        fault = fault or ZygoteDied(f"the warm interpreter {self.interpreter} has gone: {why}{self._said(status)}")
        for child in self._children.values():
            if child.started.done() and not child.started.exception():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(child.started.result(), signal.SIGKILL)
            _fail(child.started, fault)
            _resolve(child.exited, None)
        self._children.clear()
        _fail(self._ready, fault)
        self._complaints.close()

    def _said(self, status: int) -> str:
        self._complaints.seek(0)
        text = self._complaints.read().decode(errors="replace").strip()
        return f" (exit status {status}): {text[-2000:]}" if text else ""


def _started(interpreter: str, control: socket.socket, output: IO[bytes]) -> subprocess.Popen[bytes]:
    with control:
        try:
            return subprocess.Popen(
                [interpreter, str(_GUEST), str(control.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment(os.environ),
                pass_fds=[control.fileno()],
                start_new_session=True,
            )
        except OSError as error:
            raise errors.ProgramError(
                f"the Python interpreter {interpreter} cannot be started: {error.strerror}",
                hint="check the runtime's virtualenv and toolchain options in Pulumi.yaml",
            ) from error


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


def environment(ours: Mapping[str, str]) -> dict[str, str]:
    """The zygote's own environment: no credential and nothing that steers a Python. Programs get theirs later."""
    kept = {key: value for key, value in ours.items() if not key.startswith(_WITHHELD) or key == "PYTHONHOME"}
    return kept | {"PYTHONUTF8": "1", "PYTHONSAFEPATH": "1", "PYTHONUNBUFFERED": "1"}


def _close(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _resolve(future: asyncio.Future[Any], value: Any) -> None:
    if not future.done():
        future.set_result(value)


def _fail(future: asyncio.Future[Any], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
        # Whoever waits is told; when nobody does, that is no fault of its own.
        future.exception()
