"""What an apply did."""

from __future__ import annotations

import dataclasses
import enum

from stackyard.model.diagnostics import Diagnostic
from stackyard.model.plans import Operation, StackRead, Step
from stackyard.model.values import Properties


class Outcome(enum.StrEnum):
    """How an update ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


@dataclasses.dataclass(frozen=True, slots=True)
class Update:
    """One finished operation on one stack: the steps that ran, in the order in which they ended."""

    stack: str
    operation: Operation
    outcome: Outcome
    steps: tuple[Step, ...] = ()
    outputs: Properties = dataclasses.field(default_factory=dict)
    reads: tuple[StackRead, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    seconds: float = 0.0
