"""Runs Python programs: one warm zygote per interpreter, one forked child per program."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from stackyard import errors
from stackyard.languages.base import Exit, Monitor, Program
from stackyard.languages.python import interpreters
from stackyard.languages.python.conversations import Conversation, Lines
from stackyard.languages.python.guest import frames
from stackyard.languages.python.zygotes import Child, Poisoned, Zygote, ZygoteDied
from stackyard.model.diagnostics import Severity
from stackyard.model.registrations import LogEntry

LEARNABLE: Final = ("pulumi*", "stackyard", "boto3", "botocore", "yaml", "jinja2", "pydantic")
"""Top-level packages that may be preloaded: they read no environment while they are imported."""


class PythonLanguage:
    """A `languages.base.Language` for the runtime `python`.

    preload         modules to have warm from the start, such as the `learnt` of an earlier run
    max_zygotes     how many idle interpreters are kept (each about 60 MB with one provider's SDK)
    linger_seconds  how long a program may take to end once it has said that it is done
    grace_seconds   how long a cancelled program may take between SIGTERM and SIGKILL
    """

    def __init__(
        self,
        *,
        preload: Iterable[str] = (),
        max_zygotes: int = 4,
        linger_seconds: float = 10.0,
        grace_seconds: float = 2.0,
    ) -> None:
        self._wanted: dict[str, dict[str, None]] = {}
        self._preload = tuple(preload)
        self._refused: set[str] = set()
        self._max = max_zygotes
        self._linger = linger_seconds
        self._grace = grace_seconds
        self._zygotes: OrderedDict[str, Zygote] = OrderedDict()
        self._forking = asyncio.Semaphore(2)

    @property
    def learnt(self) -> tuple[str, ...]:
        """The installed modules that programs have imported so far: worth preloading next time."""
        names = dict.fromkeys(self._preload)
        for wanted in self._wanted.values():
            names.update(wanted)
        return tuple(name for name in names if name not in self._refused)

    async def run(self, program: Program, monitor: Monitor) -> Exit:
        """Run a program to its end; see `languages.base.Language`."""
        interpreter = program.interpreter or sys.executable
        if not (program.directory / program.main).exists():
            return Exit(False, f"there is no program: {program.directory / program.main} does not exist")
        ours, theirs = socket.socketpair()
        out, err = os.pipe(), os.pipe()
        try:
            zygote, child = await self._fork(interpreter, [theirs.fileno(), out[1], err[1]])
        except BaseException as error:
            for descriptor in (out[0], err[0]):
                os.close(descriptor)
            ours.close()
            if isinstance(error, errors.ProgramError):
                return Exit(False, str(error))
            raise
        finally:
            theirs.close()
            os.close(out[1])
            os.close(err[1])
        conversation = Conversation(monitor, _described(program, monitor))
        pipes = [Pipe(out[0], conversation.lines[frames.STDOUT]), Pipe(err[0], conversation.lines[frames.STDERR])]
        try:
            loop = asyncio.get_running_loop()
            await loop.connect_accepted_socket(lambda: conversation, ours)
            status = await self._wait(zygote, child, conversation, monitor)
        finally:
            await self._end(zygote, child)
            conversation.close()
            for pipe in pipes:
                pipe.close()
        self._learn(interpreter, conversation.learnt)
        return _judged(conversation.result, status)

    async def warm(self, interpreter: str = "") -> Zygote:
        """The zygote of an interpreter (ours when empty), ready to fork: to have one before the first program."""
        zygote = self._zygote(interpreter or sys.executable)
        await zygote.ready()
        return zygote

    async def close(self) -> None:
        """End every warm process, and the programs in them."""
        for zygote in self._zygotes.values():
            zygote.close()
        self._zygotes.clear()

    async def _fork(self, interpreter: str, descriptors: list[int]) -> tuple[Zygote, Child]:
        """A child of a warm zygote. A zygote that has died meanwhile is replaced, twice at most."""
        async with self._forking:
            for attempt in range(3):
                zygote = self._zygote(interpreter)
                try:
                    await zygote.ready()
                    zygote.preload(name for name in self._names(interpreter) if name not in self._refused)
                    return zygote, await zygote.fork(descriptors)
                except Poisoned as poisoned:
                    self._refused.add(poisoned.module)
                except ZygoteDied:
                    if attempt == 2:
                        raise
                finally:
                    if not zygote.alive and self._zygotes.get(interpreter) is zygote:
                        del self._zygotes[interpreter]
        raise ZygoteDied(f"no warm interpreter of {interpreter} stays alive")

    def _names(self, interpreter: str) -> list[str]:
        return [*self._preload, *self._wanted.get(interpreter, ())]

    def _zygote(self, interpreter: str) -> Zygote:
        zygote = self._zygotes.get(interpreter)
        if zygote is None or not zygote.alive:
            zygote = self._zygotes[interpreter] = Zygote(interpreter)
        self._zygotes.move_to_end(interpreter)
        self._evict()
        return zygote

    def _evict(self) -> None:
        idle = [name for name, zygote in self._zygotes.items() if not zygote.busy][:-1]
        for name in idle[: max(0, len(self._zygotes) - self._max)]:
            self._zygotes.pop(name).close()

    async def _wait(self, zygote: Zygote, child: Child, conversation: Conversation, monitor: Monitor) -> int | None:
        """The exit status, None when the zygote died under it."""
        either: set[asyncio.Future[Any]] = {conversation.ended, child.exited}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({child.exited}, timeout=self._linger)
        if not child.exited.done():
            text = f"the program did not end within {self._linger:g} s of its last line (a thread?) and was ended"
            monitor.log(LogEntry(Severity.WARNING, text))
            await self._end(zygote, child)
            return 0 if conversation.result and conversation.result.ok else 1
        # Whatever it sent is in the socket, unless something it started holds the other end open.
        await asyncio.wait({conversation.closed}, timeout=1.0)
        return child.exited.result()

    async def _end(self, zygote: Zygote, child: Child) -> None:
        """Make sure that a child has ended: ask, then insist. Done even when it is cancelled again."""
        if not child.exited.done():
            await asyncio.shield(asyncio.ensure_future(self._kill(zygote, child)))

    async def _kill(self, zygote: Zygote, child: Child) -> None:
        for number, seconds in ((signal.SIGTERM, self._grace), (signal.SIGKILL, self._grace)):
            zygote.signal(child, number)
            await asyncio.wait({child.exited}, timeout=seconds)
            if child.exited.done():
                return
        zygote.close()

    def _learn(self, interpreter: str, names: Iterable[str]) -> None:
        self._wanted.setdefault(interpreter, {}).update(dict.fromkeys(names))


class Pipe:
    """Reads one of a program's descriptors as it fills; closing it reads what is left."""

    def __init__(self, descriptor: int, lines: Lines) -> None:
        self._descriptor = descriptor
        self._lines = lines
        self._loop = asyncio.get_running_loop()
        os.set_blocking(descriptor, False)
        self._loop.add_reader(descriptor, self._read)

    def _read(self) -> bool:
        with contextlib.suppress(BlockingIOError):
            data = os.read(self._descriptor, 65536)
            self._lines.feed(data)
            if not data:
                self._loop.remove_reader(self._descriptor)
            return bool(data)
        return False

    def close(self) -> None:
        """Read what is left without waiting for more, and close."""
        self._loop.remove_reader(self._descriptor)
        while self._read():
            pass
        self._lines.end()
        os.close(self._descriptor)


def _described(program: Program, monitor: Monitor) -> bytes:
    pwd, entry = located(program)
    environ = interpreters.activated(program.environ, program.interpreter) | {
        "PULUMI_CONFIG": json.dumps(dict(program.config)),
        "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(program.secret_keys)),
    }
    described = {
        "project": program.project,
        "stack": program.stack,
        "organization": program.organization,
        "directory": str(program.directory),
        "pwd": str(pwd),
        "entry": entry,
        "config": dict(program.config),
        "secret_keys": list(program.secret_keys),
        "environ": environ,
        "dry_run": program.dry_run,
        "parallel": program.parallel,
        "debug": program.debug,
        "features": sorted(monitor.features),
        "learn": LEARNABLE,
    }
    return json.dumps(described).encode()


def located(program: Program) -> tuple[Path, str]:
    """The working directory and the entry, as pulumi's engine chooses them: a folder is its own working directory."""
    path = (program.directory / program.main) if program.main else program.directory
    return (path.parent, path.name) if path.is_file() else (path, ".")


def _judged(result: Exit | None, status: int | None) -> Exit:
    """Put what a program said together with how its process ended."""
    if status is None:
        return Exit(False, "the warm interpreter of the program was killed")
    if result is None:
        how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with exit code {status}"
        return Exit(False, f"the program {how} without saying why")
    if result.ok and status:
        return Exit(False, f"the program ended with exit code {status}")
    return result
