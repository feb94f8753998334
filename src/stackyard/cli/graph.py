"""stackyard graph [SELECT]..."""

from __future__ import annotations

import asyncio

import click

from stackyard.cli import options, screens
from stackyard.graph.duplication import Duplication
from stackyard.model.estates import Reference
from stackyard.operations import graphing
from stackyard.operations.workspace import Opening, Workspace
from stackyard.views import graphs


@click.command("graph")
@options.selection
@click.option(
    "--format", "-f", "form", type=click.Choice(["tree", "mermaid", "dot"]), default="tree", show_default=True
)
@click.option("--duplication", is_flag=True, help="Show what the programs say twice instead.")
@options.opening
def command(
    select: tuple[str, ...], exclude: tuple[str, ...], form: str, duplication: bool, opening: Opening, as_json: bool
) -> None:
    """Show which stack needs which. Nothing is run: programs are read, not executed.

    In the tree, a stack stands below what it needs; dashed edges are conditional.
    """
    if duplication:
        _show_duplication(asyncio.run(_measure(opening)), as_json)
        return
    drawing = asyncio.run(_draw(opening, select, exclude))
    if as_json:
        stacks = [{"name": str(stack.name), "layer": stack.layer} for stack in drawing.stacks]
        screens.write_json("graph", {"stacks": stacks, "references": [_plain(each) for each in drawing.references]})
        return
    nodes, edges = _shape(drawing)
    if form == "tree":
        screens.lines(graphs.tree(nodes, edges, screens.painter()))
    else:
        screens.lines(graphs.mermaid(nodes, edges) if form == "mermaid" else graphs.dot(nodes, edges))
    screens.diagnose(drawing.diagnostics)


async def _measure(opening: Opening) -> tuple[Duplication, ...]:
    async with Workspace(opening) as workspace:
        return await asyncio.to_thread(graphing.duplication, workspace)


def _show_duplication(found: tuple[Duplication, ...], as_json: bool) -> None:
    if as_json:
        screens.write_json("duplication", {"programs": list(found)})
        return
    header = ("PROGRAM", "RESOURCES", "AGAIN", "LINES", "AGAIN", "CONFIG", "AGAIN")
    rows = []
    for each in found:
        shares = (each.resources, each.lines, each.config)
        rows.append((each.name, *(str(part) for share in shares for part in (share.said, share.again))))
    screens.table(header, rows)


async def _draw(opening: Opening, select: tuple[str, ...], exclude: tuple[str, ...]) -> graphing.Drawing:
    async with Workspace(opening) as workspace:
        return graphing.draw(workspace, select, exclude)


def _shape(drawing: graphing.Drawing) -> tuple[list[graphs.Node], list[graphs.Edge]]:
    nodes = {stack.name: graphs.Node(stack.name.short, stack.layer) for stack in drawing.stacks}
    for reference in drawing.references:
        if reference.external:
            nodes.setdefault(reference.target, graphs.Node(str(reference.target), "outside", "outside the estate"))
    edges = [
        graphs.Edge(
            nodes[reference.target].name,
            nodes[reference.reader].name,
            all(evidence.conditional for evidence in reference.evidence),
        )
        for reference in drawing.references
        if reference.reader != reference.target
    ]
    return list(nodes.values()), edges


def _plain(reference: Reference) -> dict[str, object]:
    return {
        "reader": str(reference.reader),
        "target": str(reference.target),
        "external": reference.external,
        "evidence": reference.evidence,
    }
