"""stackyard up [SELECT]..."""

from __future__ import annotations

import click

from stackyard.cli import options, running
from stackyard.engines.base import Options
from stackyard.model.plans import Operation
from stackyard.operations.deploying import Request
from stackyard.operations.workspace import Opening


@click.command("up")
@options.selection
@options.running
@click.option("--refresh", is_flag=True, help="Read every resource first.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@options.opening
def command(
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    parallel: int | None,
    continue_on_error: bool,
    debug: bool,
    refresh: bool,
    yes: bool,
    opening: Opening,
    as_json: bool,
) -> int:
    """Bring the selected stacks (default: all) to what their programs say: preview, ask, deploy.

    A stack starts the moment the stacks it reads are done. After a crash, the same command goes on.
    """
    engine = Options(continue_on_error=continue_on_error, debug=debug, refresh=refresh)
    request = Request(Operation.UP, select, exclude, parallel or 0, engine)
    return running.carry_out(opening, request, apply=True, yes=yes, as_json=as_json).exit_code
