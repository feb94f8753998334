"""stackyard destroy [SELECT]..."""

from __future__ import annotations

import click

from stackyard.cli import options, running
from stackyard.engines.base import Options
from stackyard.model.plans import Operation
from stackyard.operations.deploying import Request
from stackyard.operations.workspace import Opening


@click.command("destroy")
@options.selection
@options.running
@click.option("--ignore-dependents", is_flag=True, help="Destroy even what a deployed stack still reads.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@options.opening
def command(
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    parallel: int | None,
    continue_on_error: bool,
    debug: bool,
    ignore_dependents: bool,
    yes: bool,
    opening: Opening,
    as_json: bool,
) -> int:
    """Delete every resource of the selected stacks (default: all), readers before what they read."""
    engine = Options(continue_on_error=continue_on_error, debug=debug)
    request = Request(Operation.DESTROY, select, exclude, parallel or 0, engine, ignore_dependents)
    return running.carry_out(opening, request, apply=True, yes=yes, as_json=as_json).exit_code
