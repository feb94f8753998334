"""What a run has come to: events folded into the state that a screen shows. No clock, no I/O."""

from __future__ import annotations

import dataclasses
import enum
from collections import deque
from collections.abc import Mapping
from typing import Final

from stackyard.model import events, urns
from stackyard.model.diagnostics import Severity
from stackyard.model.plans import Op, Operation
from stackyard.model.updates import Outcome

_REMEMBERED: Final = 50


class Status(enum.StrEnum):
    """Where one stack is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"


@dataclasses.dataclass(slots=True)
class StackProgress:
    """One stack. `active` are the steps under way, by URN, with when they began."""

    name: str
    status: Status = Status.WAITING
    engine: str = ""
    cloud: str = ""
    started: float = 0.0
    seconds: float = 0.0
    outcome: Outcome | None = None
    reason: str = ""
    error: str = ""
    simulated: int = 0
    active: dict[str, tuple[Op, float]] = dataclasses.field(default_factory=dict)
    counts: dict[str, int] = dataclasses.field(default_factory=dict)

    @property
    def failed(self) -> bool:
        return self.outcome in {Outcome.FAILED, Outcome.CANCELLED}

    @property
    def changed(self) -> bool:
        """Whether any step did more than look."""
        return any(self.counts.get(op) for op in (Op.CREATE, Op.UPDATE, Op.REPLACE, Op.DELETE, Op.IMPORT))


@dataclasses.dataclass(slots=True)
class LayerProgress:
    """How far one layer is."""

    name: str
    total: int = 0
    finished: int = 0
    failed: int = 0


class Progress:
    """A run and its stacks. Events of stacks that the run did not announce are taken in as well."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self.operation = Operation.UP
        self.preview = False
        self.started = 0.0
        self.seconds = 0.0
        self.outcome: Outcome | None = None
        self.stacks: dict[str, StackProgress] = {}
        self.running: dict[str, StackProgress] = {}
        self.failed: list[StackProgress] = []
        self.done: deque[StackProgress] = deque(maxlen=_REMEMBERED)
        self.finished = 0
        self.skipped = 0
        self.totals: dict[str, int] = {}
        self.layers: dict[str, LayerProgress] = {}
        self._layer_of: dict[str, str] = {}

    @property
    def total(self) -> int:
        return len(self.stacks)

    def apply(self, event: events.Event) -> None:
        """Take one event in."""
        if isinstance(event, events.RunStarted):
            self._begin()
            self.operation, self.preview, self.started = event.operation, event.preview, event.time
            self.stacks = {name: StackProgress(name) for name in event.stacks}
            self._layer_of = {name: layer for name, layer in event.layers.items() if layer and name in self.stacks}
            for layer in self._layer_of.values():
                self.layers.setdefault(layer, LayerProgress(layer)).total += 1
        elif isinstance(event, events.RunFinished):
            self.outcome, self.seconds = event.outcome, event.seconds
        else:
            self._apply_to_stack(event)

    def _apply_to_stack(
        self,
        event: events.StackStarted
        | events.StepStarted
        | events.StepFinished
        | events.Diagnosed
        | events.Printed
        | events.StackFinished,
    ) -> None:
        stack = self._stack(event.stack)
        if isinstance(event, events.StackStarted):
            stack.status, stack.started = Status.RUNNING, event.time
            stack.engine, stack.cloud = event.engine, event.cloud
            self.running[stack.name] = stack
        elif isinstance(event, events.StepStarted):
            if not urns.is_internal(event.urn):
                stack.active[event.urn] = (event.op, event.time)
        elif isinstance(event, events.StepFinished):
            self._finish_step(stack, event)
        elif isinstance(event, events.Diagnosed):
            if event.diagnostic.severity is Severity.ERROR and not stack.error:
                stack.error = event.diagnostic.message
        elif isinstance(event, events.StackFinished):
            self._finish_stack(stack, event)

    def _stack(self, name: str) -> StackProgress:
        if name not in self.stacks and name:
            self.stacks[name] = StackProgress(name)
        return self.stacks.get(name) or StackProgress(name)

    def _finish_step(self, stack: StackProgress, event: events.StepFinished) -> None:
        stack.active.pop(event.urn, None)
        stack.simulated += event.simulated
        if event.error:
            stack.error = stack.error or event.error
            return
        counted = None if urns.is_internal(event.urn) else _counted(event.op)
        if counted is not None:
            stack.counts[counted] = stack.counts.get(counted, 0) + 1
            self.totals[counted] = self.totals.get(counted, 0) + 1

    def _finish_stack(self, stack: StackProgress, event: events.StackFinished) -> None:
        self.running.pop(stack.name, None)
        stack.active.clear()
        already = stack.status is Status.DONE
        stack.status, stack.outcome, stack.seconds, stack.reason = (
            Status.DONE,
            event.outcome,
            event.seconds,
            event.reason,
        )
        if event.counts:
            self._correct(stack, event.counts)
        if already:
            return
        self.finished += 1
        layer = self.layers.get(self._layer_of.get(stack.name, ""))
        if layer is not None:
            layer.finished += 1
            layer.failed += stack.failed
        self.skipped += event.outcome is Outcome.SKIPPED
        if stack.failed:
            self.failed.append(stack)
        else:
            self.done.append(stack)

    def _correct(self, stack: StackProgress, counts: Mapping[str, int]) -> None:
        """The engine's own totals win over what was seen step by step."""
        for op in {*stack.counts, *counts}:
            difference = counts.get(op, 0) - stack.counts.get(op, 0)
            self.totals[op] = self.totals.get(op, 0) + difference
        stack.counts = dict(counts)


def _counted(op: Op) -> str | None:
    """A replacement is counted once, by its own step."""
    return None if op in {Op.CREATE_REPLACEMENT, Op.DELETE_REPLACED} else op.value
