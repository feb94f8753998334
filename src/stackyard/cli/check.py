"""stackyard check [SELECT]..."""

from __future__ import annotations

import asyncio

import click

from stackyard.cli import options, screens
from stackyard.model.diagnostics import Severity
from stackyard.operations import checking
from stackyard.operations.workspace import Opening, Workspace


@click.command("check")
@options.selection
@options.opening
def command(select: tuple[str, ...], exclude: tuple[str, ...], opening: Opening, as_json: bool) -> int:
    """Tell everything that is wrong with the selected stacks (default: all). Nothing is run.

    Files, names, layers, cycles, references that lead nowhere, and outputs that are read but not exported: all at once,
    each with its place. The exit code is 1 when there is an error; warnings do not change it.
    """
    report = asyncio.run(_check(opening, select, exclude))
    if as_json:
        counted = {"stacks": report.stacks, "references": report.references}
        screens.write_json("check", {**counted, "diagnostics": report.diagnostics, "exit_code": report.exit_code})
        return report.exit_code
    screens.diagnose(report.diagnostics)
    if not report.diagnostics:
        screens.note(f"{report.stacks} stacks and {report.references} references between them: nothing is wrong")
    elif not any(found.severity is Severity.ERROR for found in report.diagnostics):
        screens.note("no errors")
    return report.exit_code


async def _check(opening: Opening, select: tuple[str, ...], exclude: tuple[str, ...]) -> checking.Report:
    async with Workspace(opening) as workspace:
        return await checking.check(workspace, select, exclude)
