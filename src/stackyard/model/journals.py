"""The journal of one update: what the engine says before and after each effect, and how it folds to a checkpoint.

The engine appends an entry, the state room makes it durable; `Fold` is the only place that knows what an
entry does to a snapshot, so the engine's own view, a resumed run and the final save always agree. It follows
the snapshot manager of the Pulumi engine (pkg/backend/snapshot.go): resources of this run first, in the
order in which they were completed, then what is left of the old ones in their old order.
"""

from __future__ import annotations

import dataclasses
import enum

from stackyard.model.checkpoints import Checkpoint, Pending, PendingOperation
from stackyard.model.plans import Op
from stackyard.model.resources import Resource


class Phase(enum.StrEnum):
    """What an entry tells."""

    BEGIN = "begin"
    DONE = "done"
    FAILED = "failed"
    OUTPUTS = "outputs"
    RESOLVED = "resolved"


@dataclasses.dataclass(frozen=True, slots=True)
class JournalEntry:
    """One fact about one step.

    number    the step, from 1; entries of one step share it
    old       index into the base checkpoint's `resources` of the one the step acts on
              (RESOLVED: index into its `pending`)
    of        number of an earlier step of this update whose resource the step acts on
    resource  BEGIN: what is about to be; DONE: the result, None when it is gone; OUTPUTS: with new outputs
    """

    number: int
    phase: Phase
    op: Op
    old: int | None = None
    of: int | None = None
    resource: Resource | None = None


_PENDING = {
    Op.CREATE: Pending.CREATING,
    Op.CREATE_REPLACEMENT: Pending.CREATING,
    Op.UPDATE: Pending.UPDATING,
    Op.DELETE: Pending.DELETING,
    Op.DELETE_REPLACED: Pending.DELETING,
    Op.READ: Pending.READING,
    Op.READ_REPLACEMENT: Pending.READING,
    Op.IMPORT: Pending.IMPORTING,
    Op.IMPORT_REPLACEMENT: Pending.IMPORTING,
}
_REPLACEMENTS = {Op.CREATE_REPLACEMENT, Op.READ_REPLACEMENT, Op.IMPORT_REPLACEMENT}


class Fold:
    """A base checkpoint and the entries since. `apply` is O(entry); `checkpoint` is O(state)."""

    def __init__(self, base: Checkpoint) -> None:
        self.base = base
        self._made: dict[int, Resource] = {}
        self._marked: dict[int, Resource] = {}
        self._gone: set[int] = set()
        self._pending: dict[int, PendingOperation] = {}
        self._resolved: set[int] = set()

    def apply(self, entry: JournalEntry) -> None:
        """Take one entry in. Entries of one step must come in order; steps may interleave."""
        if entry.phase is Phase.BEGIN:
            kind = _PENDING.get(entry.op)
            if kind is not None and entry.resource is not None:
                self._pending[entry.number] = PendingOperation(kind, entry.resource)
        elif entry.phase is Phase.RESOLVED:
            if entry.old is not None:
                self._resolved.add(entry.old)
        elif entry.phase is Phase.FAILED:
            self._pending.pop(entry.number, None)
        elif entry.phase is Phase.OUTPUTS:
            self._replace(entry)
        else:
            self._pending.pop(entry.number, None)
            self._finish(entry)

    def _replace(self, entry: JournalEntry) -> None:
        if entry.resource is None:
            return
        if entry.of is not None:
            self._made[entry.of] = entry.resource
        elif entry.old is not None:
            self._marked[entry.old] = entry.resource

    def _finish(self, entry: JournalEntry) -> None:
        if entry.op is Op.REFRESH:
            if entry.resource is not None:
                self._replace(entry)
            else:
                self._remove(entry)
            return
        if entry.op in {Op.DELETE, Op.DELETE_REPLACED, Op.READ_DISCARD, Op.REMOVE_PENDING_REPLACE}:
            if entry.resource is not None:
                self._replace(entry)
            else:
                self._remove(entry)
            return
        if entry.old is not None:
            self._supersede(entry)
        if entry.resource is not None:
            self._made[entry.number] = entry.resource

    def _supersede(self, entry: JournalEntry) -> None:
        assert entry.old is not None
        old = self._marked.get(entry.old, self.base.resources[entry.old])
        if entry.op in _REPLACEMENTS and not old.pending_replacement:
            self._marked[entry.old] = old.replaced(delete=True)
        else:
            self._gone.add(entry.old)

    def _remove(self, entry: JournalEntry) -> None:
        if entry.of is not None:
            self._made.pop(entry.of, None)
        elif entry.old is not None:
            self._gone.add(entry.old)

    def old(self, index: int) -> Resource | None:
        """The base's resource as it now stands; None when it is superseded or gone."""
        if index in self._gone:
            return None
        return self._marked.get(index, self.base.resources[index])

    def checkpoint(self) -> Checkpoint:
        """The snapshot as of the last entry."""
        left = (self.old(index) for index in range(len(self.base.resources)))
        carried = (p for index, p in enumerate(self.base.pending) if index not in self._resolved)
        return dataclasses.replace(
            self.base,
            resources=(*self._made.values(), *(r for r in left if r is not None)),
            pending=(*carried, *self._pending.values()),
        )
