"""Counts survive the process, a torn file and a full disk; and are added up by month, hour and key."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from stackyard.cloud.server.metering import counters, reading
from stackyard.cloud.server.metering.counters import HOUR, Counters

NOVEMBER = 1_793_491_200  # 2026-11-01T00:00:00Z
FIRST = NOVEMBER // HOUR
KEY = ("111122223333", "requests", "arn:aws:s3:::b", "")


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = float(NOVEMBER)

    def __call__(self) -> float:
        return self.now


def _total(folder: Path, first: int = FIRST, last: int = FIRST + 24 * 90) -> int:
    return sum(amount for _, _, amount in counters.read(folder, first, last))


def test_what_was_counted_is_read_by_hour_and_key(tmp_path: Path) -> None:
    clock = Clock()
    counts = Counters(tmp_path, clock)
    counts.add(*KEY, 3)
    counts.add(*KEY, 4)
    clock.now += HOUR
    counts.add(*KEY, 5)
    counts.add("2", *KEY[1:], 6)
    found = list(counters.read(tmp_path, FIRST, FIRST + 2))
    assert found == [(FIRST, KEY, 7), (FIRST + 1, KEY, 5), (FIRST + 1, ("2", *KEY[1:]), 6)]
    assert [amount for *_, amount in counters.read(tmp_path, FIRST + 1, FIRST + 2)] == [5, 6]
    counts.close()


def test_a_restart_goes_on_where_it_was(tmp_path: Path) -> None:
    for _ in range(3):
        counts = Counters(tmp_path, Clock())
        counts.add(*KEY, 2)
        counts.close()
    assert _total(tmp_path) == 6


def test_many_keys_and_many_threads(tmp_path: Path) -> None:
    counts = Counters(tmp_path, Clock())

    def use() -> None:
        for n in range(9_000):
            counts.add("1", "requests", f"r{n}", "", 1)

    threads = [threading.Thread(target=use) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts.close()
    found = [amount for *_, amount in counters.read(tmp_path, FIRST, FIRST + 1)]
    assert found == [3] * 9_000


def test_months_are_apart_and_old_ones_go(tmp_path: Path) -> None:
    clock = Clock()
    counts = Counters(tmp_path, clock)
    for _ in range(counters.KEPT + 2):
        counts.add(*KEY, 1)
        clock.now += 31 * 24 * HOUR
    counts.close()
    names = sorted(path.stem for path in tmp_path.glob("*.keys"))
    assert len(names) == counters.KEPT
    assert names[0] == "2027-01"
    assert len(list(tmp_path.iterdir())) == 2 * counters.KEPT


@pytest.mark.parametrize("cut", [2, 5, 40])
def test_a_line_cut_short_costs_only_its_own_count(tmp_path: Path, cut: int) -> None:
    counts = Counters(tmp_path, Clock())
    for n in range(3):
        counts.add("1", "requests", f"r{n}", "", 10)
    counts.close()
    keys = tmp_path / "2026-11.keys"
    os.truncate(keys, keys.stat().st_size - cut)
    counts = Counters(tmp_path, Clock())
    counts.add("1", "requests", "r9", "", 1)
    counts.close()
    assert {key[2]: amount for _, key, amount in counters.read(tmp_path, FIRST, FIRST + 1)} == {
        "r0": 10, "r1": 10, "r9": 1,
    }  # fmt: skip


def test_cells_whose_keys_were_lost_are_not_anothers(tmp_path: Path) -> None:
    """After a loss of power the counts may be on disk, and neither their keys nor how many they are."""
    counts = Counters(tmp_path, Clock())
    for n in range(3):
        counts.add("1", "requests", f"r{n}", "", 10)
    counts.close()
    (tmp_path / "2026-11.keys").write_bytes(b"")
    with (tmp_path / "2026-11.counts").open("r+b") as stream:
        stream.write(bytes(8))
    counts = Counters(tmp_path, Clock())
    counts.add("1", "requests", "new", "", 1)
    counts.close()
    assert _total(tmp_path) == 1


def test_a_disk_that_takes_nothing_delays_the_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = Counters(tmp_path, Clock())

    def full(*_given: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(counters.os, "posix_fallocate", full)
        counts.add(*KEY, 3)
        counts.add(*KEY, 4)
    assert _total(tmp_path) == 0
    counts.settle()
    counts.add(*KEY, 1)
    counts.close()
    assert _total(tmp_path) == 8


def test_beyond_the_most_keys_only_the_account_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "_MOST", 2)
    counts = Counters(tmp_path, Clock())
    for n in range(5):
        counts.add("1", "requests", f"r{n}", "role", 1)
    counts.close()
    found = {key[2:]: amount for _, key, amount in counters.read(tmp_path, FIRST, FIRST + 1)}
    assert found == {("r0", "role"): 1, ("r1", "role"): 1, ("", ""): 3}


def test_what_the_endpoint_answers(tmp_path: Path) -> None:
    clock = Clock()
    counts = Counters(tmp_path, clock)
    counts.add("1", "table_reads", "arn:t", "arn:role", 3)
    clock.now += 2 * HOUR
    counts.add("1", "table_reads", "arn:t", "arn:role", 4)
    counts.add("1", "function_gb_seconds", "arn:f", "", 128 * 250)
    counts.close()
    (tmp_path / "since").write_text(f"{NOVEMBER}\n")
    answer = reading.answer(tmp_path, "start=2026-11-01T00:00:00Z&end=2026-11-01T02:00:01Z")
    assert answer["since"] == "2026-11-01T00:00:00Z"
    [function, table] = answer["usage"]
    assert function["amount"] == "0.03125"
    assert table == {
        "account": "1", "kind": "table_reads", "resource": "arn:t", "caller": "arn:role", "amount": "3.5",
        "start": "2026-11-01T00:00:00Z", "end": "2026-11-01T03:00:00Z",
    }  # fmt: skip
    hours = reading.answer(tmp_path, "start=2026-11-01&end=2026-11-02&by=hour")["usage"]
    assert [row["amount"] for row in hours if row["kind"] == "table_reads"] == ["1.5", "2"]


@pytest.mark.parametrize("query", ["", "start=2026-11-01", "start=x&end=2026-11-01", "start=2026-11-02&end=2026-11-01"])
def test_a_question_without_two_moments_is_refused(tmp_path: Path, query: str) -> None:
    with pytest.raises(ValueError, match=r"end|isoformat"):
        reading.answer(tmp_path, query)
