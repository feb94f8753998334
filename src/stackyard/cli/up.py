"""stackyard up [SELECT]..."""

from __future__ import annotations

import dataclasses

import click

from stackyard.cli import options, running
from stackyard.operations.deploying import Request
from stackyard.operations.workspace import Opening


@click.command("up")
@options.running
@click.option("--refresh", is_flag=True, help="Read every resource first.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@options.opening
@options.acting
def command(
    request: Request,
    refresh: bool,
    yes: bool,
    opening: Opening,
    as_json: bool,
) -> int:
    """Bring the selected stacks (default: all) to what their programs say: preview, ask, deploy.

    A stack starts the moment the stacks it reads are done. After a crash, the same command goes on.
    """
    engine = dataclasses.replace(request.options, refresh=refresh)
    request = dataclasses.replace(request, options=engine)
    return running.carry_out(opening, request, apply=True, yes=yes, as_json=as_json).exit_code
