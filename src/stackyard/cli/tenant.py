"""stackyard tenant new|ls|show|check|accept|suspend|resume|remove|wave|project|secret|token|webhook"""

from __future__ import annotations

import asyncio
import importlib
import sys
from typing import Any, Final

import click

from stackyard import errors
from stackyard.cli import groups, options, screens
from stackyard.model.diagnostics import Diagnostic
from stackyard.model.plans import Operation
from stackyard.model.tenants import Grant, Group, HostedProject, Organization
from stackyard.operations import leaving, tenants
from stackyard.operations.deploying import Deployment, Request
from stackyard.operations.workspace import Opening

_ELSEWHERE: Final = {"project": "project", "secret": "access", "token": "access", "wave": "wave", "webhook": "access"}


class _Verbs(groups.Told):
    """The verbs below, and those in modules of their own."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *_ELSEWHERE])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _ELSEWHERE:
            module = importlib.import_module(f"stackyard.cli.tenant_{_ELSEWHERE[cmd_name]}")
            found: click.Command = getattr(module, cmd_name)
            return found
        return super().get_command(ctx, cmd_name)


@click.group("tenant", cls=_Verbs)
def command() -> None:
    """Organizations: each is a file in the tenants' folder, and has an account of its own."""


@command.command("ls")
@options.opening
def ls(opening: Opening, as_json: bool) -> int:
    """List organizations: those with a file, those that asked for one, and those that are only deployed (orphans)."""
    found = asyncio.run(tenants.listed(opening))
    if as_json:
        screens.write_json("tenants", {"tenants": found.rows, "diagnostics": found.diagnostics, "asked": found.asked})
        return 0
    rows = [
        (
            row.name,
            str(row.status),
            row.display_name,
            *(str(n or "") for n in (row.people, row.projects, row.environments)),
        )
        for row in found.rows
    ]
    screens.table(("ORGANIZATION", "STATUS", "NAME", "PEOPLE", "PROJECTS", "ENVIRONMENTS"), rows)
    screens.diagnose(found.diagnostics)
    if not found.asked:
        screens.note("requests through the API are not shown: the control plane is not up")
    return 0


@command.command("show")
@click.argument("name")
@options.opening
def show(name: str, opening: Opening, as_json: bool) -> None:
    """Show one organization: people and what they may do, projects and rules, limits, and its stacks."""
    found = asyncio.run(tenants.shown(opening, name))
    if as_json:
        document = {"tenant": found.organization, "status": found.row.status, "stacks": found.stacks}
        screens.write_json("tenant", {**document, "orphans": found.orphans})
        return
    screens.table(("ORGANIZATION", name), _facts(found))
    screens.lines([""])
    screens.table(("GROUP", "MAY", "MEMBERS"), [_group(each) for each in found.organization.groups.values()])
    if rules := [row for each in found.organization.projects.values() for row in _rules(each)]:
        screens.lines([""])
        screens.table(("PROJECT", "REF", "ENVIRONMENT", "CALLED", "SERVICES", "EXPIRES"), rows=rules)
    stacks = [(stack, "up" if up else "not up") for stack, up in found.stacks.items()]
    screens.lines([""])
    screens.table(("STACK", "STATUS"), [*stacks, *((each, "orphan") for each in found.orphans)])


def _facts(found: tenants.Shown) -> list[tuple[str, str]]:
    said: Organization = found.organization
    limits, budget = said.limits, said.budget
    facts = [
        ("name", said.display_name),
        ("status", str(found.row.status)),
        ("owner", said.owner),
        ("billing", said.billing),
        (
            "runs",
            f"{limits.concurrent_runs} at once, {limits.run_minutes} minutes, {limits.cpu} cpu, {limits.memory_mb} MB",
        ),
        ("environments", f"{limits.environments} at most"),
        ("logs kept", f"{said.retention_days} days"),
    ]
    if budget:
        percents = ", ".join(f"{percent} %" for percent in budget.warn_at)
        facts.append(("budget", f"{budget.monthly:g} USD a month, told at {percents}, then: {budget.action}"))
    return facts


def _group(group: Group) -> tuple[str, str, str]:
    return group.name, ", ".join(_grant(each) for each in group.grants), ", ".join(group.members)


def _grant(grant: Grant) -> str:
    return str(grant.may) if grant.on == "*" else f"{grant.may} {grant.on}"


def _rules(project: HostedProject) -> list[tuple[str, ...]]:
    if not project.rules:
        return [(project.name, "the repository's own rules", "", "", "", "")]
    return [
        (
            project.name,
            f"{rule.kind} {rule.pattern}",
            rule.environment,
            rule.name,
            ", ".join(rule.services),
            f"{rule.expires // 3600} h" if rule.expires else "",
        )
        for rule in project.rules
    ]


@command.command("check")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@options.opening
def check(names: tuple[str, ...], opening: Opening, as_json: bool) -> int:
    """Check organizations' files (all by default), and their projects at the default branch: every fault at once."""
    told = asyncio.run(tenants.checked(opening, names, _quiet if as_json else screens.note))
    faulty = tenants.is_faulty(told)
    if as_json:
        screens.write_json("tenants-checked", {"sound": not faulty, "diagnostics": told})
    else:
        _tell(told)
    return 1 if faulty else 0


def _tell(told: tuple[Diagnostic, ...]) -> None:
    screens.diagnose(told)
    if not tenants.is_faulty(told):
        screens.note("every file is sound")


def _quiet(_: str) -> None:
    """JSON has no remarks."""


