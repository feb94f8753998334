"""stackyard refresh [SELECT]..."""

from __future__ import annotations

import dataclasses

import click

from stackyard.cli import options, running
from stackyard.model.plans import Operation
from stackyard.operations.deploying import Request
from stackyard.operations.workspace import Opening


@click.command("refresh")
@options.running
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@options.opening
@options.acting
def command(
    request: Request,
    yes: bool,
    opening: Opening,
    as_json: bool,
) -> int:
    """Read every resource of the selected stacks (default: all) again, and correct the state; programs do not run."""
    request = dataclasses.replace(request, operation=Operation.REFRESH)
    return running.carry_out(opening, request, apply=True, yes=yes, as_json=as_json).exit_code
