"""A run that dies at any moment has not happened: repeated, it leaves exactly the rows of an undisturbed one."""

from __future__ import annotations

import random
import signal
import threading
from pathlib import Path

import pytest

from tests.functional.runs.stage import PASSWORD, Stage, kill

BOTH = ("orders-to-duckdb", "orders-to-warehouse")


def disturbed(stage: Stage, lines: int) -> int | None:
    """A run that is killed when it has logged so many lines; the exit code if it ended before."""
    _, process = stage.launch(*BOTH)
    assert process.stdout is not None
    for _ in range(lines):
        if not process.stdout.readline():
            break
    ended = process.poll()
    kill(process)
    process.stdout.close()
    return ended


def check(stage: Stage, folder: Path, seed: int, points: int) -> None:
    """Kill at random points of runs that have much or little to do; each is followed by one that is left alone."""
    chance = random.Random(seed)
    _, process = stage.launch(*BOTH)
    log, _ = process.communicate(timeout=240)
    assert process.returncode == 0, log
    length = log.count("\n")
    for point in range(points):
        stage.database.script(stage.shop, "update.sql")
        lines = chance.randrange(length)
        disturbed(stage, lines)
        told = f"seed {seed}, point {point}, killed after {lines} of {length} lines"
        if chance.random() < 0.5:
            stage.database.script(stage.shop, "update.sql")
        _, code, log = stage.run(*BOTH)
        assert code == 0, f"{told}\n{log}"
        assert stage.orders_in_duckdb(folder) == stage.orders_in_shop(), told
        assert stage.orders_in_warehouse() == stage.orders_in_shop(), told


def test_killed_at_random_points_and_repeated(stage: Stage, tmp_path: Path) -> None:
    check(stage, tmp_path, seed=random.randrange(1 << 32), points=2)


@pytest.mark.slow
def test_killed_at_many_random_points_and_repeated(stage: Stage, tmp_path: Path) -> None:
    check(stage, tmp_path, seed=random.randrange(1 << 32), points=10)


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
