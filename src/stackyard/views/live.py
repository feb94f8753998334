"""A live screen for a run of many stacks: totals, what runs with its steps, what failed, what was done last."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable
from typing import Final, TextIO

from stackyard.model import events
from stackyard.views import frames, marks, summaries, text
from stackyard.views.painting import Painter, clean, fit, plural
from stackyard.views.progress import Progress
from stackyard.views.region import Region

_INTERVAL: Final = 0.1
_WIDEST_PREFIX: Final = 40


class LiveView:
    """Repaints at most ten times a second from a thread of its own, so a busy program does not stop the clock.

    Diagnostics and what programs print scroll by above the screen. `clock` gives seconds since the epoch.
    """

    def __init__(
        self,
        stream: TextIO,
        painter: Painter,
        *,
        verbose: bool = False,
        clock: Callable[[], float] = time.time,
        ticking: bool = True,
    ) -> None:
        self._painter = painter
        self._verbose = verbose
        self._clock = clock
        self._ticking = ticking
        self._region = Region(stream)
        self._progress = Progress()
        self._above: list[str] = []
        self._in_run = False
        self._active = False
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._ticker: threading.Thread | None = None

    def event(self, event: events.Event) -> None:
        """Take an event in; it is seen at the next tick."""
        with self._lock:
            self._progress.apply(event)
            if isinstance(event, events.RunStarted):
                self._in_run = True
                title = f"{marks.heading(event.operation, event.preview)} {plural(len(event.stacks), 'stack')}"
                self._above.append(self._painter.paint(title, "bold"))
            elif isinstance(event, events.RunFinished):
                self._finish()
            else:
                self._above += self._lasting(event)
            self._active = self._in_run
        if self._active:
            self._start()
        elif self._above:
            self.tick()

    def note(self, message: str) -> None:
        """A line that stays, above the screen."""
        with self._lock:
            self._above += [clean(line) for line in message.splitlines()]
        if not self._active:
            self.tick()

    def tick(self) -> None:
        """Paint now."""
        with self._lock:
            columns, rows = self._region.size()
            lines = self._frame(columns, rows) if self._active else []
            above, self._above = self._above, []
            self._region.draw(lines, above) if lines or above else self._region.clear()

    def pause(self) -> None:
        """Take the screen away until the next event."""
        self._halt()
        with self._lock:
            self._active = False
            above, self._above = self._above, []
            self._region.clear(above)

    def close(self) -> None:
        """Leave nothing but what stays; give the cursor back."""
        self.pause()
        atexit.unregister(self.close)

    def _frame(self, columns: int, rows: int) -> list[str]:
        return frames.compose(self._progress, self._painter, self._clock(), columns, rows)

    def _lasting(
        self,
        event: events.StackStarted
        | events.StepStarted
        | events.StepFinished
        | events.Diagnosed
        | events.Printed
        | events.StackFinished,
    ) -> list[str]:
        """What is worth keeping in the scrollback: diagnostics, output, failed steps and stacks."""
        failed_step = isinstance(event, events.StepFinished) and event.error
        failed_stack = isinstance(event, events.StackFinished) and self._progress.stacks[event.stack].failed
        if not (isinstance(event, (events.Diagnosed, events.Printed)) or failed_step or failed_stack):
            return []
        lines = text.event_lines(event, self._painter, preview=self._progress.preview, verbose=self._verbose)
        name = self._painter.paint(fit(clean(event.stack), _WIDEST_PREFIX), "cyan")
        return [f"{name}  {line}" if event.stack else line for line in lines]

    def _finish(self) -> None:
        self._in_run = False
        columns, _ = self._region.size()
        above, self._above = self._above, []
        summary = summaries.lines(self._progress, self._painter, columns)
        self._region.clear([*above, *summary])

    def _start(self) -> None:
        if self._ticking and self._ticker is None:
            self._stop.clear()
            self._ticker = threading.Thread(target=self._run, name="live-view", daemon=True)
            self._ticker.start()
            # A process that ends by an exception still gets its cursor back.
            atexit.register(self.close)

    def _run(self) -> None:
        while not self._stop.wait(_INTERVAL):
            self.tick()

    def _halt(self) -> None:
        self._stop.set()
        ticker, self._ticker = self._ticker, None
        if ticker is not None and ticker is not threading.current_thread():
            ticker.join()
