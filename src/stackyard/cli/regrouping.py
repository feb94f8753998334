"""What split and merge share: show the mapping, ask, carry out, preview what came of it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping

import click

from stackyard.cli import crossings, screens
from stackyard.model.plans import Operation, Plan
from stackyard.model.urns import URN
from stackyard.operations import deploying, splitting
from stackyard.operations.splitting import Proposal, Regrouping, Request
from stackyard.operations.workspace import Opening, Workspace


def carry_out(opening: Opening, request: Request, *, yes: bool, as_json: bool) -> int:
    """Regroup the stacks; the exit code is 1 when something would be made anew afterwards."""
    return asyncio.run(_carry_out(opening, request, yes=yes, as_json=as_json))


async def _carry_out(opening: Opening, request: Request, *, yes: bool, as_json: bool) -> int:
    async with Workspace(opening, progress=screens.note) as workspace:

        def decide(proposal: Proposal) -> bool:
            if not as_json:
                _show(proposal)
            moving = sum(line.target is not None for line in proposal.lines)
            return crossings.consent(f"Move these {moving} resources?", yes=yes, as_json=as_json)

        done = await splitting.regroup(workspace, request, decide)
        for note in done.notes:
            screens.note(note)
        if done.copies is None:
            return 0
        workspace.rediscover()
        plans = await _previewed(workspace, done)
    if as_json:
        _write(done, plans)
    else:
        _tell(done, plans)
    return 1 if any(plan.failed or plan.changes for plan in plans.values()) else 0


async def _previewed(workspace: Workspace, done: Regrouping) -> Mapping[str, Plan]:
    """A preview of every stack that took part and is left, and of those that read them."""
    parts = [name for name, state in done.proposal.states.items() if state is not None]
    graph = workspace.unchecked_graph
    readers = {reader for name in parts for reader in graph.needed_by(name)}
    select = sorted({name.short for name in [*parts, *readers]})
    request = deploying.Request(Operation.UP, select)
    deployment = await deploying.deploy(workspace, request, lambda _: None, asyncio.Event())
    return deployment.plans


def _show(proposal: Proposal) -> None:
    rows = []
    for line in proposal.lines:
        urn = URN(line.urn)
        place = line.target.short if line.target else f"stays in {urn.project}/{urn.stack}"
        rows.append((urn.qualified_type.replace("$", " > "), urn.name, place, line.why))
    screens.table(("TYPE", "NAME", "TO", "WHY"), rows)
    for stack, missing in proposal.matching.missing.items():
        for each in missing:
            click.echo(
                f"{stack.short} registers {each.type} {URN(each.urn).name}, which nobody has: `up` would create it"
            )
    crossings.tell(proposal.bridges)
    screens.lines(proposal.readers)
    screens.lines(["", *_differences(proposal.differences, "afterwards")])


def _differences(plans: Mapping[str, Plan], when: str) -> list[str]:
    found = [
        f"  {key}: {step.op} {step.type} {URN(step.urn).name}"
        + (f" ({', '.join(each.path for each in step.changes)})" if step.changes else "")
        for key, plan in plans.items()
        for step in plan.changes
    ]
    if found:
        return [f"{when} an `up` would still do this:", *found]
    return [f"{when} nothing would be created, changed, replaced or deleted"]


def _tell(done: Regrouping, plans: Mapping[str, Plan]) -> None:
    moved = sum(line.target is not None for line in done.proposal.lines)
    screens.lines(["", f"moved {moved} resources; the states before: {done.copies}"] if done.proposal.lines else [])
    for name, how in done.made.items():
        click.echo(f"the stack file of {name} was {how}")
    for path in done.retired:
        click.echo(f"nothing is left of a stack, so its file is put aside: {path}")
    for key, plan in plans.items():
        screens.diagnose([each for each in plan.diagnostics if plan.failed])
        if plan.outputs_changed:
            click.echo(f"{key}: its outputs will be recorded by the next `up`")
    screens.lines(_differences(plans, f"previewed {', '.join(plans)}:"))
    sys.stdout.flush()


def _write(done: Regrouping, plans: Mapping[str, Plan]) -> None:
    lines = [
        {"urn": each.urn, "to": each.target and each.target.short, "as": each.new_urn, "why": each.why}
        for each in done.proposal.lines
    ]
    screens.write_json(
        "regrouped",
        {
            "lines": lines,
            "cuts": [{"code": each.code, "cut": each} for each in done.proposal.bridges],
            "readers": done.proposal.readers,
            "copies": str(done.copies),
            "retired": [str(path) for path in done.retired],
            "ended": [name.short for name, state in done.proposal.states.items() if state is None],
        },
    )
    for plan in plans.values():
        screens.write_json("plan", {"plan": plan})
