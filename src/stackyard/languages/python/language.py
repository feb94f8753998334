"""Runs Python programs: one warm zygote per interpreter, one forked child per program."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import json
import os
import signal
import socket
import sys
from collections.abc import Iterable
from typing import Final

from stackyard import errors
from stackyard.languages.base import Exit, Monitor, Program, located
from stackyard.languages.pipes import Pipe
from stackyard.languages.python import interpreters, memories
from stackyard.languages.python.conversations import Conversation
from stackyard.languages.python.memories import Memory
from stackyard.languages.python.zygotes import Child, Poisoned, Zygote, ZygoteDied
from stackyard.model.diagnostics import Severity
from stackyard.model.registrations import LogEntry

LEARNABLE: Final = ("pulumi*", "stackyard", "boto3", "botocore", "yaml", "jinja2", "pydantic")
"""Top-level packages that may be preloaded: they read no environment while they are imported."""


FORKS: Final = 8
"""How many forks of one zygote may be under way: each has three descriptors in flight, which the kernel bounds."""

ATTEMPTS: Final = 3
"""How often a program is begun, when its zygote dies before it has been forked."""


class PythonLanguage:
    """A `languages.base.Language` for the runtime `python`.

    preload         modules to have warm from the start
    remember        whether to keep, in the user's cache, what each project's programs import
    max_zygotes     how many idle interpreters are kept (each about 60 MB with one provider's SDK)
    linger_seconds  how long a program may take to end once it has said that it is done
    grace_seconds   how long a cancelled program may take between SIGTERM and SIGKILL
    """

    def __init__(
        self,
        *,
        preload: Iterable[str] = (),
        remember: bool = True,
        max_zygotes: int = 4,
        linger_seconds: float = 10.0,
        grace_seconds: float = 2.0,
    ) -> None:
        self._memories: dict[str, Memory] = {}
        self._memory_folder = memories.cache_folder() if remember else None
        self._preload = tuple(preload)
        self._max = max_zygotes
        self._linger = linger_seconds
        self._grace = grace_seconds
        self._zygotes: collections.OrderedDict[str, Zygote] = collections.OrderedDict()
        self._forking: collections.defaultdict[str, asyncio.Semaphore] = collections.defaultdict(
            lambda: asyncio.Semaphore(FORKS)
        )
        self._claims: collections.Counter[str] = collections.Counter()
        self._kills: set[asyncio.Task[None]] = set()

    @property
    def learnt(self) -> tuple[str, ...]:
        """The installed packages and classes that programs have used so far."""
        names = dict.fromkeys(self._preload)
        for memory in self._memories.values():
            names.update(memory.seen)
        return tuple(names)

    async def run(self, program: Program, monitor: Monitor) -> Exit:
        """Run a program to its end; see `languages.base.Language`."""
        if not os.path.exists(program.directory / program.main):
            return Exit(False, f"there is no program: {program.directory / program.main} does not exist")
        try:
            chosen = program.interpreter or interpreters.resolve(program.directory, program.options, program.environ)
        except errors.ConfigError as error:
            return Exit(False, f"{error.message}: {error.hint}" if error.hint else error.message, error.position)
        interpreter, project = chosen or sys.executable, str(program.directory)
        ours, theirs = socket.socketpair()
        pipes = [Pipe(monitor, "stdout"), Pipe(monitor, "stderr")]
        conversation = Conversation(ours, monitor, _described(program, chosen, monitor))
        try:
            try:
                zygote, child = await self._fork(
                    interpreter, project, [theirs.fileno(), *(pipe.theirs for pipe in pipes)]
                )
            finally:
                theirs.close()
                for pipe in pipes:
                    pipe.given()
            status = await self._wait(zygote, child, conversation, monitor)
        except errors.ProgramError as error:
            return Exit(False, str(error))
        finally:
            conversation.close()
            for pipe in pipes:
                pipe.close()
        self._memory(interpreter).learn(project, conversation.learnt)
        self._evict()
        ended = _judged(conversation.result, status, child.overdue)
        return _advised(ended, "" if ended.ok else interpreters.advice(program.directory, chosen))

    async def warm(self, interpreter: str = "") -> Zygote:
        """The zygote of an interpreter (ours when empty), ready to fork: to have one before the first program."""
        zygote = self._zygote(interpreter or sys.executable)
        await zygote.ready()
        self._evict()
        return zygote

    async def close(self) -> None:
        """End every warm process, and the programs in them."""
        for zygote in self._zygotes.values():
            zygote.close()
        self._zygotes.clear()
        for memory in self._memories.values():
            memory.save()

    async def _fork(self, interpreter: str, project: str, descriptors: list[int]) -> tuple[Zygote, Child]:
        """A child of a warm zygote. A zygote that has died meanwhile is replaced, twice at most."""
        self._claims[interpreter] += 1
        try:
            async with self._forking[interpreter]:
                for _ in range(ATTEMPTS - 1):
                    try:
                        return await self._try_fork(interpreter, project, descriptors)
                    except Poisoned as poisoned:
                        self._memory(interpreter).refuse(poisoned.package)
                    except ZygoteDied:
                        continue
                return await self._try_fork(interpreter, project, descriptors)
        finally:
            self._claims[interpreter] -= 1

    async def _try_fork(self, interpreter: str, project: str, descriptors: list[int]) -> tuple[Zygote, Child]:
        zygote = self._zygote(interpreter)
        await zygote.ready()
        memory = self._memory(interpreter)
        wanted = (name for name in self._preload if name.partition(".")[0] not in memory.refused)
        zygote.preload([*wanted, *memory.names(project)])
        return zygote, await zygote.fork(descriptors)

    def _zygote(self, interpreter: str) -> Zygote:
        zygote = self._zygotes.get(interpreter)
        if zygote is None or not zygote.alive:
            zygote = self._zygotes[interpreter] = Zygote(interpreter)
        self._zygotes.move_to_end(interpreter)
        return zygote

    def _evict(self) -> None:
        """Close idle zygotes, longest unused first, while there are too many. A claimed one is about to be used."""
        idle = [name for name, zygote in self._zygotes.items() if not zygote.busy and not self._claims[name]]
        for name in idle[: max(0, len(self._zygotes) - self._max)]:
            self._zygotes.pop(name).close()

    async def _wait(self, zygote: Zygote, child: Child, conversation: Conversation, monitor: Monitor) -> int | None:
        """The exit status, None when the zygote died under it. Cancelled, it makes sure that the child has ended."""
        loop = asyncio.get_running_loop()
        timers: list[asyncio.TimerHandle] = []
        conversation.on_result = lambda: timers.append(
            loop.call_later(self._linger, self._overdue, zygote, child, monitor)
        )
        try:
            return await asyncio.shield(child.exited)
        finally:
            for timer in timers:
                timer.cancel()
            if not child.exited.done():
                await asyncio.shield(self._killing(zygote, child))

    def _overdue(self, zygote: Zygote, child: Child, monitor: Monitor) -> None:
        text = f"the program did not end within {self._linger:g} s of its last line (a thread?) and was ended"
        monitor.log(LogEntry(Severity.WARNING, text))
        child.overdue = True
        self._killing(zygote, child)

    def _killing(self, zygote: Zygote, child: Child) -> asyncio.Task[None]:
        task = asyncio.ensure_future(self._kill(zygote, child))
        self._kills.add(task)
        task.add_done_callback(self._kills.discard)
        return task

    async def _kill(self, zygote: Zygote, child: Child) -> None:
        """Ask a child to end, then insist."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            zygote.signal(child, number)
            await asyncio.wait({child.exited}, timeout=self._grace)
            if child.exited.done():
                return
        zygote.close()

    def _memory(self, interpreter: str) -> Memory:
        if interpreter not in self._memories:
            self._memories[interpreter] = Memory(self._memory_folder, interpreter, LEARNABLE)
        return self._memories[interpreter]


def _described(program: Program, interpreter: str, monitor: Monitor) -> bytes:
    pwd, entry = located(program)
    environ = interpreters.activated(program.environ, interpreter) | {
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


def _advised(ended: Exit, advice: str) -> Exit:
    """How a program ended; for one that lacks a module, with how to get it."""
    if not advice or not ended.message.startswith("ModuleNotFoundError: "):
        return ended
    return dataclasses.replace(ended, message=f"{ended.message}: {advice}")


def _judged(result: Exit | None, status: int | None, overdue: bool) -> Exit:
    """Put what a program said together with how its process ended."""
    if status is None:
        return Exit(False, "the warm interpreter of the program was killed")
    how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with exit code {status}"
    if result is None:
        return Exit(False, f"the program {how} without saying why")
    if result.ok and status and not overdue:
        return Exit(False, f"the program {how}")
    return result
