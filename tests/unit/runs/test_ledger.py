"""The ledger: what ran last, and what was seen to be read."""

from __future__ import annotations

from pathlib import Path

from stackyard.model.plans import Operation, StackRead
from stackyard.model.updates import Outcome, Update
from stackyard.runs.ledger import Ledger


def _update(stack: str, outcome: Outcome) -> Update:
    return Update(stack, Operation.UP, outcome)


def test_an_empty_ledger_knows_nothing_and_writes_nothing(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "runs.ledger")
    assert ledger.reads() == ()
    assert ledger.runs() == ()
    assert ledger.failed() == frozenset()
    assert list(tmp_path.iterdir()) == []


def test_the_last_update_of_a_stack_decides_and_a_skipped_one_says_nothing(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "runs.ledger")
    runs = [
        ("one", [_update("a/dev", Outcome.FAILED), _update("b/dev", Outcome.SUCCEEDED)]),
        ("two", [_update("a/dev", Outcome.SUCCEEDED), _update("b/dev", Outcome.FAILED)]),
        ("three", [_update("b/dev", Outcome.SKIPPED)]),
    ]
    for run, updates in runs:
        ledger.start(run, Operation.UP)
        ledger.finish(run, Outcome.FAILED, updates)
    assert ledger.failed() == {"b/dev"}
    assert [run.id for run in ledger.runs()] == ["three", "two", "one"]


def test_reads_of_a_good_run_replace_and_those_of_a_failed_one_are_added(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "runs.ledger")
    ledger.saw([("o/edge/dev", [StackRead("o/core/dev", "url"), StackRead("o/old/dev", "*")])])
    ledger.saw([("o/edge/dev", [StackRead("o/core/dev", "url")])])
    ledger.suspected([("o/edge/dev", [StackRead("o/new/dev", "*")])])
    assert ledger.reads() == (("o/edge/dev", "o/core/dev", "url"), ("o/edge/dev", "o/new/dev", "*"))
