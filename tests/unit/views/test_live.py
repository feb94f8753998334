"""The live screen: what a person sees after any sequence of events."""

from __future__ import annotations

import io
import random

import pytest

from stackyard.model import events, urns
from stackyard.model.diagnostics import warning
from stackyard.model.plans import Op
from stackyard.model.updates import Outcome
from stackyard.views import base, frames, json_lines, live, region, text
from stackyard.views.painting import PLAIN, width
from stackyard.views.progress import Progress
from tests.unit.views.streams_for_tests import BUCKET, Screen, Terminal, a_small_run, started


class Shown:
    """A live view on a screen of a given size, painted only when asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, columns: int = 80, rows: int = 24) -> None:
        self.size = (columns, rows)
        monkeypatch.setattr(region.Region, "size", lambda _: self.size)
        self.stream = Terminal()
        self.view = live.LiveView(self.stream, PLAIN, clock=lambda: 1002.0, ticking=False)
        self.screen = Screen()
        self._read = 0

    def event(self, *given: events.Event) -> list[str]:
        for event in given:
            self.view.event(event)
        return self.tick()

    def tick(self) -> list[str]:
        self.view.tick()
        return self.look()

    def look(self) -> list[str]:
        self.screen.feed(self.stream.getvalue()[self._read :])
        self._read = len(self.stream.getvalue())
        return [row for row in self.screen.rows if row]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    return Shown(monkeypatch)


def test_a_frame_shows_totals_and_what_runs_with_its_step(shown: Shown) -> None:
    rows = shown.event(*a_small_run()[:5])
    assert rows == [
        "Updating 2 stacks",
        "Updating ──────────────────────────────────────── 0/2  2.0s",
        "2 running  0 waiting",
        "fabric ──────── 0/1   site ──────── 0/1",
        "⠋ shop/dev       1.9s  + aws:Bucket logs",
        "⠋ billing/dev    1.8s  ~ aws:Queue jobs",
    ]


def test_what_is_done_and_what_failed_stays_in_sight(shown: Shown) -> None:
    rows = shown.event(*a_small_run()[:10])
    assert "✗ billing/dev    0.9s  AccessDenied: no" in rows
    assert "✓ shop/dev       0.9s  +1  =2  1 simulated" in rows
    assert "0 running  0 waiting  1 failed  +1 created  =2 unchanged" in rows


def test_diagnostics_and_output_scroll_above_the_screen(shown: Shown) -> None:
    shown.event(*a_small_run()[:4])
    rows = shown.event(events.Diagnosed(1, "shop/dev", warning("careful")), a_small_run()[5])
    assert rows[:3] == ["Updating 2 stacks", "shop/dev  warning: careful", "shop/dev  | hello world"]
    assert rows[-1].startswith("⠋ billing/dev")


def test_the_end_leaves_the_summary_and_the_cursor(shown: Shown) -> None:
    for event in a_small_run():
        shown.view.event(event)
    rows = shown.look()
    assert rows[-2:] == ["Updated 2 stacks in 1.2s: 1 succeeded, 1 failed", "+1 created  =2 unchanged"]
    assert not any("━" in row or "⠋" in row for row in rows)
    shown.event(started("s"), events.StackStarted(1, "s", "embedded", "embedded"))
    shown.view.close()
    shown.view.close()
    assert shown.stream.getvalue().rindex("\x1b[?25h") > shown.stream.getvalue().rindex("\x1b[?25l")


def test_a_pause_clears_the_screen_until_the_next_event(shown: Shown) -> None:
    shown.event(*a_small_run()[:3])
    shown.view.pause()
    assert shown.look() == ["Updating 2 stacks"]
    shown.view.note("Do you want to go on?")
    assert shown.tick() == ["Updating 2 stacks", "Do you want to go on?"]
    rows = shown.event(a_small_run()[3])
    assert "⠋ billing/dev    1.8s  program running" in rows


def test_only_changed_lines_are_written(shown: Shown) -> None:
    shown.event(*a_small_run()[:5])
    before = len(shown.stream.getvalue())
    shown.tick()
    assert len(shown.stream.getvalue()) == before
    shown.event(events.StepFinished(1002.0, "billing/dev", BUCKET, Op.SAME))
    assert "shop/dev" not in shown.stream.getvalue()[before:]


def test_events_outside_a_run_are_shown_at_once(shown: Shown) -> None:
    shown.view.event(events.Diagnosed(1, "", warning("no manifest")))
    assert shown.look() == ["warning: no manifest"]


def a_large_run(seed: int, stacks: int = 120) -> list[events.Event]:
    """A random but well-formed sequence of events."""
    dice = random.Random(seed)
    names = [f"layer{index % 4}-project/tenant-{'x' * dice.randint(0, 60)}{index}" for index in range(stacks)]
    found: list[events.Event] = [started(*names, layers={name: name[:6] for name in names})]
    for name in names:
        found.append(events.StackStarted(1000 + dice.random(), name, "embedded", "embedded"))
        for number in range(dice.randint(0, 5)):
            urn = urns.URN.make("dev", "p", "", "aws:s3/bucket:Bucket", f"名前-{number}")
            found.append(events.StepStarted(1001.0, name, urn, Op.CREATE))
            if dice.random() < 0.5:
                failed = "boom " * 30 if dice.random() < 0.2 else ""
                found.append(events.StepFinished(1001.5, name, urn, Op.CREATE, 0.5, error=failed))
        if dice.random() < 0.8:
            outcome = dice.choice([Outcome.SUCCEEDED, Outcome.SUCCEEDED, Outcome.FAILED, Outcome.SKIPPED])
            found.append(events.StackFinished(1001.9, name, outcome, 0.9, reason="because"))
    return found


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 10), (41, 5), (20, 4), (8, 2)])
@pytest.mark.parametrize("seed", range(3))
def test_a_frame_never_outgrows_the_screen(size: tuple[int, int], seed: int) -> None:
    progress = Progress()
    for event in a_large_run(seed):
        progress.apply(event)
        lines = frames.compose(progress, PLAIN, 1002.0, *size)
        assert len(lines) <= max(1, size[1] - 1)
        assert max(map(width, lines)) <= size[0] - 1


@pytest.mark.parametrize("seed", range(3))
def test_the_screen_shows_exactly_the_last_frame(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    shown = Shown(monkeypatch, 90, 20)
    dice = random.Random(seed)
    for event in a_large_run(seed, 40):
        shown.view.event(event)
        if dice.random() < 0.1:
            shown.size = (dice.randint(60, 120), dice.randint(10, 40))
        if dice.random() < 0.3:
            shown.tick()
    shown.tick()
    wanted = [line for line in frames.compose(shown.view._progress, PLAIN, 1002.0, *shown.size) if line]
    assert shown.look()[-len(wanted) :] == wanted
    assert sum(row.startswith("Updating ") and "/" in row for row in shown.screen.rows) == 1


def test_a_thousand_events_a_second_are_nothing(shown: Shown) -> None:
    progress = Progress()
    for event in a_large_run(1, 500):
        progress.apply(event)
    assert progress.total == 500
    assert progress.finished == sum(stack.outcome is not None for stack in progress.stacks.values())
    assert len(progress.done) <= 50


def test_the_ticker_paints_and_ends() -> None:
    stream = Terminal()
    view = live.LiveView(stream, PLAIN)
    view.event(started("s"))
    ticker = view._ticker
    assert ticker is not None
    assert ticker.is_alive()
    view.close()
    assert not ticker.is_alive()


@pytest.mark.parametrize(
    ("stream", "environ", "kind"),
    [
        (Terminal(), {"TERM": "xterm"}, live.LiveView),
        (Terminal(), {"TERM": "xterm", "NO_COLOR": "1"}, live.LiveView),
        (Terminal(), {"TERM": "xterm", "CI": "true"}, text.TextView),
        (Terminal(), {"TERM": "dumb"}, text.TextView),
        (Terminal(), {}, text.TextView),
        (io.StringIO(), {"TERM": "xterm"}, text.TextView),
    ],
)
def test_the_view_suits_its_stream(stream: io.StringIO, environ: dict[str, str], kind: type) -> None:
    view = base.open_view(stream, environ=environ)
    assert type(view) is kind
    assert isinstance(view, base.View)
    view.event(started("s"))
    view.close()
    assert environ.get("NO_COLOR") is None or "\x1b[1m" not in stream.getvalue()


def test_json_is_chosen_by_name() -> None:
    assert isinstance(base.open_view(Terminal(), as_json=True, environ={"TERM": "xterm"}), json_lines.JsonLines)
