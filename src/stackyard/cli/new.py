"""stackyard new estate|project NAME"""

from __future__ import annotations

from pathlib import Path

import click

from stackyard.cli import screens
from stackyard.operations import creating

_JSON = click.option("--json", "as_json", is_flag=True, help="Write versioned JSON.")


@click.group("new")
def command() -> None:
    """Make an estate or a project. Nothing that exists is overwritten."""


@command.command("estate")
@click.argument("name")
@_JSON
@click.pass_context
def estate(context: click.Context, name: str, as_json: bool) -> None:
    """Make an estate in the new folder NAME: a manifest, to which projects are added."""
    _show(creating.estate(_cwd(context), name), as_json)


@command.command("project")
@click.argument("name")
@click.option("--description", "-d", default="", help="What it is for.")
@_JSON
@click.pass_context
def project(context: click.Context, name: str, description: str, as_json: bool) -> None:
    """Make a Python project in the new folder NAME: Pulumi.yaml and __main__.py, nothing more.

    NAME may have folders before it, such as those of a layer: foundation/network.
    """
    _show(creating.project(_cwd(context), name, description), as_json)


def _cwd(context: click.Context) -> str:
    return str((context.find_root().obj or {}).get("cwd") or ".")


def _show(written: tuple[Path, ...], as_json: bool) -> None:
    if as_json:
        screens.write_json("written", {"files": [str(path) for path in written]})
        return
    for path in written:
        click.echo(f"wrote {path}")
