"""The contract between a running program and whoever answers it.

A `Language` starts a program and carries its requests to a `Monitor`, both ways as `model` values. It
knows no engine, no state and no provider.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from stackyard.errors import Position
from stackyard.model.diagnostics import Diagnostic
from stackyard.model.registrations import Goal, Invocation, Invoked, LogEntry, OutputQuery, ReadRequest, Registered
from stackyard.model.resources import EMPTY
from stackyard.model.values import Properties, Value


@dataclasses.dataclass(frozen=True, slots=True)
class Program:
    """One execution of one project's program.

    directory    the project's folder; the working directory of the program
    main         the program's folder or file relative to it, empty for the folder itself
    config       full keys (`project:key`) to values as text; structured values are JSON text
    environ      the whole environment of the program, not an addition to ours
    interpreter  path of the python to run with, empty for the one that `options` name, or that runs us
    options      the rest of the project's `runtime` section, such as `virtualenv`
    debug        whether debug lines of its log are wanted
    """

    project: str
    stack: str
    organization: str
    directory: Path
    main: str = ""
    config: Mapping[str, str] = EMPTY
    secret_keys: tuple[str, ...] = ()
    environ: Mapping[str, str] = EMPTY
    interpreter: str = ""
    options: Mapping[str, Any] = EMPTY
    dry_run: bool = False
    parallel: int = 16
    debug: bool = False


def located(program: Program) -> tuple[Path, str]:
    """The working directory and the entry, as pulumi's engine chooses them: a folder is its own working directory."""
    path = (program.directory / program.main) if program.main else program.directory
    return (path.parent, path.name) if path.is_file() else (path, ".")


@dataclasses.dataclass(frozen=True, slots=True)
class Exit:
    """How a program ended. `message` is the fault as its author should read it, `position` its line in
    the user's own files; both empty when it succeeded or the engine had shown the error already.
    `others` are further faults that stopped it, where a language finds several at once."""

    ok: bool
    message: str = ""
    position: Position | None = None
    traceback: str = ""
    others: tuple[Diagnostic, ...] = ()


class Monitor(Protocol):
    """Answers one program. Methods may be called concurrently; `log` returns at once.

    An exception raised here fails that call in the program with the exception's message.
    """

    features: frozenset[int]
    """Ids of pulumirpc.ResourceMonitorFeature that work; nothing else is advertised."""

    dry_run_was_read: bool
    """Set by the language when the program asked whether this is a preview."""

    async def register(self, goal: Goal) -> Registered:
        """RegisterResource. Returns when the resource is in the wanted state (preview: planned)."""

    async def register_outputs(self, urn: str, outputs: Properties) -> None:
        """RegisterResourceOutputs, of a component or the root stack."""

    async def read(self, request: ReadRequest) -> Registered:
        """ReadResource."""

    async def invoke(self, invocation: Invocation) -> Invoked:
        """Invoke."""

    async def stack_output(self, query: OutputQuery) -> Value:
        """One output of another stack (or the whole mapping): Secret and UNKNOWN where they are.

        A key that is not there is None, or, when required, an error naming both places.
        """

    def log(self, entry: LogEntry) -> None:
        """A log line or a line of output."""

    async def finish(self) -> None:
        """SignalAndWaitForShutdown: the program ran to its end; returns when all steps are done."""


class Language(Protocol):
    """Starts programs of one runtime. Shared by all stacks; `run` may be called concurrently."""

    async def run(self, program: Program, monitor: Monitor) -> Exit:
        """Run a program to its end. Cancelling the call ends the program and everything it started."""

    async def close(self) -> None:
        """End every warm process."""
