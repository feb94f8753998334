"""stackyard cloud start|stop|status|logs|reset|env"""

from __future__ import annotations

import asyncio
import shlex
from typing import Any

import click

from stackyard.cli import groups, options, screens
from stackyard.operations import clouds
from stackyard.operations.workspace import Opening


@click.group("cloud", cls=groups.Told)
def command() -> None:
    """The embedded cloud: an AWS of your own on the loopback address. Embedded runs start it by themselves."""


@command.command("start")
@options.opening
def start(opening: Opening, as_json: bool) -> None:
    """Start it, if it is not running; its server is installed on first use."""
    _show(asyncio.run(clouds.start(opening, screens.note)), as_json)


@command.command("stop")
@options.opening
def stop(opening: Opening, as_json: bool) -> None:
    """Stop it. What is in it stays."""
    ran = asyncio.run(clouds.stop(opening))
    if as_json:
        screens.write_json("cloud", {"stopped": ran})
    else:
        click.echo("stopped" if ran else "it was not running")


@command.command("status")
@options.opening
def status(opening: Opening, as_json: bool) -> None:
    """Show where it listens and what is in it."""
    _show(asyncio.run(clouds.status(opening)), as_json)


@command.command("logs")
@click.option("--follow", "-f", is_flag=True, help="Go on as lines are written.")
@click.option("--lines", "-n", default=100, show_default=True, type=click.IntRange(0), help="How many to begin with.")
@options.opening
def logs(follow: bool, lines: int, opening: Opening, as_json: bool) -> None:
    """Print the server's log."""

    async def print_all() -> None:
        async for line in clouds.logs(opening, lines=lines, follow=follow):
            if as_json:
                screens.write_json("cloud-log", {"line": line})
            else:
                click.echo(line)

    asyncio.run(print_all())


@command.command("reset")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@options.opening
def reset(yes: bool, opening: Opening, as_json: bool) -> None:
    """Delete everything in it. State of stacks is not touched: run `stackyard refresh` or destroy first."""
    if not yes:
        click.confirm("Delete every resource of every account in the embedded cloud?", abort=True)
    asyncio.run(clouds.reset(opening))
    if as_json:
        screens.write_json("cloud", {"reset": True})
    else:
        click.echo("the embedded cloud is empty")


@command.command("env")
@options.stack_argument
@options.opening
def env(stack: str | None, opening: Opening, as_json: bool) -> None:
    """Print the variables with which any AWS tool reaches a stack's account: `eval "$(stackyard cloud env)"`.

    They hold keys that are good for nothing but this estate's embedded cloud.
    """
    found = asyncio.run(clouds.environ(opening, stack or ""))
    if as_json:
        screens.write_json("cloud-env", {"environ": found})
        return
    for name, value in found.items():
        click.echo(f"export {name}={shlex.quote(value)}")


def _show(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        screens.write_json("cloud", found)
        return
    screens.table(("EMBEDDED CLOUD", ""), [(key, _text(key, value)) for key, value in found.items()])


def _text(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_row(row) if isinstance(row, dict) else str(row) for row in value) or "none"
    if key in ("memory", "uptime"):  # bytes and seconds, as the server says them
        return f"{value / 1_000_000:.0f} MB" if key == "memory" else f"{value:.0f} s"
    return str(value)


def _row(row: dict[str, Any]) -> str:
    return " ".join(f"{key}={value}" for key, value in row.items() if value not in ("", None))
