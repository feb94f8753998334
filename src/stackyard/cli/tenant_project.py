"""stackyard tenant project add|remove"""

from __future__ import annotations

import asyncio
from typing import Any

import click

from stackyard import errors
from stackyard.cli import options, screens
from stackyard.operations import projects
from stackyard.operations.workspace import Opening


@click.group("project")
def project() -> None:
    """Git repositories of an organization, each with one meltano.yml."""


@project.command("add")
@click.argument("organization", metavar="ORG")
@click.argument("name")
@click.option("--repository", required=True, metavar="URL", help="Where git finds it.")
@click.option("--manifest", default="", metavar="PATH", help="Its meltano.yml, if not at the top.")
@click.option("--variable", "variables", multiple=True, metavar="NAME=VALUE", help="A variable of its runs; no secret.")
@click.option("--secret", "secrets", multiple=True, metavar="NAME", help="A variable whose value is kept as a secret.")
@click.option("--branch", "branches", multiple=True, metavar="RULE", help="PATTERN=ENVIRONMENT[+SERVICE]…")
@click.option("--tag", "tags", multiple=True, metavar="RULE", help="The same for tags.")
@options.opening
def add(
    organization: str, name: str, repository: str, manifest: str, variables: tuple[str, ...], secrets: tuple[str, ...],
    branches: tuple[str, ...], tags: tuple[str, ...], opening: Opening, as_json: bool,
) -> None:  # fmt: skip
    """Host a project: write it into the organization's file. Its environments come with the next reconcile.

    Without rules, the branch main becomes `prod` with its schedules on, and each branch feature/… an environment
    `dev-…` that expires three days after its last push.
    """
    rules = (*(_rule("branch", text) for text in branches), *(_rule("tag", text) for text in tags))
    given = dict(_variable(text) for text in variables)
    wanted = projects.Wanted(name, repository, manifest, secrets, given, rules)
    path = asyncio.run(projects.add(opening, organization, wanted))
    if as_json:
        screens.write_json("tenant-project", {"organization": organization, "project": name, "path": path})
    else:
        screens.note(f"{path} says so; `stackyard environment reconcile {organization}` makes its environments")


@project.command("remove")
@click.argument("organization", metavar="ORG")
@click.argument("name")
@options.opening
def remove(organization: str, name: str, opening: Opening, as_json: bool) -> None:
    """Host a project no longer: take it out of the organization's file.

    Nothing is touched but the file. The next reconcile archives its environments, verifies, and destroys them and it.
    """
    path = asyncio.run(projects.remove(opening, organization, name))
    if as_json:
        screens.write_json("tenant-project", {"organization": organization, "project": name, "path": path})
    else:
        told = f"`stackyard environment reconcile {organization}` archives its environments and destroys it"
        screens.note(f"{path} does not name it any more; {told}")


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise errors.UsageError(f"{text!r} gives no value", hint="such as SHOP_HOST=db.example.com")
    return name, value


def _rule(kind: str, text: str) -> dict[str, Any]:
    """`feature/**=dev+warehouse` as a rule of the file; a pattern's environments are named after their refs."""
    pattern, _, rest = text.rpartition("=")
    environment, *services = rest.split("+")
    if not pattern or not environment:
        raise errors.UsageError(f"{text!r} is no rule", hint="such as 'main=prod+schedules' or 'feature/**=dev'")
    named = {"name": f"{environment}-{{slug}}"} if set(pattern) & set("*?[") else {}
    switched = {"services": services} if services else {}
    return {kind: pattern, "environment": environment, **named, **switched}
