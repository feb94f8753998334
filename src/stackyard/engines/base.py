"""The contract of an engine: how one stack is run. No engine knows another."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping
from typing import Protocol

from stackyard.model.checkpoints import Checkpoint
from stackyard.model.estates import Stack
from stackyard.model.events import Sink
from stackyard.model.names import StackName
from stackyard.model.plans import Operation, Plan, StackRead
from stackyard.model.resources import EMPTY
from stackyard.model.updates import Update
from stackyard.model.values import Properties
from stackyard.state.base import StackState


@dataclasses.dataclass(frozen=True, slots=True)
class StackOutputs:
    """What another stack gives: `exists` false when it was neither deployed nor previewed.

    `previewed` tells that the values come from a preview, so UNKNOWN may occur and an apply must refuse them.
    `origin` is where its outputs are made (a file, or the backend's URL), for messages. `keys` are all that the
    reader's source asks for; None where the source does not tell.
    """

    stack: StackName
    values: Properties = dataclasses.field(default_factory=dict)
    exists: bool = True
    previewed: bool = False
    origin: str = ""
    keys: frozenset[str] | None = None


class References(Protocol):
    """Resolves a name as a program wrote it to another stack's outputs."""

    async def outputs(self, name: str) -> StackOutputs:
        """Raises `errors.UsageError` for a name that cannot be one. Secrets come as `Secret`."""


@dataclasses.dataclass(frozen=True, slots=True)
class Options:
    """What the user asked of a run, per stack."""

    parallel: int = 16
    continue_on_error: bool = False
    refresh: bool = False
    targets: tuple[str, ...] = ()
    replace: tuple[str, ...] = ()
    debug: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class StackContext:
    """All that an engine may see of the world.

    config       full keys to values as text; structured values are JSON text; secrets in clear
    secret_keys  which of them are secret
    checkpoint   the state as it is (for a plan); `state` is open for writing only for an apply
    environ      the environment of the program and of providers: endpoint, credentials, region
    cancelled    set by the first Ctrl-C: start no new step
    """

    stack: Stack
    checkpoint: Checkpoint
    references: References
    events: Sink
    config: Mapping[str, str] = EMPTY
    secret_keys: tuple[str, ...] = ()
    environ: Mapping[str, str] = EMPTY
    options: Options = Options()
    state: StackState | None = None
    cancelled: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)


class Engine(Protocol):
    """Runs stacks. Shared by all stacks of a run; methods may be called concurrently for different stacks.

    Faults of the user's program and of providers come back as diagnostics in the Plan or Update; raising is
    for what stops the run (`errors.StackyardError`).
    """

    owns_state: bool
    """True when the engine keeps state itself: then no lock of ours is taken."""

    async def plan(self, context: StackContext, operation: Operation) -> Plan:
        """Say what `operation` would do. Changes nothing."""

    async def apply(self, context: StackContext, plan: Plan) -> Update:
        """Do it. A replace or delete that `plan` does not have stops and is reported."""

    async def outputs(self, context: StackContext) -> Properties:
        """The stack's recorded outputs."""

    async def close(self) -> None:
        """End whatever is kept warm."""


__all__ = ["Engine", "Options", "References", "StackContext", "StackOutputs", "StackRead"]
