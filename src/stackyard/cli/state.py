"""stackyard state ls|show|move"""

from __future__ import annotations

import asyncio
import json

import click

from stackyard.cli import crossings, options, screens
from stackyard.model import values
from stackyard.model.checkpoints import Checkpoint
from stackyard.model.resources import Resource
from stackyard.operations import moving
from stackyard.operations.workspace import Opening, Workspace
from stackyard.views import json_lines


@click.group("state")
def command() -> None:
    """Look at a stack's record, and move resources to another stack without touching them."""


@command.command("ls")
@options.stack_argument
@options.opening
def list_(stack: str | None, opening: Opening, as_json: bool) -> None:
    """List the recorded resources of a stack, in the order in which they depend on each other."""

    async def read() -> Checkpoint:
        async with Workspace(opening) as workspace:
            return (await moving.recorded(workspace, stack or ""))[1]

    found = asyncio.run(read()).resources
    if as_json:
        rows = [{"urn": each.urn, "id": each.id, "protect": each.protect, "parent": each.parent} for each in found]
        screens.write_json("state", {"resources": rows})
    else:
        screens.table(("URN", "ID", ""), [(each.urn, each.id, moving.label(each)) for each in found])


@command.command("show")
@click.argument("stack")
@click.argument("resource")
@options.opening
def show(stack: str, resource: str, opening: Opening, as_json: bool) -> None:
    """Show what is recorded of one resource: its URN, `type::name`, name or id. Secrets stay hidden."""

    async def read() -> Resource:
        async with Workspace(opening) as workspace:
            return await moving.one(workspace, stack, resource)

    found = asyncio.run(read())
    shown = {**json_lines.fields(found), "inputs": values.mask(found.inputs), "outputs": values.mask(found.outputs)}
    if as_json:
        screens.write_json("resource", {"resource": shown})
    else:
        told = {key: value for key, value in json_lines.plain(shown).items() if value}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))


@command.command("move")
@click.argument("source")
@click.argument("destination")
@click.argument("urns", nargs=-1, metavar="[URN]...")
@click.option(
    "--type", "types", multiple=True, metavar="GLOB", help="Resources of this type, such as 'aws:dynamodb/*'."
)
@click.option("--name", "names", multiple=True, metavar="GLOB", help="Resources of this name.")
@click.option("--include-parents", is_flag=True, help="Move the components too that they are in.")
@click.option("--include-dependents", is_flag=True, help="Move everything too that depends on them.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@options.opening
def move(
    source: str,
    destination: str,
    urns: tuple[str, ...],
    types: tuple[str, ...],
    names: tuple[str, ...],
    include_parents: bool,
    include_dependents: bool,
    yes: bool,
    opening: Opening,
    as_json: bool,
) -> None:
    """Move resources from the stack SOURCE to the stack DESTINATION; only the two records change.

    Children go with their parent, and the providers that are needed are copied. A child whose parent stays belongs
    to the destination itself. Dependencies across the cut are listed, with the code that replaces them.
    """
    request = moving.Request(source, destination, urns, types, names, include_parents, include_dependents)

    def decide(proposal: moving.Proposal) -> bool:
        target = proposal.target.name.short
        if not as_json:
            screens.lines(
                [f"From {proposal.source.name.short} to {target}:", *(f"  {old}" for old, _ in proposal.moves)]
            )
            crossings.tell(proposal.bridges)
        return crossings.consent(f"Move {len(proposal.moves)} resources to {target}?", yes=yes, as_json=as_json)

    async def carry_out() -> moving.Move:
        async with Workspace(opening, progress=screens.note) as workspace:
            return await moving.move(workspace, request, decide)

    done = asyncio.run(carry_out())
    for note in done.notes:
        screens.note(note)
    if as_json:
        moves = [{"from": old, "to": new} for old, new in done.proposal.moves]
        screens.write_json("moved", {"moves": moves, "cuts": done.proposal.bridges, "copies": str(done.copies)})
    elif done.copies is not None:
        target = done.proposal.target.name.short
        click.echo(f"moved {len(done.proposal.moves)} resources to {target}; the states before: {done.copies}")
