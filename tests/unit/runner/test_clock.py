"""The clock beside a run ends late runs, and has nothing to say of others."""

from __future__ import annotations

import signal
import time

import pytest

from stackyard.runner import clock, faults


def test_it_ends_when_the_limit_and_the_grace_are_over() -> None:
    before = signal.getsignal(signal.SIGTERM)
    try:
        assert clock.watch({"STACKYARD_RUN_MINUTES": "0.001"}, grace=0.0) == faults.TIME
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_limit_that_is_none_is_told() -> None:
    with pytest.raises(faults.RunFault, match="STACKYARD_RUN_MINUTES"):
        clock.watch({"STACKYARD_RUN_MINUTES": "soon"})


def test_it_is_told_that_the_run_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(time, "sleep", lambda _seconds: signal.raise_signal(signal.SIGTERM))
    try:
        assert clock.watch({}) == 0
    finally:
        signal.signal(signal.SIGTERM, before)
