"""stackyard environment run|stop|runs|logs"""

from __future__ import annotations

import asyncio
import datetime
import getpass
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import click

from stackyard import errors
from stackyard.cli import options, screens
from stackyard.cli.environment import names
from stackyard.model.activations import Activation
from stackyard.operations import environments, launching
from stackyard.operations.hosting import Hosting
from stackyard.operations.workspace import Opening
from stackyard.tenancy.rows import Row
from stackyard.views import environments as views

T = TypeVar("T")
_ENVIRONMENT = click.argument("environment", metavar="ORG/PROJECT/ENV")


@click.command("run")
@_ENVIRONMENT
@click.argument("jobs", nargs=-1, metavar="[JOB]...")
@click.option("--wait", "-w", is_flag=True, help="Wait until it has ended; exits 4 when it did not succeed.")
@click.option("--follow", "-f", is_flag=True, help="Print its log and wait.")
@options.opening
def run_command(
    environment: str, jobs: tuple[str, ...], wait: bool, follow: bool, opening: Opening, as_json: bool
) -> int:
    """Start a run of an environment: its default jobs, or those named (what `meltano run` is given)."""

    async def work(hosts: Hosting, record: Activation) -> Row:
        run = await launching.start(hosts, record, jobs, _user(), screens.note)
        follow_it = "" if wait or follow else f"; its log: stackyard environment logs {record.title} --follow"
        screens.note(f"run {run} is started{follow_it}")
        if follow:
            await _follow(hosts, record, run, as_json=as_json, follow=True)
        if wait or follow:
            return await launching.ended(hosts, record, run)
        return {"run": run, "status": "starting"}

    return _told(asyncio.run(_within(opening, environment, work)), as_json)


@click.command("stop")
@_ENVIRONMENT
@click.argument("run", required=False)
@options.opening
def stop_command(environment: str, run: str | None, opening: Opening, as_json: bool) -> None:
    """Ask a run to end, by default the one under way. What it has not committed never happened."""

    async def work(hosts: Hosting, record: Activation) -> str:
        return await launching.stop(hosts, record, run or "", _user())

    stopped = asyncio.run(_within(opening, environment, work))
    if as_json:
        screens.write_json("stopping", {"run": stopped})
    else:
        click.echo(f"run {stopped} is asked to end")


@click.command("runs")
@_ENVIRONMENT
@click.option("--limit", "-n", default=20, show_default=True, type=click.IntRange(1, 1000))
@options.opening
def runs_command(environment: str, limit: int, opening: Opening, as_json: bool) -> None:
    """List the latest runs of an environment, newest first."""

    async def work(hosts: Hosting, record: Activation) -> list[Row]:
        return await launching.latest(hosts, record, limit)

    found = asyncio.run(_within(opening, environment, work))
    if as_json:
        screens.write_json("runs", {"runs": found})
    elif found:
        screens.table(views.RUNS, views.runs(found))
    else:
        screens.note(f"{environment} has not run yet; stackyard environment run {environment}")


@click.command("logs")
@_ENVIRONMENT
@click.argument("run", required=False)
@click.option("--follow", "-f", is_flag=True, help="Go on until the run has ended; exits 4 when it did not succeed.")
@options.opening
def logs_command(environment: str, run: str | None, follow: bool, opening: Opening, as_json: bool) -> int:
    """Print the log of a run, by default the latest."""

    async def work(hosts: Hosting, record: Activation) -> int:
        chosen = run or next((row["run"] for row in await launching.latest(hosts, record, 1)), "")
        if not chosen:
            raise errors.UsageError(f"{environment} has not run yet", hint=f"stackyard environment run {environment}")
        await _follow(hosts, record, chosen, as_json=as_json, follow=follow)
        if not follow:
            return 0
        row = await launching.ended(hosts, record, chosen)
        if not as_json and (code := _code(row)):
            screens.note(f"run {chosen} has {row['status']}: {views.why(row) or 'it does not say why'}")
            return code
        return _code(row)

    return asyncio.run(_within(opening, environment, work))


async def _within(opening: Opening, name: str, work: Callable[[Hosting, Activation], Awaitable[T]]) -> T:
    organization, project, environment = names(name, 3)
    async with environments.opened(opening, screens.note) as workspace:
        hosts = Hosting(workspace)
        return await work(hosts, hosts.record(organization, project, environment))


async def _follow(hosts: Hosting, record: Activation, run: str, *, as_json: bool, follow: bool) -> None:
    async for line in launching.lines(hosts, record, run, follow=follow):
        if as_json:
            screens.write_json("log", {"run": run, **line})
        else:
            clock = datetime.datetime.fromtimestamp(line["timestamp"] / 1000, datetime.UTC)
            screens.lines([f"{clock:%H:%M:%S} {_clean(line['message'])}"])


def _clean(text: str) -> str:
    from stackyard.views import painting  # lazy: as the other views

    return painting.clean(text.rstrip("\n"))


def _told(row: Row, as_json: bool) -> int:
    if as_json:
        screens.write_json("run", {"run": row})
    elif row["status"] in launching.FINAL:
        screens.table(views.RUNS, views.runs([row]))
        if why := views.why(row):
            screens.note(why)
    return _code(row)


def _code(row: dict[str, Any]) -> int:
    return errors.EngineError.exit_code if row["status"] in ("failed", "stopped") else 0


def _user() -> str:
    """Who asks, for the record; a system without a name for its user is none the worse."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody"
