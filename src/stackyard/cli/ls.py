"""stackyard ls"""

from __future__ import annotations

import asyncio
from typing import Any

import click

from stackyard.cli import options, screens
from stackyard.operations import listing
from stackyard.operations.workspace import Opening, Workspace


@click.command("ls")
@options.selection
@options.opening
def command(select: tuple[str, ...], exclude: tuple[str, ...], opening: Opening, as_json: bool) -> None:
    """List the stacks of the estate: layer, engine, cloud, and what state says. Nothing is run."""
    rows = asyncio.run(_rows(opening, select, exclude))
    if as_json:
        screens.write_json("stacks", {"stacks": [_plain(row) for row in rows]})
        return
    header = ("STACK", "LAYER", "ENGINE", "CLOUD", "STATUS", "RESOURCES", "UPDATED")
    screens.table(header, [_cells(row) for row in rows])


async def _rows(opening: Opening, select: tuple[str, ...], exclude: tuple[str, ...]) -> tuple[listing.Row, ...]:
    async with Workspace(opening) as workspace:
        return await listing.rows(workspace, select, exclude)


def _plain(row: listing.Row) -> dict[str, Any]:
    return {
        "name": str(row.stack.name),
        "project": row.stack.project.name,
        "stack": row.stack.name.stack,
        "path": str(row.stack.project.path),
        "layer": row.stack.layer,
        "engine": row.stack.project.engine,
        "cloud": row.stack.cloud,
        "tags": list(row.stack.tags),
        "status": row.status,
        "resources": row.resources,
        "updated": row.updated or None,
    }


def _cells(row: listing.Row) -> tuple[str, ...]:
    stack = row.stack
    count = str(row.resources) if row.resources else ""
    return (stack.name.short, stack.layer, stack.project.engine, stack.cloud, row.status, count, row.updated[:19])
