"""Previews of stacks in states that they do not have: what would their programs do, if they had them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from stackyard import errors
from stackyard.engines.base import Engine
from stackyard.model.checkpoints import Checkpoint
from stackyard.model.diagnostics import Diagnostic, Severity
from stackyard.model.estates import Estate, Stack
from stackyard.model.events import Event
from stackyard.model.names import StackName
from stackyard.model.plans import Operation, Plan, StackRead
from stackyard.model.values import Properties
from stackyard.operations.workspace import Workspace
from stackyard.runs.ledger import Ledger
from stackyard.runs.running import Run, RunPlan
from stackyard.state.base import StackState


class _Supposed:
    """`runs.stacks.Services` of a workspace in which some stacks have other states; it opens none for writing."""

    def __init__(self, workspace: Workspace, states: Mapping[StackName, Checkpoint]) -> None:
        self._workspace = workspace
        self._states = states
        self.estate: Estate = workspace.estate

    async def config(self, stack: Stack) -> tuple[Mapping[str, str], tuple[str, ...]]:
        return await self._workspace.config(stack)

    async def environ(self, stack: Stack) -> Mapping[str, str]:
        return await self._workspace.environ(stack)

    async def engine(self, stack: Stack) -> Engine:
        engine = await self._workspace.engine(stack)
        if engine.owns_state:
            raise errors.Unsupported(f"{stack.name.short}: its engine keeps its own state, which is not moved here")
        return engine

    async def read(self, stack: StackName) -> Checkpoint | None:
        return self._states[stack] if stack in self._states else await self._workspace.read(stack)

    async def outputs(self, stack: StackName) -> Properties | None:
        if stack not in self._states:
            return await self._workspace.outputs(stack)
        return self._states[stack].outputs if self._states[stack].root else None

    async def open(self, stack: Stack) -> StackState:
        raise errors.UsageError(f"{stack.name.short} is only rehearsed")

    async def unfinished(self, stack: Stack) -> bool:
        return False


class _Forgetful(Ledger):
    """A ledger that does not learn from programs that were only tried."""

    def saw(self, reads: Iterable[tuple[str, Iterable[StackRead]]]) -> None:
        """Nothing."""

    def suspected(self, reads: Iterable[tuple[str, Iterable[StackRead]]]) -> None:
        """Nothing."""


async def rehearse(
    workspace: Workspace, stacks: Sequence[Stack], states: Mapping[StackName, Checkpoint]
) -> dict[str, Plan]:
    """What `up` would do to each of the stacks (by short name) if they were in these states; nothing is changed.

    Raises DiagnosedError with every fault of the programs: what cannot be previewed cannot be matched either.
    """
    graph = workspace.unchecked_graph
    chosen = {stack.name: stack for stack in stacks}
    graph.check(among=chosen)
    needs = {name.short: tuple(need.short for need in graph.needs(name) if need in chosen) for name in chosen}
    plan = RunPlan(Operation.UP, {name.short: stack for name, stack in chosen.items()}, needs)
    told: list[Diagnostic] = []

    def listen(event: Event) -> None:
        del event  # a rehearsal is silent: what it found is in the plans

    run = Run(plan, _Supposed(workspace, states), _Forgetful(workspace.folder / "runs.ledger"), listen, parallel=4)
    plans = await run.preview()
    for key in plan.stacks:
        found = plans[key].diagnostics if key in plans else ()
        told += [dataclasses.replace(each, stack=key) for each in found if each.severity is Severity.ERROR]
    if told:
        raise errors.DiagnosedError(told)
    return plans
