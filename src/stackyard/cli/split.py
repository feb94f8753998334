"""stackyard split STACK --into PROJECT/STACK..."""

from __future__ import annotations

from pathlib import Path

import click

from stackyard.cli import options, regrouping
from stackyard.operations.splitting import Request
from stackyard.operations.workspace import Opening


@click.command("split")
@click.argument("stack")
@click.option(
    "--into", "into", multiple=True, required=True, metavar="PROJECT/STACK", help="A stack that gets resources."
)
@click.argument("more", nargs=-1, metavar="[PROJECT/STACK]...")
@click.option("--map", "mapping", type=click.Path(path_type=Path), help="Follow this mapping instead of the one found.")
@click.option("--map-out", type=click.Path(path_type=Path), help="Write the mapping to this file, to be edited.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@options.opening
def command(
    stack: str,
    into: tuple[str, ...],
    more: tuple[str, ...],
    mapping: Path | None,
    map_out: Path | None,
    yes: bool,
    opening: Opening,
    as_json: bool,
) -> int:
    """Split a stack: its resources go to the stacks whose programs register them, and none is made anew.

    Write the new projects first. Which resource is whose is found by previewing them, shown as a table, and applied
    in one act over all the stacks; a killed one is finished by the next command. Nothing but records is changed.
    """
    return regrouping.carry_out(opening, Request((stack,), (*into, *more), mapping, map_out), yes=yes, as_json=as_json)
