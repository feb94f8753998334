"""stackyard destroy [SELECT]..."""

from __future__ import annotations

import dataclasses

import click

from stackyard.cli import options, running
from stackyard.model.plans import Operation
from stackyard.operations.deploying import Request
from stackyard.operations.workspace import Opening


@click.command("destroy")
@options.running
@click.option("--ignore-dependents", is_flag=True, help="Destroy even what a deployed stack still reads.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@options.opening
@options.acting
def command(
    request: Request,
    ignore_dependents: bool,
    yes: bool,
    opening: Opening,
    as_json: bool,
) -> int:
    """Delete every resource of the selected stacks (default: all), readers before what they read."""
    request = dataclasses.replace(request, operation=Operation.DESTROY, ignore_dependents=ignore_dependents)
    return running.carry_out(opening, request, apply=True, yes=yes, as_json=as_json).exit_code
