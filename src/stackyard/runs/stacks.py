"""One stack of a run: its config, its state, its engine, and the record of what happened."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from stackyard import errors
from stackyard.engines.base import Engine, Options, References, StackContext
from stackyard.model import diagnostics, values
from stackyard.model.checkpoints import Checkpoint
from stackyard.model.estates import Estate, Stack
from stackyard.model.events import Diagnosed, Sink, StackFinished, StackStarted
from stackyard.model.names import StackName
from stackyard.model.plans import Operation, Plan, count
from stackyard.model.updates import Outcome, Update
from stackyard.model.values import Properties
from stackyard.state.base import StackState


class Services(Protocol):
    """What a run needs of the workspace; everything in it is shared by all stacks."""

    estate: Estate

    async def config(self, stack: Stack) -> tuple[Mapping[str, str], tuple[str, ...]]:
        """Values by full key, and the keys that are secret. Raises DiagnosedError."""

    async def environ(self, stack: Stack) -> Mapping[str, str]:
        """The environment of its programs and providers; starts the embedded cloud on need."""

    async def engine(self, stack: Stack) -> Engine:
        """The engine that runs it."""

    async def read(self, stack: StackName) -> Checkpoint | None:
        """Its state, secrets decrypted where a key is at hand; None when it was never made."""

    async def outputs(self, stack: StackName) -> Properties | None:
        """Its recorded outputs; None when it was never brought up."""

    async def open(self, stack: Stack) -> StackState:
        """Its state, locked and open for writing."""

    async def unfinished(self, stack: Stack) -> bool:
        """Whether a killed run left a journal or a lock behind."""


Judge = Callable[[Stack, Plan], tuple[diagnostics.Diagnostic, ...]]
"""What is to be said of a plan that the stack's own program cannot know; an error refuses the plan."""


@dataclasses.dataclass(frozen=True, slots=True)
class StackRun:
    """Everything to plan and apply one stack."""

    stack: Stack
    services: Services
    references: References
    events: Sink
    options: Options
    cancelled: asyncio.Event
    judge: Judge = lambda _stack, _plan: ()

    @property
    def key(self) -> str:
        """The stack's name in events."""
        return self.stack.name.short

    async def plan(self, operation: Operation) -> Plan:
        """Preview it. Faults come back as diagnostics of the plan."""
        begun = time.monotonic()
        self._started()
        try:
            checkpoint = await self.services.read(self.stack.name) or Checkpoint(self.stack.name.stack)
            context = await self._context(checkpoint)
            plan = await (await self.services.engine(self.stack)).plan(context, operation)
            plan = dataclasses.replace(plan, diagnostics=(*plan.diagnostics, *self.judge(self.stack, plan)))
        except errors.StackyardError as fault:
            plan = Plan(self.key, operation, diagnostics=self._faults(fault))
        outcome = Outcome.FAILED if plan.failed else Outcome.SUCCEEDED
        self._finished(outcome, begun, plan.diagnostics, {op.value: n for op, n in count(plan.steps).items()})
        return plan

    async def apply(self, plan: Plan) -> Update:
        """Carry a plan out. Faults come back as diagnostics of the update; state is saved whatever happens."""
        begun = time.monotonic()
        self._started()
        try:
            update = await self._apply(plan)
        except errors.StackyardError as fault:
            outcome = Outcome.CANCELLED if isinstance(fault, errors.Cancelled) else Outcome.FAILED
            update = Update(self.key, plan.operation, outcome, diagnostics=self._faults(fault))
        update = dataclasses.replace(update, seconds=time.monotonic() - begun)
        counts = {op.value: n for op, n in count(update.steps).items()}
        self._finished(update.outcome, begun, update.diagnostics, counts, update.outputs)
        return update

    async def _apply(self, plan: Plan) -> Update:
        if plan.settled and not await self.services.unfinished(self.stack):
            return Update(self.key, plan.operation, Outcome.SUCCEEDED, plan.steps, plan.outputs, plan.reads)
        engine = await self.services.engine(self.stack)
        if engine.owns_state:
            return await engine.apply(await self._context(Checkpoint(self.stack.name.stack)), plan)
        state = await self.services.open(self.stack)
        for note in state.notes:
            self._tell(diagnostics.Diagnostic(diagnostics.Severity.INFO, note))
        try:
            context = dataclasses.replace(await self._context(state.checkpoint), state=state)
            update = await engine.apply(context, plan)
            await state.commit(update)
        finally:
            await asyncio.shield(state.close())
        return update

    async def _context(self, checkpoint: Checkpoint) -> StackContext:
        config, secret_keys = await self.services.config(self.stack)
        return StackContext(
            stack=self.stack,
            checkpoint=checkpoint,
            references=self.references,
            events=self.events,
            config=config,
            secret_keys=secret_keys,
            environ=await self.services.environ(self.stack),
            options=self.options,
            cancelled=self.cancelled,
        )

    def _started(self) -> None:
        self.events(StackStarted(time.time(), self.key, self.stack.project.engine, self.stack.cloud))

    def _finished(
        self,
        outcome: Outcome,
        begun: float,
        found: tuple[diagnostics.Diagnostic, ...],
        counts: Mapping[str, int],
        outputs: Properties | None = None,
    ) -> None:
        for diagnostic in found:
            self._tell(diagnostic)
        seconds = time.monotonic() - begun
        self.events(
            StackFinished(time.time(), self.key, outcome, seconds, counts, values.mask(values_shown(outputs or {})))
        )

    def _tell(self, diagnostic: diagnostics.Diagnostic) -> None:
        self.events(Diagnosed(time.time(), self.key, diagnostic))

    def _faults(self, fault: errors.StackyardError) -> tuple[diagnostics.Diagnostic, ...]:
        if isinstance(fault, errors.DiagnosedError):
            return tuple(dataclasses.replace(each, stack=self.key) for each in fault.diagnostics)
        return (diagnostics.error(fault.message, hint=fault.hint, position=fault.position, stack=self.key),)


def values_shown(outputs: Properties) -> Properties:
    """Outputs as an event may carry them: JSON values only, unknown as None, secrets left to be masked."""

    def leaf(value: values.Value) -> values.Value:
        if value is values.UNKNOWN:
            return None
        return value if isinstance(value, str | int | float | bool | values.Secret | None) else repr(value)

    shown: Properties = values.transform(outputs, leaf)
    return shown
