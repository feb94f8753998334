"""stackyard merge SOURCE... --into STACK"""

from __future__ import annotations

from pathlib import Path

import click

from stackyard.cli import options, regrouping
from stackyard.operations.splitting import Request
from stackyard.operations.workspace import Opening


@click.command("merge")
@click.argument("sources", nargs=-1, required=True, metavar="STACK...")
@click.option("--into", required=True, metavar="PROJECT/STACK", help="The stack that gets the resources.")
@click.option("--map", "mapping", type=click.Path(path_type=Path), help="Follow this mapping instead of the one found.")
@click.option("--map-out", type=click.Path(path_type=Path), help="Write the mapping to this file, to be edited.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@options.opening
def command(
    sources: tuple[str, ...],
    into: str,
    mapping: Path | None,
    map_out: Path | None,
    yes: bool,
    opening: Opening,
    as_json: bool,
) -> int:
    """Merge stacks: the resources of STACK... that one program registers go to its stack, and none is made anew.

    The reverse of `split`, with the same mapping, the same act over all stacks, and the same previews afterwards.
    """
    return regrouping.carry_out(opening, Request(sources, (into,), mapping, map_out), yes=yes, as_json=as_json)
