"""stackyard new estate|project|component|service NAME"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from stackyard import errors
from stackyard.cli import screens
from stackyard.operations import creating
from stackyard.operations.creating import Wish
from stackyard.scaffold.templates import Variable

F = TypeVar("F", bound=Callable[..., Any])


def _making(function: F) -> F:
    """The options of everything that is made; passed on as one `Wish`."""

    @click.argument("name")
    @click.option("--template", "-t", default="", metavar="PATH|URL[#REF]", help="Make it by this template.")
    @click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="Answer a variable of the template.")
    @click.option("--json", "as_json", is_flag=True, help="Write versioned JSON.")
    @functools.wraps(function)
    def wrapper(*, name: str, template: str, given: tuple[str, ...], as_json: bool, **others: Any) -> None:
        answers = dict(_answer(each) for each in given)
        ask = _ask if sys.stdin.isatty() and not as_json else creating.refuse_to_ask
        cwd = str((click.get_current_context().find_root().obj or {}).get("cwd") or ".")
        _show(function(cwd, Wish(name, template, answers, ask), **others), as_json)

    return wrapper  # type: ignore[return-value]


def _answer(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise errors.UsageError(f"{text!r} is not NAME=VALUE", hint="for example --set owner=team-catalog")
    return name, value


def _ask(variable: Variable, default: str | None) -> str:
    """Ask on the terminal, on standard error, so that what is written can be piped."""
    said = f"{variable.name} ({variable.description})" if variable.description else variable.name
    return str(click.prompt(said, default=default, err=True))


@click.group("new")
def command() -> None:
    """Make an estate, a project, a component or a service. Nothing that exists is overwritten."""


@command.command("estate")
@_making
def estate(cwd: str, wish: Wish) -> tuple[Path, ...]:
    """Make an estate in the new folder NAME: a manifest, to which projects are added."""
    return creating.estate(cwd, wish)


@command.command("project")
@click.option("--description", "-d", default="", help="What it is for.")
@_making
def project(cwd: str, wish: Wish, description: str) -> tuple[Path, ...]:
    """Make a Python project in the new folder NAME: Pulumi.yaml and __main__.py, nothing more.

    NAME may have folders before it, such as those of a layer: foundation/network.
    """
    return creating.project(cwd, wish, description)


@command.command("component")
@click.option("--in", "folder", default="", metavar="FOLDER", help="Where (default: the first of discovery.sources).")
@_making
def component(cwd: str, wish: Wish, folder: str) -> tuple[Path, ...]:
    """Make a component that several programs can import, and its test."""
    return creating.component(cwd, wish, folder)


@command.command("service")
@_making
def service(cwd: str, wish: Wish) -> tuple[Path, ...]:
    """Make a service in a program that is there: its module, its registration, its tests, its CODEOWNERS lines.

    What it is made of is said by the estate's own template, templates/service.
    """
    return creating.service(cwd, wish)


def _show(written: tuple[Path, ...], as_json: bool) -> None:
    if as_json:
        screens.write_json("written", {"files": [str(path) for path in written]})
        return
    for path in written:
        click.echo(f"wrote {path}")
