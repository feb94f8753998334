"""stackyard preview [SELECT]..."""

from __future__ import annotations

import dataclasses

import click

from stackyard.cli import options, running
from stackyard.operations.deploying import Request
from stackyard.operations.workspace import Opening


@click.command("preview")
@options.running
@click.option("--refresh", is_flag=True, help="Read every resource first.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when there are changes to make.")
@options.opening
@options.acting
def command(
    request: Request,
    refresh: bool,
    detailed_exitcode: bool,
    opening: Opening,
    as_json: bool,
) -> int:
    """Show what `up` would do to the selected stacks (default: all); change nothing.

    Stacks need not exist yet: a stack that reads another one's output receives its previewed value, unknown
    where it is unknown.
    """
    engine = dataclasses.replace(request.options, refresh=refresh)
    request = dataclasses.replace(request, options=engine)
    done = running.carry_out(opening, request, apply=False, yes=False, as_json=as_json)
    if not done.failed and detailed_exitcode and done.changes:
        return running.CHANGES_PENDING
    return done.exit_code
