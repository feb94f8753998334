"""What happens during a run, as data. Views print it, `--json` writes it, the ledger keeps it.

Every event is one frozen class; `kind` is its name on the wire. Values in them are masked: no event ever
holds a secret. Times are seconds since the epoch.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeAlias

from stackyard.model.diagnostics import Diagnostic
from stackyard.model.plans import Op, Operation, PropertyChange
from stackyard.model.resources import EMPTY
from stackyard.model.updates import Outcome


@dataclasses.dataclass(frozen=True, slots=True)
class RunStarted:
    """A run of `stacks` (short names, in order) begins; `preview` changes nothing.

    `layers` names the layer of each stack that has one, lowest layers first.
    """

    kind: ClassVar[str] = "run-started"
    time: float
    run: str
    operation: Operation
    preview: bool
    stacks: tuple[str, ...]
    layers: Mapping[str, str] = EMPTY


@dataclasses.dataclass(frozen=True, slots=True)
class StackStarted:
    """One stack's needs are done and its work begins. `cloud` is `embedded` or `aws`."""

    kind: ClassVar[str] = "stack-started"
    time: float
    stack: str
    engine: str
    cloud: str


@dataclasses.dataclass(frozen=True, slots=True)
class StepStarted:
    """A provider call for one resource begins."""

    kind: ClassVar[str] = "step-started"
    time: float
    stack: str
    urn: str
    op: Op


@dataclasses.dataclass(frozen=True, slots=True)
class StepFinished:
    """A step ended (in a preview: was decided). `error` is empty when it succeeded."""

    kind: ClassVar[str] = "step-finished"
    time: float
    stack: str
    urn: str
    op: Op
    seconds: float = 0.0
    changes: tuple[PropertyChange, ...] = ()
    reasons: tuple[str, ...] = ()
    simulated: bool = False
    error: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Diagnosed:
    """Something to tell the user, at once."""

    kind: ClassVar[str] = "diagnostic"
    time: float
    stack: str
    diagnostic: Diagnostic


@dataclasses.dataclass(frozen=True, slots=True)
class Printed:
    """A line that a program wrote to its standard streams (`stream` is stdout or stderr)."""

    kind: ClassVar[str] = "printed"
    time: float
    stack: str
    stream: str
    line: str


@dataclasses.dataclass(frozen=True, slots=True)
class StackFinished:
    """One stack is done. `reason` tells why it was skipped; `counts` are steps by operation."""

    kind: ClassVar[str] = "stack-finished"
    time: float
    stack: str
    outcome: Outcome
    seconds: float
    counts: Mapping[str, int] = EMPTY
    outputs: Mapping[str, Any] = EMPTY
    reason: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class RunFinished:
    """The run is done; totals over all stacks."""

    kind: ClassVar[str] = "run-finished"
    time: float
    run: str
    outcome: Outcome
    seconds: float
    counts: Mapping[str, int] = EMPTY


Event: TypeAlias = (
    RunStarted | StackStarted | StepStarted | StepFinished | Diagnosed | Printed | StackFinished | RunFinished
)
Sink: TypeAlias = Callable[[Event], None]
