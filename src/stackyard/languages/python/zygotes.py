"""The parent's side of one zygote: start it, ask it for forks, hear how the forked children end.

Only the event loop's thread touches a zygote. The zygote alone reaps, so a child is signalled through it.
"""

from __future__ import annotations

import asyncio
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
from stackyard.languages.python.channels import Channel
from stackyard.languages.python.guest import frames

_GUEST: Final = Path(__file__).parent / "guest" / "__main__.py"
_WITHHELD: Final = ("PYTHON", "PULUMI_", "AWS_", "TRACEPARENT", "VIRTUAL_ENV")
_START_SECONDS: Final = 60.0


class ZygoteDied(errors.ProgramError):
    """The warm interpreter ended under a program; starting the program again is safe only if it did not begin."""


class Poisoned(errors.ProgramError):
    """A package that was preloaded started a thread or read configuration: it must not be preloaded."""

    def __init__(self, message: str, package: str) -> None:
        super().__init__(message)
        self.package = package


@dataclasses.dataclass(slots=True)
class Child:
    """One forked program: `started` resolves to its pid, `exited` to its exit status.

    The status is negative for a signal, None when the zygote died with it. `overdue`: its program ended well, and
    then the process did not.
    """

    number: int
    started: asyncio.Future[int]
    exited: asyncio.Future[int | None]
    overdue: bool = False


class Zygote:
    """One warm interpreter. `busy` is how many children it has; `alive` whether it can fork.

    Making one starts it; raises `errors.ProgramError` when there is no such interpreter.
    """

    def __init__(self, interpreter: str) -> None:
        self.interpreter = interpreter
        self._preloaded: set[str] = set()
        self._loop = asyncio.get_running_loop()
        self._children: dict[int, Child] = {}
        self._numbers = itertools.count(1)
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._complaints: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the zygote
        ours, theirs = socket.socketpair()
        try:
            self._process = _started(interpreter, theirs, self._complaints)
        except BaseException:
            ours.close()
            self._complaints.close()
            raise
        self.alive = True
        self._control = Channel(ours, self._heard, lambda: self._end("it ended by itself"))

    @property
    def busy(self) -> int:
        return len(self._children)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def ready(self) -> None:
        """Wait until it can fork. Raises `errors.ProgramError` when the interpreter cannot run Pulumi programs."""
        await asyncio.wait({self._ready}, timeout=_START_SECONDS)
        if not self._ready.done():
            self._end(f"it did not start within {_START_SECONDS:g} s")
        return self._ready.result()

    def preload(self, names: Iterable[str]) -> None:
        """Have modules imported before the next fork; those that cannot be are skipped."""
        wanted = [name for name in names if name not in self._preloaded]
        if wanted:
            self._preloaded.update(wanted)
            self._control.send(frames.PRELOAD, json.dumps(wanted).encode())

    async def fork(self, descriptors: list[int]) -> Child:
        """Fork a child that owns copies of `descriptors` (socket, stdout, stderr). Raises ZygoteDied."""
        if not self.alive:
            raise ZygoteDied("the warm interpreter has gone")
        number = next(self._numbers)
        child = Child(number, self._loop.create_future(), self._loop.create_future())
        self._children[number] = child
        self._control.send(frames.FORK, number=number, descriptors=descriptors)
        # A caller that gives up closes its end of the socket, and then the child ends by itself.
        await asyncio.shield(child.started)
        return child

    def signal(self, child: Child, number: int) -> None:
        """Send a signal to a child and everything in its process group, if it still runs."""
        if not child.exited.done() and self.alive:
            self._control.send(frames.SIGNAL, frames.NUMBER.pack(number), child.number)

    def close(self) -> None:
        """End the zygote and every child of it, now."""
        if self.alive:
            self._end("it was closed")

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
        if report["package"]:
            fault = Poisoned(message, report["package"])
        self._end(message, fault)

    def _end(self, why: str, fault: errors.ProgramError | None = None) -> None:
        self.alive = False
        self._control.close()
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


def environment(ours: Mapping[str, str]) -> dict[str, str]:
    """The zygote's own environment: no credential and nothing that steers a Python. Programs get theirs later."""
    kept = {key: value for key, value in ours.items() if not key.startswith(_WITHHELD) or key == "PYTHONHOME"}
    return kept | {"PYTHONUTF8": "1", "PYTHONSAFEPATH": "1", "PYTHONUNBUFFERED": "1", "MALLOC_ARENA_MAX": "1"}


def _resolve(future: asyncio.Future[Any], value: Any) -> None:
    if not future.done():
        future.set_result(value)


def _fail(future: asyncio.Future[Any], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
        # Whoever waits is told; when nobody does, that is no fault of its own.
        future.exception()
