"""What the verbs write: to the terminal for people, or versioned JSON lines for programs."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from stackyard.model.diagnostics import Diagnostic
from stackyard.model.estates import Stack
from stackyard.model.events import Event
from stackyard.model.plans import Plan

if TYPE_CHECKING:
    from stackyard.cost.deltas import Delta
    from stackyard.cost.prices import PriceBook
    from stackyard.views.base import View
    from stackyard.views.painting import Painter


_FEW: Final = 3  # plans that are read property by property; of more, what changes


def write_json(kind: str, document: Mapping[str, Any]) -> None:
    """One versioned JSON document on standard output."""
    from stackyard.views import json_lines  # lazy: a verb that prints one value needs no view

    json_lines.write(sys.stdout, kind, document)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on standard output."""
    from stackyard.views import tables  # lazy: as above

    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    for line in tables.render(header, rows, painter(), columns=columns):
        click.echo(line)


def lines(found: Sequence[str]) -> None:
    """Lines on standard output."""
    for line in found:
        click.echo(line)


def diagnose(found: Sequence[Diagnostic]) -> None:
    """Diagnostics that stop nothing, on standard error."""
    from stackyard.views import diagnostics  # lazy: as above

    for line in diagnostics.render_all(found, painter(error=True)):
        click.echo(line, err=True)


def note(message: str) -> None:
    """A line about what goes on, on standard error; it may quote what others wrote, such as a repository's server."""
    from stackyard.views import painting  # lazy: with the views

    click.echo("\n".join(map(painting.clean, message.split("\n"))), err=True)


def painter(*, error: bool = False) -> Painter:
    """Colours, where the stream and the environment allow them."""
    import os  # lazy: with the views

    from stackyard.views import painting  # lazy: as above

    return painting.painter_for(sys.stderr if error else sys.stdout, os.environ)


class Screen:
    """What a run shows: events as they happen, plans, and where it can be asked a question.

    `whole` shows every property of new resources, however many stacks there are.
    """

    def __init__(self, *, as_json: bool, verbose: bool = False, whole: bool = False) -> None:
        from stackyard.views import base  # lazy: only verbs that run stacks have a view

        self.as_json = as_json
        self._whole = whole
        self._view: View = base.open_view(sys.stdout, as_json=as_json, verbose=verbose)

    def event(self, event: Event) -> None:
        """Take one event in."""
        self._view.event(event)

    def note(self, message: str) -> None:
        """A line for people."""
        self._view.note(message)

    def pause(self) -> None:
        """Leave the screen alone for a question."""
        self._view.pause()

    def plans(self, plans: Mapping[str, Plan], stacks: Mapping[str, Stack]) -> None:
        """Every plan that changes something, in order; as JSON, every plan. Few are shown with all properties."""
        self._view.pause()
        changing = {key for key, plan in plans.items() if plan.changes or plan.outputs_changed}
        for key, plan in plans.items():
            if self.as_json:
                write_json("plan", {"plan": plan})
            elif key in changing:
                self._plan(plan, stacks[key], whole=self._whole or len(changing) <= _FEW)

    def _plan(self, plan: Plan, stack: Stack, *, whole: bool) -> None:
        from stackyard.views import plans as views  # lazy: with the view

        options = views.Options(columns=shutil.get_terminal_size().columns, whole=whole)
        lines(["", *views.render(plan, painter(), cloud=stack.cloud, engine=stack.project.engine, options=options)])

    def costs(self, found: Sequence[Delta], book: PriceBook | None) -> None:
        """What the plans change of a month's standing cost; nothing when they change none."""
        if book is None or not found:
            return
        from stackyard.views import costs  # lazy: most plans change no cost

        if self.as_json:
            write_json("cost-change", costs.change_document(found, book))
        else:
            lines(["", *costs.changes(found, book.currency, painter())])

    def close(self) -> None:
        """Give the terminal back."""
        self._view.close()
