"""stackyard environment ls|reconcile|activate|retire|archive|archives; the verbs about runs are in `cli.runs`"""

from __future__ import annotations

import asyncio
import functools
import importlib
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final

import click

from stackyard import errors
from stackyard.cli import groups, options, screens
from stackyard.operations import archives as keeping
from stackyard.operations import environments, interrupts
from stackyard.operations.environments import ByHand, Reconciled, Voice
from stackyard.operations.reconciling import Manner
from stackyard.operations.surveying import Survey
from stackyard.operations.workspace import Opening
from stackyard.tenancy.reconcile import Act

Work = Callable[[Voice, Callable[[Survey], bool]], Coroutine[Any, Any, Reconciled]]
_RUNNING: Final = {
    "run": "Start a run.",
    "stop": "Ask a run to end.",
    "runs": "List the latest runs.",
    "logs": "Print the log of a run.",
}


class _Verbs(groups.Told):
    """The verbs below, and those about runs, which are in a module of their own."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *_RUNNING])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _RUNNING:
            module = importlib.import_module("stackyard.cli.runs")
            found: click.Command = getattr(module, f"{cmd_name}_command")
            return found
        return super().get_command(ctx, cmd_name)


@click.group("environment", cls=_Verbs)
def command() -> None:
    """Activated environments: a branch or tag of a hosted project, brought up by its organization's rules."""


def names(text: str, count: int) -> tuple[str, ...]:
    """`ORG/PROJECT/ENV` in its parts. Raises UsageError."""
    parts = tuple(text.split("/"))
    if len(parts) != count or not all(parts):
        form = "/".join(("ORG", "PROJECT", "ENV")[:count])
        raise errors.UsageError(f"{text!r} is not of the form {form}", hint="`stackyard environment ls` lists them")
    return parts


def _how(function: Any) -> Any:
    """The options of what changes environments."""
    grace = "How long runs of an environment that goes may still take; then they are asked to stop."
    function = click.option("--grace", type=click.FloatRange(0), default=60, show_default=True, metavar="SECONDS",
                            help=grace)(function)  # fmt: skip
    function = click.option("--parallel", "-p", type=click.IntRange(1, 256), help="Stacks at once.")(function)
    install = "Do not install what scheduled runs need on this machine."
    function = click.option("--no-install", is_flag=True, help=install)(function)
    function = click.option("--yes", "-y", is_flag=True, help="Do not ask.")(function)

    @functools.wraps(function)
    def wrapper(*args: Any, grace: float, parallel: int | None, no_install: bool, **kwargs: Any) -> Any:
        return function(*args, manner=Manner(grace, parallel or 0, not no_install), **kwargs)

    return wrapper


@command.command("ls")
@click.argument("organizations", nargs=-1, metavar="[ORG]...")
@options.opening
def ls(organizations: tuple[str, ...], opening: Opening, as_json: bool) -> int:
    """List environments: of which ref and commit, whether deployed, and their last run."""
    from stackyard.views import environments as views  # lazy: only verbs with tables need them

    found, faults = asyncio.run(environments.listed(opening, organizations))
    if as_json:
        rows = [{**each.record.data(), "deployed": each.deployed, "run": each.run} for each in found]
        screens.write_json("environments", {"environments": rows, "diagnostics": faults})
    elif not found:
        screens.note("no environment is active; `stackyard environment reconcile` activates what the rules say")
    else:
        now = time.time()
        screens.table(views.HEADER, [views.listed(each.record, each.deployed, each.run, now) for each in found])
    screens.diagnose(() if as_json else faults)
    return 1 if faults else 0


@command.command("reconcile")
@click.argument("organizations", nargs=-1, metavar="[ORG]...")
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@_how
@options.opening
def reconcile(
    organizations: tuple[str, ...], dry_run: bool, yes: bool, manner: Manner, opening: Opening, as_json: bool
) -> int:
    """Make environments what the refs and rules say, of some organizations or all.

    New refs come up, moved ones are deployed again; what is gone or expired is stopped, archived, verified and
    destroyed. So is the stack of a project that is no longer hosted. After a crash, the same command goes on.
    Exits 4 when an environment failed, 1 for faulty files or repositories that cannot be read; the others are done
    all the same.
    """

    async def work(voice: Voice, agree: Callable[[Survey], bool]) -> Reconciled:
        return await environments.reconciled(opening, organizations, voice, agree, manner)

    return carry_out(work, yes=yes, dry_run=dry_run, as_json=as_json)


@command.command("activate")
@click.argument("project", metavar="ORG/PROJECT")
@click.argument("ref")
@click.option("--environment", "-e", default="", metavar="NAME", help="Meltano's environment; the rules decide if not.")
@click.option("--name", "-n", default="", metavar="NAME", help="What the environment is called.")
@click.option("--service", "services", multiple=True, metavar="NAME", help="With --environment: switch this on.")
@_how
@options.opening
def activate(
    project: str, ref: str, environment: str, name: str, services: tuple[str, ...], yes: bool, manner: Manner,
    opening: Opening, as_json: bool,
) -> int:  # fmt: skip
    """Bring one branch or tag up now. It follows its ref, and goes when the ref does."""
    organization, wanted = names(project, 2)
    asked = ByHand(organization, wanted, ref, environment, name, services)

    async def work(voice: Voice, agree: Callable[[Survey], bool]) -> Reconciled:
        return await environments.activate(opening, asked, voice, agree, manner)

    return carry_out(work, yes=yes, as_json=as_json)


