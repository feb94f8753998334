"""stackyard cost"""

from __future__ import annotations

import asyncio
import dataclasses
import shutil
import sys

import click

from stackyard import errors
from stackyard.cli import options, screens
from stackyard.cost.budgets import Verdict
from stackyard.cost.reports import By, Report
from stackyard.model.plans import Operation
from stackyard.operations import costing, tenants
from stackyard.operations.deploying import Request
from stackyard.operations.workspace import Opening, Workspace


@click.command("cost")
@click.option(
    "--by", type=click.Choice([each.value for each in By]), default="layer", show_default=True, help="Add up by this."
)
@click.option("--month", metavar="YYYY-MM", default="", help="The month (default: the current one, as far as it went).")
@click.option("--organization", "-o", metavar="NAME", default="", help="One organization, its share of the fabric too.")
@click.option(
    "--prices", "book", metavar="NAME", default="", help="Another price book, of the estate's folder prices/."
)
@click.option("--standing-only", is_flag=True, help="Ask no cloud: only what resources cost while they stand.")
@click.option("--csv", "as_csv", is_flag=True, help="Write the rows as a CSV file in the form of FOCUS 1.2.")
@click.option("--check-budgets", is_flag=True, help="Exit with 5 when an organization has exceeded its budget.")
@click.option(
    "--enforce-budgets", is_flag=True, help="Suspend organizations beyond a budget that says so; then --check-budgets."
)
@click.option("--publish", is_flag=True, help="Also write it to the tables from which the control API shows it.")
@options.opening
def command(
    by: str,
    month: str,
    organization: str,
    book: str,
    standing_only: bool,
    as_csv: bool,
    check_budgets: bool,
    enforce_budgets: bool,
    publish: bool,
    opening: Opening,
    as_json: bool,
) -> int:
    """Show what the estate cost in a month: list prices × resources in its state × metered use.

    By organization, project or environment, what all use is charged to those who use it: half evenly by environment,
    half by the compute of their runs.
    """
    if as_csv and as_json:
        raise errors.UsageError("--csv and --json are two forms of the same: name one")
    question = costing.Question(By(by), month, organization, book, metered=not standing_only)
    report = asyncio.run(_report(opening, question, publish=publish))
    if as_csv:
        _write_csv(report)
    else:
        _show(report, as_json=as_json)
    if enforce_budgets:
        _enforce(opening, report)
    exceeded = any(each.verdict is Verdict.EXCEEDED for each in report.budgets)
    return costing.OVER_BUDGET if (check_budgets or enforce_budgets) and exceeded else 0


def _enforce(opening: Opening, report: Report) -> None:
    """Suspend who is to be suspended, in its file and at once in the cloud: no run of theirs starts from now on."""
    names = [each.organization for each in report.budgets if each.suspend]
    for name in names:
        asyncio.run(tenants.suspended(opening, name, True))
        screens.note(f"{name} has spent its budget and is suspended; `stackyard tenant resume {name}` lets it go on")
    if names:
        from stackyard.cli import running  # lazy: it brings in what runs stacks

        select = tuple(f"tenant:{name}" for name in names)
        running.carry_out(opening, Request(Operation.UP, select), apply=True, yes=True, as_json=False)


async def _report(opening: Opening, question: costing.Question, *, publish: bool) -> Report:
    async with Workspace(dataclasses.replace(opening, past_entries=True)) as workspace:
        report = await costing.report(workspace, question)
        if publish:
            await _publish(workspace, report)
        return report


async def _publish(workspace: Workspace, report: Report) -> None:
    from stackyard.operations import publishing  # lazy: only for --publish

    written = await publishing.publish(workspace, report)
    if not written:
        hint = "a stack of the fabric exports `table_names` with `costs`: stackyard up storage/Production"
        raise errors.UsageError("this estate has no table of costs", hint=hint)
    for table, count in written.items():
        screens.note(f"{count} rows of {report.period.name} are in {table}")


def _write_csv(report: Report) -> None:
    from stackyard.cost import rows  # lazy: the other forms are written by views

    sys.stdout.write(rows.to_csv(report.rows, report.book, report.period))
    for note in report.notes:
        screens.note(note)


def _show(report: Report, *, as_json: bool) -> None:
    from stackyard.views import costs  # lazy: with the views

    if as_json:
        screens.write_json("cost", costs.document(report))
        return
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    screens.lines(costs.render(report, screens.painter(), columns))
