"""stackyard install [SELECT]..."""

from __future__ import annotations

import asyncio
import dataclasses

import click

from stackyard import errors
from stackyard.cli import options, screens
from stackyard.operations import installing
from stackyard.operations.installing import Installed
from stackyard.operations.workspace import Opening, Workspace


@click.command("install")
@options.selection
@click.option("--again", is_flag=True, help="Also what has not changed since it was installed.")
@options.opening
def command(select: tuple[str, ...], exclude: tuple[str, ...], again: bool, opening: Opening, as_json: bool) -> None:
    """Install the packages of the selected stacks' projects (default: all) as their lock files say."""
    found = asyncio.run(_install(opening, select, exclude, again))
    if as_json:
        screens.write_json("installed", {"installations": [_plain(each) for each in found]})
    elif not found:
        click.echo("no project has packages of its own to install")
    else:
        rows = [(", ".join(each.projects), each.command, each.status, _time(each)) for each in found]
        screens.table(("PROJECT", "COMMAND", "STATUS", "TIME"), rows)
    faults = [each.fault for each in found if each.fault is not None]
    if faults:
        raise errors.DiagnosedError(faults)


async def _install(
    opening: Opening, select: tuple[str, ...], exclude: tuple[str, ...], again: bool
) -> tuple[Installed, ...]:
    def progress(line: str) -> None:
        click.echo(line, err=True)

    async with Workspace(opening) as workspace:
        return await installing.install(workspace, select, exclude, progress=progress, again=again)


def _plain(each: Installed) -> dict[str, object]:
    return {**dataclasses.asdict(each), "fault": each.fault.message if each.fault else None}


def _time(each: Installed) -> str:
    return f"{each.seconds:.1f}s" if each.seconds else ""
