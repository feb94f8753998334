"""The record of one operation: the journal as it is written, folded as it goes."""

from __future__ import annotations

import asyncio
import dataclasses

from stackyard.model import journals
from stackyard.model.checkpoints import Checkpoint
from stackyard.model.journals import JournalEntry, Phase
from stackyard.model.plans import Op
from stackyard.model.resources import Resource
from stackyard.state.base import StackState


@dataclasses.dataclass(frozen=True, slots=True)
class Held:
    """A resource and where the record has it: at `old` in the base, or made by step number `of`."""

    resource: Resource
    old: int | None = None
    of: int | None = None


class Record:
    """Journal entries go through here. With `state` None (a preview) nothing is written, only folded."""

    def __init__(self, base: Checkpoint, state: StackState | None) -> None:
        self.base = base
        self.is_repaired = False
        self._state = state
        self._fold = journals.Fold(base)
        self._number = 0
        self._waiting: list[JournalEntry] = []

    def number(self) -> int:
        """The number of a new step."""
        self._number += 1
        return self._number

    def current(self) -> list[Held]:
        """What is left of the base as it now stands, in its order."""
        found = ((index, self._fold.old(index)) for index in range(len(self.base.resources)))
        return [Held(resource, old=index) for index, resource in found if resource is not None]

    def refreshed(self, held: Held) -> Held | None:
        """The same resource as it now stands; None when it is superseded or gone."""
        if held.old is None:
            return held
        resource = self._fold.old(held.old)
        return None if resource is None else Held(resource, old=held.old)

    def note(self, entry: JournalEntry) -> None:
        """Take in an entry about something that had no effect outside; it is written with the next `write`."""
        self._fold.apply(entry)
        self._waiting.append(entry)

    async def write(self, entry: JournalEntry) -> None:
        """Take in an entry; it, and all before it, are durable when this returns."""
        self.note(entry)
        await self.flush()

    async def flush(self) -> None:
        """Make durable what is waiting. Appends are started in order and share one write."""
        entries, self._waiting = self._waiting, []
        if self._state is not None and entries:
            await asyncio.gather(*(self._state.append(entry) for entry in entries))

    async def rebase(self) -> None:
        """Fold everything so far into a new base: `old` indexes then refer to that."""
        await self.flush()
        self.base = self._fold.checkpoint() if self._state is None else await self._state.commit(None)
        self._fold = journals.Fold(self.base)

    async def begin(self, number: int, op: Op, resource: Resource, held: Held | None = None) -> None:
        """Make an intent durable."""
        await self.write(_entry(number, Phase.BEGIN, op, resource, held))

    async def done(self, number: int, op: Op, resource: Resource | None, held: Held | None = None) -> None:
        """Make a result durable."""
        await self.write(_entry(number, Phase.DONE, op, resource, held))

    async def failed(self, number: int, op: Op) -> None:
        """Take an intent back: its effect certainly did not happen."""
        await self.write(JournalEntry(number, Phase.FAILED, op))

    def noted(self, number: int, op: Op, resource: Resource | None, held: Held | None = None) -> None:
        """Record the result of a step without an effect."""
        self.note(_entry(number, Phase.DONE, op, resource, held))


def _entry(number: int, phase: Phase, op: Op, resource: Resource | None, held: Held | None) -> JournalEntry:
    old, of = (held.old, held.of) if held else (None, None)
    return JournalEntry(number, phase, op, old, of, resource)
