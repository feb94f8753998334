"""The ledger of runs of one estate: what ran, how it ended, and which outputs each stack was seen to read.

One SQLite file, `.stackyard/runs.ledger`, write-ahead logged, so that a killed process leaves it whole and
readers never wait. It is a record, never the truth: state is in the backend.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import sqlite3
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from stackyard.model.plans import Operation, StackRead, count
from stackyard.model.updates import Outcome, Update

_SCHEMA: Final = """
create table if not exists runs (
    id text primary key, operation text not null, started real not null, finished real, outcome text);
create table if not exists updates (
    run text not null, stack text not null, outcome text not null, seconds real not null, counts text not null,
    primary key (run, stack)) without rowid;
create table if not exists reads (
    reader text not null, target text not null, key text not null, seen real not null,
    primary key (reader, target, key)) without rowid;
create table if not exists needs (
    reader text not null, target text not null, key text not null,
    primary key (reader, target, key)) without rowid;
"""


@dataclasses.dataclass(frozen=True, slots=True)
class RecordedRun:
    """One run of the ledger; `outcome` is None when it never said how it ended."""

    id: str
    operation: Operation
    started: float
    finished: float | None
    outcome: Outcome | None


class Ledger:
    """The ledger at `path`; its folder is made when first written."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=30)
        try:
            connection.execute("pragma journal_mode = wal")
            connection.executescript(_SCHEMA)
            with connection:
                yield connection
        finally:
            connection.close()

    def start(self, run: str, operation: Operation) -> None:
        """Note that a run began."""
        with self._open() as ledger:
            ledger.execute("insert into runs (id, operation, started) values (?, ?, ?)", (run, operation, time.time()))

    def finish(self, run: str, outcome: Outcome, updates: Iterable[Update]) -> None:
        """Note how a run ended, and each of its updates."""
        with self._open() as ledger:
            ledger.execute("update runs set finished = ?, outcome = ? where id = ?", (time.time(), outcome, run))
            ledger.executemany(
                "insert or replace into updates values (?, ?, ?, ?, ?)",
                [
                    (run, update.stack, update.outcome, update.seconds, json.dumps(count(update.steps)))
                    for update in updates
                ],
            )

    def saw(self, reads: Iterable[tuple[str, Iterable[StackRead]]]) -> None:
        """Replace what is known of each reader (a full stack name) by what it was just seen to read."""
        now = time.time()
        with self._open() as ledger:
            for reader, found in reads:
                ledger.execute("delete from reads where reader = ?", (reader,))
                ledger.execute("delete from needs where reader = ?", (reader,))
                seen = tuple(found)
                needed = {(reader, read.stack, read.key) for read in seen if read.required}
                ledger.executemany("insert or replace into needs values (?, ?, ?)", sorted(needed))
                rows = {(reader, read.stack, read.key, now) for read in seen}
                ledger.executemany("insert or replace into reads values (?, ?, ?, ?)", sorted(rows))

    def suspected(self, reads: Iterable[tuple[str, Iterable[StackRead]]]) -> None:
        """Add what a program read before it failed to what is known of its stack."""
        now = time.time()
        rows = [(reader, read.stack, read.key, now) for reader, found in reads for read in found]
        if rows:
            with self._open() as ledger:
                ledger.executemany("insert or replace into reads values (?, ?, ?, ?)", sorted(rows))

    def failed(self) -> frozenset[str]:
        """The stacks (short names) whose last update did not end well."""
        if not self._path.exists():
            return frozenset()
        with self._open() as ledger:
            last = ledger.execute(
                "select stack, updates.outcome, max(started) from updates join runs on runs.id = updates.run "
                "where updates.outcome != ? group by stack",
                (Outcome.SKIPPED,),
            )
            return frozenset(stack for stack, outcome, _ in last if outcome != Outcome.SUCCEEDED)

    def reads(self) -> tuple[tuple[str, str, str], ...]:
        """All recorded reads: reader, target, key. Empty when nothing ever ran."""
        if not self._path.exists():
            return ()
        with self._open() as ledger:
            return tuple(ledger.execute("select reader, target, key from reads order by 1, 2, 3"))

    def needs(self) -> frozenset[tuple[str, str, str]]:
        """Those of the recorded reads that a program cannot do without."""
        if not self._path.exists():
            return frozenset()
        with self._open() as ledger:
            return frozenset(ledger.execute("select reader, target, key from needs"))

    def runs(self, limit: int = 20) -> tuple[RecordedRun, ...]:
        """The latest runs, newest first."""
        if not self._path.exists():
            return ()
        with self._open() as ledger:
            rows = ledger.execute(
                "select id, operation, started, finished, outcome from runs order by started desc limit ?", (limit,)
            )
            return tuple(
                RecordedRun(id_, Operation(operation), started, finished, Outcome(outcome) if outcome else None)
                for id_, operation, started, finished, outcome in rows
            )
