"""stackyard cancel STACK"""

from __future__ import annotations

import asyncio

import click

from stackyard.cli import options, screens
from stackyard.operations import cancelling
from stackyard.operations.workspace import Opening


@click.command("cancel")
@options.stack_argument
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@options.opening
def command(stack: str | None, yes: bool, opening: Opening, as_json: bool) -> None:
    """Break a stack's lock that its holder left behind.

    A holder that is still running is fenced off: it stops before its next effect. Locks of processes that
    died on this machine are taken over without this.
    """
    holder = asyncio.run(cancelling.holder(opening, stack or ""))
    if holder is None:
        if as_json:
            screens.write_json("cancelled", {"locks": []})
        else:
            click.echo("nobody holds it")
        return
    if not yes:
        who = f"{holder.username}@{holder.hostname} (pid {holder.pid}, since {holder.timestamp})"
        click.confirm(f"It is held by {who}. Break that lock?", abort=True)
    broken = asyncio.run(cancelling.break_locks(opening, stack or ""))
    if as_json:
        screens.write_json("cancelled", {"locks": [each.id for each in broken]})
    else:
        click.echo("the lock is broken")
