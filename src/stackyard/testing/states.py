"""One stack's state in memory, which can be killed at any write."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable, Sequence

from stackyard import errors
from stackyard.model.checkpoints import Checkpoint
from stackyard.model.journals import Fold, JournalEntry
from stackyard.model.updates import Update
from stackyard.state import integrity


class Killed(BaseException):
    """Stands for SIGKILL: nothing may catch it but the test."""


class Kill:
    """Raises `Killed` at the n-th boundary (from 1) and at every later one; 0 = never. `labels` are those passed."""

    def __init__(self, at: int = 0) -> None:
        self.at = at
        self.labels: list[str] = []

    def __call__(self, label: str) -> None:
        self.labels.append(label)
        if self.at and len(self.labels) >= self.at:
            raise Killed(label)


class MemoryState:
    """A `StackState`. Every fold of its journal, after every entry, must keep the rules of the format.

    What was appended before a kill is still there for `reopen`.
    """

    def __init__(self, checkpoint: Checkpoint, boundary: Callable[[str], None] = lambda label: None) -> None:
        self.checkpoint = checkpoint
        self.notes: Sequence[str] = ()
        self.boundary = boundary
        self.entries: list[JournalEntry] = []
        self.updates: list[Update | None] = []
        self.writes = 0
        self.failure: errors.StateError | None = None
        self._turn = asyncio.Lock()

    async def append(self, entry: JournalEntry) -> None:
        """Make one entry durable."""
        async with self._turn:
            self.boundary(f"before {entry.phase} {entry.op}")
            if self.failure is not None:
                raise self.failure
            self.entries.append(pickle.loads(pickle.dumps(entry)))
            self.writes += 1
            integrity.verify(self.folded())
            self.boundary(f"after {entry.phase} {entry.op}")

    async def commit(self, update: Update | None) -> Checkpoint:
        """Fold the journal into the checkpoint."""
        self.boundary("before commit")
        self.checkpoint, self.entries = self.folded(), []
        integrity.verify(self.checkpoint)
        self.updates.append(update)
        self.boundary("after commit")
        return self.checkpoint

    async def close(self) -> None:
        """Nothing is held."""

    def folded(self) -> Checkpoint:
        """The checkpoint as the journal makes it."""
        fold = Fold(self.checkpoint)
        for entry in self.entries:
            fold.apply(entry)
        return fold.checkpoint()

    def reopen(self) -> MemoryState:
        """The state as the next run finds it."""
        return MemoryState(self.folded())
