"""The contract of a view, and the one place that chooses between them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Protocol, TextIO, runtime_checkable

from stackyard.model.events import Event
from stackyard.views import json_lines, live, painting, text


@runtime_checkable
class View(Protocol):
    """Shows what happens. Called from one thread; `event` returns at once and never raises for any event."""

    def event(self, event: Event) -> None:
        """Take one event in."""

    def note(self, message: str) -> None:
        """A line for the user that is no event (a JSON view leaves it out)."""

    def pause(self) -> None:
        """Leave the screen alone, so that somebody can ask a question; the next event goes on."""

    def close(self) -> None:
        """Write what is left and give the screen back. May be called twice; nothing may follow."""


def open_view(
    stream: TextIO, *, as_json: bool = False, verbose: bool = False, environ: Mapping[str, str] | None = None
) -> View:
    """The view that suits `stream`: JSON lines if asked for, live on a terminal, plain lines elsewhere.

    `CI` or `TERM=dumb` means plain lines. `verbose` shows unchanged resources and debug diagnostics too.
    """
    environ = os.environ if environ is None else environ
    if as_json:
        return json_lines.JsonLines(stream)
    painter = painting.painter_for(stream, environ)
    if painting.is_interactive(stream, environ):
        return live.LiveView(stream, painter, verbose=verbose)
    return text.TextView(stream, painter, verbose=verbose)
