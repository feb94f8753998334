"""One plain line an event, prefixed by its stack: for logs, pipes and continuous integration."""

from __future__ import annotations

from typing import Final, TextIO

from stackyard.model import events, urns
from stackyard.model.diagnostics import Severity
from stackyard.model.plans import Op
from stackyard.model.updates import Outcome
from stackyard.model.urns import STACK_TYPE, URN
from stackyard.views import diagnostics, marks, summaries
from stackyard.views.painting import PLAIN, Painter, clean, duration, pad, plural
from stackyard.views.plans import SIMULATED
from stackyard.views.progress import Progress
from stackyard.views.streams import Stream

_WIDEST_PREFIX: Final = 40
_COLUMNS: Final = 160
_QUIET: Final = {Op.SAME, Op.READ, Op.READ_DISCARD}


class TextView:
    """Writes lines as events come; every line is flushed. `verbose` adds unchanged resources and debug logs."""

    def __init__(self, stream: TextIO, painter: Painter = PLAIN, *, verbose: bool = False) -> None:
        self._stream = Stream(stream)
        self._painter = painter
        self._verbose = verbose
        self._progress = Progress()
        self._prefix = 0

    def event(self, event: events.Event) -> None:
        """Write the line of an event, if it has one."""
        self._progress.apply(event)
        if isinstance(event, events.RunStarted):
            self._prefix = min(_WIDEST_PREFIX, max((len(name) for name in event.stacks), default=0))
            title = f"{marks.heading(event.operation, event.preview)} {plural(len(event.stacks), 'stack')}"
            self._write(self._painter.paint(title, "bold"))
        elif isinstance(event, events.RunFinished):
            for line in summaries.lines(self._progress, self._painter, _COLUMNS):
                self._write(line)
        else:
            for line in event_lines(event, self._painter, preview=self._progress.preview, verbose=self._verbose):
                self._write(self._prefixed(event.stack, line))

    def note(self, message: str) -> None:
        """Write a line that belongs to no stack."""
        for line in message.splitlines():
            self._write(clean(line))

    def pause(self) -> None:
        """Nothing to leave alone: lines are final."""

    def close(self) -> None:
        """Everything is written already."""

    def _prefixed(self, stack: str, line: str) -> str:
        return f"{self._painter.paint(pad(clean(stack), self._prefix), 'cyan')}  {line}" if stack else line

    def _write(self, line: str) -> None:
        self._stream.write(line.rstrip() + "\n")


def event_lines(
    event: events.StackStarted
    | events.StepStarted
    | events.StepFinished
    | events.Diagnosed
    | events.Printed
    | events.StackFinished,
    painter: Painter,
    *,
    preview: bool,
    verbose: bool = False,
) -> list[str]:
    """The lines of one stack's event, without its name."""
    if isinstance(event, events.StackStarted):
        return [painter.paint(f"started (cloud {event.cloud}, engine {event.engine})", "dim")]
    if isinstance(event, events.StepFinished):
        return _step(event, painter, preview, verbose)
    if isinstance(event, events.Diagnosed):
        if event.diagnostic.severity is Severity.DEBUG and not verbose:
            return []
        return diagnostics.render(event.diagnostic, painter)
    if isinstance(event, events.Printed):
        return [f"{painter.paint('|', 'dim')} {clean(event.line)}"]
    if isinstance(event, events.StackFinished):
        return _finished(event, painter, preview)
    return []


def _step(event: events.StepFinished, painter: Painter, preview: bool, verbose: bool) -> list[str]:
    urn, mark = URN(event.urn), marks.MARKS[event.op]
    # A preview's steps are in its plan, which is shown whole when the preview is done.
    quiet = preview or event.op in _QUIET or urn.type == STACK_TYPE or urns.is_internal(urn)
    if quiet and not (verbose or event.error):
        return []
    word = mark.plan if preview else mark.done
    style = mark.style
    if event.error:
        word, style = f"{mark.doing} failed: {_flat(event.error)}", "bold red"
    took = f" {painter.paint(duration(event.seconds), 'dim')}" if event.seconds >= 0.05 else ""
    simulated = f" {painter.paint(SIMULATED, 'yellow')}" if event.simulated else ""
    forced = f" (replaced because of {', '.join(map(clean, event.reasons))})" if event.reasons else ""
    name = f"{clean(urn.type)} {clean(urn.name)}"
    return [f"{painter.paint(mark.sign, mark.style)} {name} {painter.paint(word, style)}{forced}{simulated}{took}"]


def _flat(text: str) -> str:
    return " / ".join(line for line in (clean(line).strip() for line in text.splitlines()) if line)


def _finished(event: events.StackFinished, painter: Painter, preview: bool) -> list[str]:
    sign, style = marks.OUTCOMES[event.outcome]
    numbers = marks.counts(event.counts, painter, preview=preview)
    reason = f": {_flat(event.reason)}" if event.reason else ""
    took = f" in {duration(event.seconds)}" if event.outcome is not Outcome.SKIPPED else ""
    return [f"{painter.paint(f'{sign} {event.outcome}', style)}{took}{reason}" + (f"   {numbers}" if numbers else "")]
