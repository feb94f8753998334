"""How much the containers of an account may print."""

from __future__ import annotations

import time

import pytest

from stackyard.cloud.server.tasks import outputs

PART = 65_536


def _parts(printed: outputs.Printed, size: int) -> float:
    return [printed.delay(PART) for _ in range(size // PART)][-1]


def test_an_account_that_has_printed_much_prints_slowly_until_the_next_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many containers it spreads it over: lines are kept in memory."""
    clock = [1_000_000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(time, "time", lambda: clock[0])
    printed = outputs.Printed()
    assert _parts(printed, 30_000_000) == 0
    assert 0 < _parts(printed, 10_000_000) < 10
    for _ in range(20):
        clock[0] += 3_600
        _parts(printed, 30_000_000)
    assert _parts(printed, 10_000_000) > 100
    clock[0] += 2 * 86_400
    assert _parts(printed, 30_000_000) == 0


def test_what_is_printed_now_and_then_never_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1_000_000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    printed = outputs.Printed()
    for _ in range(1000):
        clock[0] += 1
        assert printed.delay(100_000) == 0
