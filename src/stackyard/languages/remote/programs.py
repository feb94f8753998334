"""Runs one program: its servers, its process, and what its end means."""

from __future__ import annotations

import dataclasses
import os
import re
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from stackyard.languages.base import Exit, Monitor, Program
from stackyard.languages.remote.answers import Answers
from stackyard.languages.remote.processes import Process
from stackyard.model.diagnostics import Severity
from stackyard.model.registrations import LogEntry
from stackyard.wire.serving import Server

SHOWN: Final = 32
"""The exit code of programs whose error has been logged (the SDKs' ExitStatusLoggedError)."""

Told = Callable[[str], Exit | None]
"""What an error means: how the program ended, or None when it is no more than a line of its log."""

_ECHO: Final = re.compile(r"\brpc error: code = \w+ desc = ")


@dataclasses.dataclass(frozen=True, slots=True)
class Command:
    """How a program is started: the command line, where, with which environment, and which open descriptors."""

    arguments: tuple[str, ...]
    directory: Path
    environ: Mapping[str, str]
    descriptors: tuple[int, ...] = ()


async def run(
    program: Program,
    monitor: Monitor,
    command: Callable[[str], Command],
    told: Told,
    *,
    asked: Callable[[], bool] = lambda: True,
    grace_seconds: float = 2.0,
) -> Exit:
    """Run `command(address)` to its end, its monitor and engine being served at that address.

    `told` is asked of every error that it logs, and of what it wrote to standard error when it ended badly without
    having logged one. `asked` is called when it has ended: whether it asked for the kind of operation, as it is taken
    to have where nobody can see that.
    """
    listener = _Listener(told)
    answers = Answers(program, monitor, listener.hears)
    server = Server(answers.handlers())
    monitor.dry_run_was_read = True
    address = await server.start()
    try:
        started = command(address)
        try:
            process = Process(started.arguments, started.directory, started.environ, monitor, started.descriptors)
        except OSError as error:
            return Exit(False, f"{started.arguments[0]} cannot be started: {os.strerror(error.errno or 0)}")
        status = await process.wait(grace_seconds)
        monitor.dry_run_was_read = asked()
    finally:
        await server.stop()
    return listener.judged(status, process.errors)


class _Listener:
    """Hears the log of one program for the error that ended it."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._fault: Exit | None = None
        self._heard_errors = False

    def hears(self, entry: LogEntry) -> bool:
        """Whether an entry is the program's end, and so not to be logged; the first such error counts."""
        if entry.severity is not Severity.ERROR:
            return False
        fault = self._told(_ECHO.sub("", entry.message))
        self._heard_errors = True
        self._fault = self._fault or fault
        return fault is not None

    def judged(self, status: int, errors: str) -> Exit:
        """How the program ended."""
        if self._fault is not None:
            return self._fault
        if status == 0:
            return Exit(True)
        if status == SHOWN and self._heard_errors:
            return Exit(False)
        how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with exit code {status}"
        return self._told(errors) or Exit(False, f"the program {how}", traceback=errors)