@command.command("new")
@click.argument("name")
@click.option("--display-name", default="", metavar="TEXT", help="As people call it.  [default: NAME]")
@click.option("--owner", required=True, metavar="MAIL", help="Who answers for it, and administers it.")
@click.option("--billing", default="", metavar="MAIL", help="Who gets the bill.  [default: the owner]")
@options.opening
def new(name: str, display_name: str, owner: str, billing: str, opening: Opening, as_json: bool) -> None:
    """Write the file of a new organization, complete and commented; `stackyard up` then makes it."""
    path = asyncio.run(tenants.made(opening, name, display_name=display_name, owner=owner, billing=billing))
    _written(name, path, as_json)


@command.command("accept")
@click.argument("name")
@options.opening
def accept(name: str, opening: Opening, as_json: bool) -> None:
    """Write the file of an organization that asked through the control API."""
    path = asyncio.run(tenants.accepted(opening, name, _quiet if as_json else screens.note))
    _written(name, path, as_json)


def _written(name: str, path: str, as_json: bool) -> None:
    if as_json:
        screens.write_json("tenant-written", {"name": name, "path": path})
        return
    click.echo(path)
    screens.note(f"look it through, then: stackyard up tenant:{name}")


@command.command("suspend")
@click.argument("name")
@click.option("--yes", "-y", is_flag=True, help="Bring its stacks up at once, without asking.")
@options.opening
def suspend(name: str, yes: bool, opening: Opening, as_json: bool) -> int:
    """Stop an organization: no run starts, no schedule fires, nothing new is activated; nothing is lost."""
    return _flag(opening, name, True, yes=yes, as_json=as_json)


@command.command("resume")
@click.argument("name")
@click.option("--yes", "-y", is_flag=True, help="Bring its stacks up at once, without asking.")
@options.opening
def resume(name: str, yes: bool, opening: Opening, as_json: bool) -> int:
    """Let a suspended organization go on."""
    return _flag(opening, name, False, yes=yes, as_json=as_json)


def _flag(opening: Opening, name: str, value: bool, *, yes: bool, as_json: bool) -> int:
    changed = asyncio.run(tenants.suspended(opening, name, value))
    state = "suspended" if value else "not suspended"
    if as_json:
        screens.write_json("tenant-suspended", {"name": name, "suspended": value, "changed": changed})
    else:
        screens.note(f"{name} is {state} in its file{'' if changed else ' already'}")
    if yes:
        request = Request(Operation.UP, (f"tenant:{name}",))
        return _deploy(opening, request, yes=True, as_json=as_json)
    if not as_json:
        screens.note(f"it takes effect with: stackyard up tenant:{name}")
    return 0


def _deploy(opening: Opening, request: Request, *, yes: bool, as_json: bool) -> int:
    return _deployed(opening, request, yes=yes, as_json=as_json).exit_code


def _deployed(opening: Opening, request: Request, *, yes: bool, as_json: bool) -> Deployment:
    from stackyard.cli import running  # lazy: it brings in what runs stacks

    return running.carry_out(opening, request, apply=True, yes=yes, as_json=as_json)


@command.command("remove")
@click.argument("name")
@click.option("--with-data", is_flag=True, help="Delete what is in its data bucket, too. The archive stays.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@options.opening
def remove(name: str, with_data: bool, yes: bool, opening: Opening, as_json: bool) -> int:
    """Destroy an organization's stacks and remove its file and tokens. Its archive stays, and its place is told.

    Refused while an environment of it is active: take its projects out of the file and reconcile first, which
    archives them. After a crash, the same command goes on.
    """
    tell = _quiet if as_json else screens.note
    found = asyncio.run(leaving.surveyed(opening, name, tell))
    if found.objects and not found.disposable:
        _empty(opening, found, with_data=with_data, yes=yes, as_json=as_json, tell=tell)
    selected, agreed = (*found.stacks, *found.orphans), yes
    if selected:
        known = Opening(opening.cwd, (*opening.stacks, *found.orphans), opening.backend, past_entries=True)
        destroyed = _deployed(known, Request(Operation.DESTROY, selected), yes=yes, as_json=as_json)
        if destroyed.exit_code or destroyed.updates is None:
            return destroyed.exit_code
        agreed = yes or bool(destroyed.changes)
    if not agreed:
        _ask(f"Remove the file and the tokens of {name}?", as_json)
    gone = asyncio.run(leaving.finished(opening, found, tell))
    if as_json:
        screens.write_json("tenant-removed", {"name": name, "gone": gone})
        return 0
    counted = ((gone.tokens, "token"), (gone.secrets, "secret"))
    more = [f"{count} {what}{'s' if count != 1 else ''}" for count, what in counted if count]
    screens.note(f"{gone.path or name} is removed" + (f", with {' and '.join(more)}" if more else ""))
    screens.note(f"its archive stays: {gone.archive}" if gone.archive else "it has no archive")
    return 0


def _ask(question: str, as_json: bool) -> None:
    if as_json or not sys.stdin.isatty():
        raise errors.UsageError("this needs your consent, and there is no terminal to ask", hint="pass --yes")
    click.confirm(question, abort=True)


def _empty(opening: Opening, found: leaving.Leaving, *, with_data: bool, yes: bool, as_json: bool, tell: Any) -> None:
    if not with_data:
        message = f"the data bucket {found.bucket} of {found.name} has {found.objects} objects and versions"
        raise errors.UsageError(message, hint="--with-data deletes them; the archive is another bucket, and stays")
    if not yes:
        _ask(f"Delete {found.objects} objects and versions in {found.bucket} for good?", as_json)
    count = asyncio.run(leaving.emptied(opening, found, tell))
    tell(f"{found.bucket}: {count} objects and versions are deleted")
