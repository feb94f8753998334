"""stackyard why STACK"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import click

from stackyard.cli import options, screens
from stackyard.model.estates import Evidence, Reference
from stackyard.operations import graphing
from stackyard.operations.workspace import Opening, Workspace


@click.command("why")
@options.stack_argument
@options.opening
def command(stack: str | None, opening: Opening, as_json: bool) -> None:
    """Show why a stack stands where it does: every edge of it, with the evidence for each.

    Evidence is `declared` in the manifest, `evaluated` from the source, or `recorded` when the program ran.
    """
    found = asyncio.run(_why(opening, stack or ""))
    if as_json:
        reads = [{"target": str(each.target), "evidence": each.evidence} for each in found.reads]
        read_by = [{"reader": str(each.reader), "evidence": each.evidence} for each in found.read_by]
        screens.write_json("why", {"stack": str(found.stack.name), "reads": reads, "read_by": read_by})
        return
    screens.lines(
        [
            f"{found.stack.name.short} reads",
            *(_edges(found.reads, reads=True) or ["  nothing"]),
            f"{found.stack.name.short} is read by",
            *(_edges(found.read_by, reads=False) or ["  nobody"]),
        ]
    )


async def _why(opening: Opening, name: str) -> graphing.Reasons:
    async with Workspace(opening) as workspace:
        return graphing.why(workspace, name)


def _edges(references: tuple[Reference, ...], *, reads: bool) -> list[str]:
    return [line for reference in references for line in _edge(reference, reads=reads)]


def _edge(reference: Reference, *, reads: bool) -> Iterator[str]:
    other = reference.target if reads else reference.reader
    yield f"  {other.short}" + (" (outside the estate)" if reference.external else "")
    for evidence in reference.evidence:
        yield f"    {_told(evidence)}"


def _told(evidence: Evidence) -> str:
    where = f" at {evidence.position}" if evidence.position else ""
    keys = f": {', '.join(evidence.keys)}" if evidence.keys else ""
    return f"{evidence.kind}{where}{keys}" + (" (conditional)" if evidence.conditional else "")
