"""stackyard output [STACK] [NAME]"""

from __future__ import annotations

import asyncio
import json

import click

from stackyard import errors
from stackyard.cli import options, screens
from stackyard.model import values
from stackyard.model.values import Secret, Value
from stackyard.operations import outputs
from stackyard.operations.workspace import Opening, Workspace


@click.command("output")
@options.stack_argument
@click.argument("name", required=False)
@click.option("--show-secrets", is_flag=True, help="Print secret values.")
@options.opening
def command(stack: str | None, name: str | None, show_secrets: bool, opening: Opening, as_json: bool) -> None:
    """Print a stack's recorded outputs, or one of them as plain text.

    Where there is only one stack, STACK may be left out. Secrets are masked unless --show-secrets is given.
    """
    found, name = asyncio.run(_read(opening, stack or "", name, show_secrets))
    found = values.reveal(found) if show_secrets else values.mask(found)
    if as_json:
        screens.write_json("outputs", {"outputs": found} if name is None else {"value": found})
    elif name is not None:
        click.echo(_text(found))
    else:
        screens.table(("OUTPUT", "VALUE"), [(key, _text(found[key])) for key in sorted(found)])


async def _read(opening: Opening, stack: str, name: str | None, opened: bool) -> tuple[Value, str | None]:
    async with Workspace(opening) as workspace:
        if name is None:
            stack, name = _meant(workspace, stack)
        if name is None:
            return await outputs.of(workspace, stack, opened=opened), None
        return await outputs.value(workspace, stack, name, opened=opened), name


def _meant(workspace: Workspace, word: str) -> tuple[str, str | None]:
    """The stack and the output that a lone word means: the only stack's output, unless it names a stack."""
    try:
        return outputs.one(workspace, word).name.short, None
    except errors.StackNotFound:
        stacks = workspace.estate.stacks
        if len(stacks) != 1:
            raise
        return stacks[0].name.short, word


def _text(value: Value) -> str:
    assert not isinstance(value, Secret)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)
