"""Carries one operation out over a selection of stacks, in the order of the graph."""

from __future__ import annotations

import asyncio
import dataclasses
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from stackyard.engines.base import Options
from stackyard.model import values
from stackyard.model.estates import Stack
from stackyard.model.events import RunFinished, RunStarted, Sink, StackFinished
from stackyard.model.names import StackName
from stackyard.model.plans import Operation, Plan, StackRead, Step, count
from stackyard.model.updates import Outcome, Update
from stackyard.model.values import Properties
from stackyard.runs import references, scheduling, stacks
from stackyard.runs.ledger import Ledger


@dataclasses.dataclass(frozen=True, slots=True)
class RunPlan:
    """Which stacks, and which of them each waits for. Keys are short names, in an order that respects `needs`."""

    operation: Operation
    stacks: Mapping[str, Stack]
    needs: Mapping[str, Sequence[str]]


class Run:
    """One run: `preview` first, then, if its caller so decides, `apply` with the plans of that preview."""

    def __init__(
        self,
        plan: RunPlan,
        services: stacks.Services,
        ledger: Ledger,
        events: Sink,
        *,
        options: Options | None = None,
        parallel: int = 8,
        cancelled: asyncio.Event | None = None,
        judge: stacks.Judge = lambda _stack, _plan: (),
        asked: references.Asked | None = None,
    ) -> None:
        self.id = uuid.uuid4().hex[:12]
        self._plan = plan
        self._services = services
        self._ledger = ledger
        self._events = events
        self._options = options or Options()
        self._parallel = parallel
        self._cancelled = cancelled or asyncio.Event()
        self._judge = judge
        self._asked = asked
        self._previewed: dict[StackName, Properties] = {}

    async def preview(self) -> dict[str, Plan]:
        """Plan every stack that can be planned; a stack behind a failed one has no plan."""
        begun = time.monotonic()
        self._start(preview=True)
        plans: dict[str, Plan] = {}
        resolver = references.RunReferences(self._services.estate, self._services.outputs, self._previewed, self._asked)

        async def work(key: str) -> Outcome:
            stack = self._plan.stacks[key]
            plans[key] = plan = await self._one(stack, resolver).plan(self._plan.operation)
            # What a settled plan would give is what is recorded: its readers can be settled too.
            if self._plan.operation is Operation.UP and not plan.failed and not plan.settled:
                self._previewed[stack.name] = plan.outputs
            return Outcome.FAILED if plan.failed else Outcome.SUCCEEDED

        outcomes = await self._schedule(work)
        self._saw((key, plan.reads) for key, plan in plans.items() if not plan.failed)
        self._suspected((key, plan.reads) for key, plan in plans.items() if plan.failed)
        counts = _total(plan.steps for plan in plans.values())
        self._finish(begun, outcomes, counts)
        return plans

    async def apply(self, plans: Mapping[str, Plan]) -> dict[str, Update]:
        """Carry the plans out. What was previewed never reaches an apply: references give recorded outputs only."""
        begun = time.monotonic()
        self._start(preview=False)
        self._ledger.start(self.id, self._plan.operation)
        updates: dict[str, Update] = {}
        resolver = references.RunReferences(self._services.estate, self._services.outputs, {}, self._asked)

        async def work(key: str) -> Outcome:
            plan = await self._still_true(key, plans[key], updates, plans)
            updates[key] = update = await self._one(self._plan.stacks[key], resolver).apply(plan)
            return update.outcome

        outcomes = await self._schedule(work)
        for key, outcome in outcomes.items():
            updates.setdefault(key, Update(key, self._plan.operation, outcome))
        self._saw((key, update.reads) for key, update in updates.items() if update.outcome is Outcome.SUCCEEDED)
        self._ledger.finish(self.id, _overall(outcomes), updates.values())
        self._finish(begun, outcomes, _total(update.steps for update in updates.values()))
        return updates

    async def _still_true(self, key: str, plan: Plan, updates: Mapping[str, Update], plans: Mapping[str, Plan]) -> Plan:
        """A settled plan stays so only while the outputs it was made from came true."""
        for need in self._plan.needs[key]:
            update = updates.get(need)
            if plan.settled and update and not values.equal(update.outputs, plans[need].outputs):
                return dataclasses.replace(plan, settled=False)
        return plan

    def _one(self, stack: Stack, resolver: references.RunReferences) -> stacks.StackRun:
        return stacks.StackRun(
            stack, self._services, resolver.of(stack), self._events, self._options, self._cancelled, self._judge
        )

    async def _schedule(self, work: scheduling.Work) -> dict[str, Outcome]:
        def skip(key: str, reason: str) -> None:
            self._events(StackFinished(time.time(), key, Outcome.SKIPPED, 0.0, reason=reason))

        schedule = scheduling.Schedule(self._plan.needs, work, skip, capacity=self._parallel, cancelled=self._cancelled)
        return await schedule.run()

    def _suspected(self, reads: Iterable[tuple[str, tuple[StackRead, ...]]]) -> None:
        if self._plan.operation is Operation.UP:
            self._ledger.suspected((str(self._plan.stacks[key].name), found) for key, found in reads)

    def _saw(self, reads: Iterable[tuple[str, tuple[StackRead, ...]]]) -> None:
        rows = [(str(self._plan.stacks[key].name), found) for key, found in reads]
        if rows and self._plan.operation is Operation.UP:
            self._ledger.saw(rows)

    def _start(self, *, preview: bool) -> None:
        stacks = self._plan.stacks
        layers = {key: stack.layer for key, stack in stacks.items() if stack.layer}
        self._events(RunStarted(time.time(), self.id, self._plan.operation, preview, tuple(stacks), layers))

    def _finish(self, begun: float, outcomes: Mapping[str, Outcome], counts: Mapping[str, int]) -> None:
        seconds = time.monotonic() - begun
        self._events(RunFinished(time.time(), self.id, _overall(outcomes), seconds, counts))


def _overall(outcomes: Mapping[str, Outcome]) -> Outcome:
    found = set(outcomes.values())
    for bad in (Outcome.FAILED, Outcome.CANCELLED, Outcome.SKIPPED):
        if bad in found:
            return bad
    return Outcome.SUCCEEDED


def _total(steps: Iterable[tuple[Step, ...]]) -> dict[str, int]:
    totals: Counter[str] = Counter()
    for each in steps:
        totals.update({op.value: number for op, number in count(each).items()})
    return dict(totals)
