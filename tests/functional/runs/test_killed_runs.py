"""A run that dies at any moment has not happened: repeated, it leaves exactly the rows of an undisturbed one."""

from __future__ import annotations

import random
import signal
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from tests.functional.runs.stage import PASSWORD, Stage, kill

BOTH = ("orders-to-duckdb", "orders-to-warehouse")


def disturbed(stage: Stage, jobs: Sequence[str], lines: int) -> None:
    """A run that is killed when it has logged so many lines."""
    _, process = stage.launch(*jobs)
    assert process.stdout is not None
    for _ in range(lines):
        if not process.stdout.readline():
            break
    kill(process)
    process.stdout.close()


def check(stage: Stage, folder: Path, points: Iterable[Sequence[str]]) -> None:
    """Kill runs of such jobs at random points, with much or little to do; one that is left alone follows each."""
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    _, code, log = stage.run(*BOTH)
    assert code == 0, log
    for jobs in points:
        stage.database.script(stage.shop, "update.sql")
        length = log.count("\n") * len(jobs) // 2
        lines = chance.randrange(length)
        disturbed(stage, jobs, lines)
        told = f"seed {seed}: {jobs} killed after {lines} of {length} lines"
        if chance.random() < 0.5:
            stage.database.script(stage.shop, "update.sql")
        _, code, after = stage.run(*jobs)
        assert code == 0, f"{told}\n{after}"
        if BOTH[0] in jobs:
            assert stage.orders_in_duckdb(folder) == stage.orders_in_shop(), told
        if BOTH[1] in jobs:
            assert stage.orders_in_warehouse() == stage.orders_in_shop(), told


def test_killed_at_random_points_and_repeated(stage: Stage, tmp_path: Path) -> None:
    check(stage, tmp_path, [BOTH])


@pytest.mark.slow
def test_killed_at_many_random_points_and_repeated(stage: Stage, tmp_path: Path) -> None:
    check(stage, tmp_path, [BOTH] * 10)


def test_what_a_killed_run_leaves_the_next_one_removes(stage: Stage, tmp_path: Path) -> None:
    _, process = stage.launch("orders-to-duckdb", TMPDIR=str(tmp_path))
    assert process.stdout is not None
    while line := process.stdout.readline():
        if "Beginning" in line:
            break
    kill(process)
    process.stdout.close()
    left = list(tmp_path.glob("stackyard-run-*"))
    assert left
    _, code, log = stage.run("orders-to-duckdb", TMPDIR=str(tmp_path))
    assert code == 0, log
    assert not list(tmp_path.glob("stackyard-run-*"))
    assert PASSWORD not in log


def test_a_run_that_is_asked_to_stop_commits_nothing(stage: Stage) -> None:
    _, process = stage.launch("orders-to-duckdb")
    assert process.stdout is not None
    for line in process.stdout:
        if "Beginning sync" in line:
            break
    process.send_signal(signal.SIGTERM)
    log, _ = process.communicate(timeout=60)
    assert process.returncode == 143, log
    assert stage.row("head") == {}


def test_a_run_ends_at_its_time_limit(stage: Stage) -> None:
    _, code, log = stage.run("orders-to-duckdb", STACKYARD_RUN_MINUTES="0.02")
    assert code == 124, log
    assert stage.row("head") == {}


def test_a_run_that_lost_its_lease_commits_nothing(stage: Stage) -> None:
    """Two runs at once: the lease went to the second, so the first is refused at its commit."""
    first, process = stage.launch("orders-to-duckdb")
    logs: list[str] = []
    reader = threading.Thread(target=lambda: logs.append(process.communicate(timeout=240)[0]))
    reader.start()
    second, other = stage.launch("orders-to-duckdb")
    log, _ = other.communicate(timeout=240)
    reader.join()
    assert (process.returncode, other.returncode) == (73, 0), logs[0] + log
    assert stage.row("head")["committed_by"] == {"S": second}
    assert "rows" not in stage.row(first)