@command.command("retire")
@click.argument("environment", metavar="ORG/PROJECT/ENV")
@_how
@options.opening
def retire(environment: str, yes: bool, manner: Manner, opening: Opening, as_json: bool) -> int:
    """Archive and destroy an environment that was activated by hand."""
    organization, project, name = names(environment, 3)

    async def work(voice: Voice, agree: Callable[[Survey], bool]) -> Reconciled:
        return await environments.retire(opening, (organization, project, name), voice, agree, manner)

    return carry_out(work, yes=yes, as_json=as_json)


@command.command("archive")
@click.argument("environment", metavar="ORG/PROJECT/ENV")
@options.opening
def archive(environment: str, opening: Opening, as_json: bool) -> None:
    """Copy an environment to its organization's archive now, and verify it; nothing is destroyed."""
    organization, project, name = names(environment, 3)
    made = asyncio.run(environments.archived(opening, (organization, project, name), screens.note))
    if as_json:
        screens.write_json("archive", {"archive": made.document()})
    else:
        click.echo(f"{made.prefix}: {len(made.files)} files, {made.size} bytes, verified")


@command.command("archives")
@click.argument("organization", metavar="ORG")
@click.option("--expire", is_flag=True, help="Delete those that their rule does not keep any longer.")
@options.opening
def archives(organization: str, expire: bool, opening: Opening, as_json: bool) -> int:
    """List the archives of an organization. Exits 1 when one cannot be read, or cannot be deleted for that."""
    from stackyard.views import environments as views  # lazy: only verbs with tables need them

    found = asyncio.run(keeping.listed(opening, organization, expire=expire, tell=screens.note))
    if as_json:
        document = {"archives": [each.document() for each in found.left], "diagnostics": found.diagnostics}
        screens.write_json("archives", {**document, "deleted": [each.prefix for each in found.gone]})
    else:
        if found.left:
            screens.table(views.ARCHIVES, [views.archive(each) for each in found.left])
        elif not found.diagnostics:
            screens.note(f"{organization} has no archives")
        screens.diagnose(found.diagnostics)
    return 1 if found.diagnostics else 0


def carry_out(work: Work, *, yes: bool, as_json: bool, dry_run: bool = False) -> int:
    """Show what is decided, ask, do it, and sum up; the exit code."""
    try:
        return asyncio.run(_carry_out(work, yes=yes, as_json=as_json, dry_run=dry_run))
    except asyncio.CancelledError:
        hint = "what was done is recorded; `stackyard environment reconcile` goes on from there"
        raise errors.Cancelled("the running steps were cancelled", hint=hint) from None


async def _carry_out(work: Work, *, yes: bool, as_json: bool, dry_run: bool) -> int:
    screen = screens.Screen(as_json=as_json)

    def agree(survey: Survey) -> bool:
        screen.pause()
        _show(survey, as_json)
        return not dry_run and not survey.idle and _agreed(screen, yes)

    try:
        with interrupts.handled(screen.note) as cancelled:
            done = await work(Voice(screen.event, screen.note, cancelled), agree)
    finally:
        screen.close()
    _sum_up(done, as_json)
    if cancelled.is_set() and done.exit_code:
        screen.note("stopped; the same command goes on from there")
        return errors.Cancelled.exit_code
    return done.exit_code


def _show(survey: Survey, as_json: bool) -> None:
    from stackyard.views import environments as views  # lazy: as above

    if as_json:
        changes = [change for decision in survey.decisions for change in decision.changes]
        rows = [
            {"environment": change.entry, "act": change.act, "reason": change.reason, "record": change.record,
             "target": change.target} for change in changes
        ]  # fmt: skip
        going = [{"project": each.entry, "reason": each.reason} for each in survey.leftovers]
        screens.write_json("decision", {"changes": rows, "projects": going, "diagnostics": survey.diagnostics})
        return
    screens.diagnose(survey.diagnostics)
    kept = sum(len(decision.changes) for decision in survey.decisions) - len(survey.pending)
    told = [views.decided(each.entry, each.act, each.target or each.record, each.reason) for each in survey.pending]
    told += [views.decided(each.entry, Act.UNHOST, None, each.reason) for each in survey.leftovers]
    if told:
        screens.table(views.DECIDED, told)
    acts = views.counted([row[1] for row in told])
    screens.note(f"{acts}; {kept} stay{'s' if kept == 1 else ''} as {'it is' if kept == 1 else 'they are'}")


def _agreed(screen: screens.Screen, yes: bool) -> bool:
    if yes:
        return True
    if screen.as_json or not sys.stdin.isatty():
        raise errors.UsageError("this needs your consent, and there is no terminal to ask", hint="pass --yes")
    agreed = click.confirm("Do this?", default=False)
    if not agreed:
        screen.note("nothing was changed")
    return agreed


def _sum_up(done: Reconciled, as_json: bool) -> None:
    if as_json:
        screens.write_json("reconciled", {"results": done.results, "diagnostics": done.diagnostics})
        return
    screens.diagnose(done.diagnostics)
    shown = {str(each.message) for each in done.diagnostics}
    for result in done.results:
        if result.fault:
            told = "see above" if shown.issuperset(result.fault.split("; ")) else result.fault
            name, hint = result.entry.replace(".", "/"), f" ({result.hint})" if result.hint else ""
            screens.note(f"{name}: {result.act} failed: {told}{hint}")
    good = sum(1 for result in done.results if not result.fault)
    if done.results:
        screens.note(f"{good} of {len(done.results)} done")
