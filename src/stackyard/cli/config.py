"""stackyard config get|set|rm|explain"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import TypeVar

import click

from stackyard import errors
from stackyard.cli import options, screens
from stackyard.operations import configuring
from stackyard.operations.workspace import Opening, Workspace

T = TypeVar("T")
_ON = click.option("--on", "on", metavar="STACK", default="", help="The stack, where there are several.")
_PATH = click.option(
    "--path", "is_path", is_flag=True, help="KEY is a path inside a structured value, such as net.cidrs[0]."
)
_MASK = "[secret]"


def _within(opening: Opening, do: Callable[[Workspace], T]) -> T:
    async def run() -> T:
        async with Workspace(opening) as workspace:
            return await asyncio.to_thread(do, workspace)

    return asyncio.run(run())


@click.group("config")
def command() -> None:
    """A stack's configuration: `Pulumi.<stack>.yaml` over the fleet's values over the project's defaults."""


@command.command("explain")
@options.stack_argument
@click.option("--show-secrets", is_flag=True, help="Print secret values.")
@options.opening
def explain(stack: str | None, show_secrets: bool, opening: Opening, as_json: bool) -> None:
    """Show every value that the stack's program sees, and the file and line that gave it."""
    found = _within(opening, lambda workspace: configuring.settings(workspace, stack or _only(opening)))
    rows = [(each.key, each.value if show_secrets or not each.secret else _MASK, each.origin) for each in found]
    if as_json:
        shown = [{"key": key, "value": value, "origin": origin} for key, value, origin in rows]
        screens.write_json("config", {"config": shown})
        return
    screens.table(("KEY", "VALUE", "FROM"), [(key, value, str(origin or "")) for key, value, origin in rows])


@command.command("get")
@click.argument("key")
@_ON
@_PATH
@click.option("--show-secrets", is_flag=True, help="Print the value though it is secret.")
@options.opening
def get(key: str, on: str, is_path: bool, show_secrets: bool, opening: Opening, as_json: bool) -> None:
    """Print one value, as the program would get it. A secret is masked unless --show-secrets is given."""
    value, secret = _within(opening, lambda w: configuring.get(w, on or _only(opening), key, is_path=is_path))
    shown = value if show_secrets or not secret else _MASK
    if as_json:
        screens.write_json("config-value", {"key": key, "value": shown, "secret": secret})
    else:
        click.echo(shown)


@command.command("set")
@click.argument("key")
@click.argument("value", required=False)
@_ON
@_PATH
@click.option("--secret", is_flag=True, help="Keep it encrypted; asked for without echo when VALUE is left out.")
@options.opening
def put(key: str, value: str | None, on: str, is_path: bool, secret: bool, opening: Opening, as_json: bool) -> None:
    """Set one value in the stack's file; comments and order stay.

    Without VALUE it is read from standard input, so that a secret is in no shell history.
    """
    text = _asked(secret) if value is None else value
    name = _within(
        opening, lambda w: configuring.put(w, on or _only(opening), key, text, secret=secret, is_path=is_path)
    )
    if as_json:
        screens.write_json("config-set", {"key": name, "secret": secret})


@command.command("rm")
@click.argument("key")
@_ON
@_PATH
@options.opening
def remove(key: str, on: str, is_path: bool, opening: Opening, as_json: bool) -> None:
    """Remove one value from the stack's file; comments and order stay."""
    if not _within(opening, lambda w: configuring.remove(w, on or _only(opening), key, is_path=is_path)):
        raise errors.UsageError(
            f"{key} is not set in the stack's file", hint="`stackyard config explain` shows what is"
        )
    if as_json:
        screens.write_json("config-removed", {"key": key})


def _only(opening: Opening) -> str:
    """The stack that `--stack` named, in a folder without a manifest."""
    return opening.stacks[0] if len(opening.stacks) == 1 else ""


def _asked(secret: bool) -> str:
    if sys.stdin.isatty():
        return str(click.prompt("value", hide_input=secret))
    return sys.stdin.read().removesuffix("\n")
