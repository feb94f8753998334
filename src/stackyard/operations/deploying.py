"""preview, up, destroy, refresh: one operation over a selection of stacks."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import os
from collections.abc import Callable, Mapping, Sequence

from stackyard import errors
from stackyard.engines.base import Options
from stackyard.graph import contracts, selection
from stackyard.graph.graphs import StackGraph
from stackyard.model import diagnostics
from stackyard.model.estates import Stack
from stackyard.model.events import Sink
from stackyard.model.names import StackName
from stackyard.model.plans import Operation, Plan
from stackyard.model.updates import Outcome, Update
from stackyard.operations import installing
from stackyard.operations.workspace import Workspace
from stackyard.runs.running import Run, RunPlan
from stackyard.runs.stacks import Judge


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """What to do, and to which stacks. `parallel` 0 = by the machine.

    `keep_going`: stacks that cannot be planned, and those behind them, do not keep the others from being applied.
    """

    operation: Operation
    select: Sequence[str] = ()
    exclude: Sequence[str] = ()
    parallel: int = 0
    options: Options = dataclasses.field(default_factory=Options)
    ignore_dependents: bool = False
    keep_going: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Deployment:
    """What came of a request. `updates` is None when nothing was applied: not asked for, or decided against."""

    plans: Mapping[str, Plan]
    updates: Mapping[str, Update] | None = None
    stacks: Mapping[str, Stack] = dataclasses.field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether a stack could not be planned, or did not end well."""
        if len(self.plans) < len(self.stacks) or any(plan.failed for plan in self.plans.values()):
            return True
        return any(update.outcome is not Outcome.SUCCEEDED for update in (self.updates or {}).values())

    @property
    def exit_code(self) -> int:
        """0 when all went well, 8 when it was cancelled, 4 when a resource failed, else 1."""
        if not self.failed:
            return 0
        updates = (self.updates or {}).values()
        if any(update.outcome is Outcome.CANCELLED for update in updates):
            return errors.Cancelled.exit_code
        if any(found.urn for update in updates for found in update.diagnostics):
            return errors.EngineError.exit_code
        return errors.StackyardError.exit_code

    @property
    def changes(self) -> bool:
        """Whether any plan would change a resource or an output."""
        return any(plan.changes or plan.outputs_changed for plan in self.plans.values())


Decide = Callable[[Mapping[str, Plan]], bool]


async def deploy(
    workspace: Workspace, request: Request, events: Sink, cancelled: asyncio.Event, decide: Decide | None = None
) -> Deployment:
    """Preview the selected stacks and, if every plan is sound and `decide` says so, apply the plans.

    With no `decide`, nothing is applied. Raises DiagnosedError for faults of the estate itself.
    """
    plan = await _plan(workspace, request)
    if request.operation is Operation.UP:
        installing.check(plan.stacks.values())
    graph = workspace.unchecked_graph
    running = functools.partial(
        Run,
        services=workspace,
        ledger=workspace.ledger,
        events=events,
        options=request.options,
        parallel=request.parallel or max(4, 2 * (os.cpu_count() or 2)),
        cancelled=cancelled,
        asked=graph.asked,
    )
    run = running(plan, judge=_keeping_contracts(graph, frozenset(s.name for s in plan.stacks.values())))
    plans = await run.preview()
    deployment = Deployment(plans, stacks=plan.stacks)
    stopped = deployment.failed and not request.keep_going
    if decide is None or stopped or cancelled.is_set() or not decide(plans):
        return deployment
    if deployment.failed:
        sound = _sound(plan, plans)
        if not sound.stacks:
            return deployment
        run = running(sound)
    return dataclasses.replace(deployment, updates=await run.apply(plans))


def _keeping_contracts(graph: StackGraph, within: frozenset[StackName]) -> Judge:
    """A plan that takes away an output that some program needs is refused, whether or not that one is selected."""
    needed = contracts.by_target(graph)

    def judge(stack: Stack, plan: Plan) -> tuple[diagnostics.Diagnostic, ...]:
        if plan.operation is not Operation.UP or plan.failed:
            return ()
        return contracts.of_plan(graph, needed.get(stack.name, ()), plan.outputs.keys(), within)

    return judge


def _sound(plan: RunPlan, plans: Mapping[str, Plan]) -> RunPlan:
    """The part of a run that can be applied: stacks with a good plan that wait for none without one."""
    kept = {key: stack for key, stack in plan.stacks.items() if key in plans and not plans[key].failed}
    while behind := [key for key in kept if any(need not in kept for need in plan.needs[key])]:
        for key in behind:
            del kept[key]
    return RunPlan(plan.operation, kept, {key: plan.needs[key] for key in kept})


async def _plan(workspace: Workspace, request: Request) -> RunPlan:
    graph = workspace.unchecked_graph
    picked = selection.select(graph, request.select, request.exclude)
    chosen = {pick.stack.name: pick.stack for pick in picked.picks}
    graph.check(among=chosen)
    if not chosen:
        new = "pass --stack NAME: a stack is created on first use"
        if workspace.estate.manifest is not None:
            new = "a stack is made by a file Pulumi.STACK.yaml, which may be empty, beside its project's Pulumi.yaml"
        raise errors.UsageError("no stack is selected", hint="`stackyard ls` lists them" if graph.stacks else new)
    needs = {name: _within(chosen, graph.needs, name) for name in chosen}
    if request.operation is Operation.DESTROY:
        if not request.ignore_dependents:
            await _refuse_orphans(workspace, graph, set(chosen))
        needs = {name: _within(chosen, graph.needed_by, name) for name in chosen}
    elif request.operation is Operation.REFRESH:
        needs = dict.fromkeys(chosen, ())
    return RunPlan(
        request.operation,
        {name.short: stack for name, stack in chosen.items()},
        {name.short: tuple(need.short for need in before) for name, before in needs.items()},
    )


def _within(
    chosen: Mapping[StackName, Stack], needs: Callable[[StackName], tuple[StackName, ...]], name: StackName
) -> tuple[StackName, ...]:
    """The chosen stacks that `name` needs, directly or through stacks that are not chosen."""
    found: dict[StackName, None] = {}
    seen = {name}
    waiting = list(needs(name))
    for each in waiting:
        if each in seen:
            continue
        seen.add(each)
        if each in chosen:
            found[each] = None
        else:
            waiting.extend(needs(each))
    return tuple(found)


async def _refuse_orphans(workspace: Workspace, graph: StackGraph, chosen: set[StackName]) -> None:
    """Destroying what a deployed stack still reads is refused, with every such edge named."""
    found = []
    for name in sorted(chosen):
        for reader in graph.needed_by(name):
            if reader in chosen:
                continue
            checkpoint = await workspace.read(reader)
            if checkpoint is not None and checkpoint.root is not None:
                found.append(
                    diagnostics.error(
                        f"{reader.short} is up and reads {name.short}",
                        hint=f"destroy both: stackyard destroy {name.short}+ (or pass --ignore-dependents)",
                        stack=name.short,
                    )
                )
    if found:
        raise errors.DiagnosedError(found)
