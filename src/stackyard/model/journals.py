"""The journal of one update: what the engine says before and after each effect, and how it folds to a checkpoint.

The engine appends an entry, the state room makes it durable; `Fold` is the only place that knows what an
entry does to a snapshot, so the engine's own view, a resumed run and the final save always agree. It follows
the snapshot manager of the Pulumi engine (pkg/backend/snapshot.go): resources of this run first, in the
order in which they were completed, then what is left of the old ones in their old order. What must be put
right in the whole (names that changed, resources found gone, order) is in `model.snapshots`.
"""

from __future__ import annotations

import dataclasses
import enum

from stackyard.model import snapshots
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
    resource  BEGIN: what is about to be; DONE: the result, None when it is gone; OUTPUTS: with new outputs;
              RESOLVED: what an interrupted creation made, or what a recorded resource was found to be
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
_IN_PLACE = {Op.REFRESH, Op.DELETE, Op.DELETE_REPLACED, Op.READ_DISCARD, Op.REMOVE_PENDING_REPLACE}
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
        self._vanished = False

    def apply(self, entry: JournalEntry) -> None:
        """Take one entry in. Entries of one step must come in order; steps may interleave."""
        if entry.phase is Phase.BEGIN:
            kind = _PENDING.get(entry.op)
            if kind is not None and entry.resource is not None:
                self._pending[entry.number] = PendingOperation(kind, entry.resource)
        elif entry.phase is Phase.RESOLVED:
            self._resolve(entry)
        elif entry.phase is Phase.FAILED:
            self._pending.pop(entry.number, None)
        elif entry.phase is Phase.OUTPUTS:
            self._replace(entry)
        else:
            self._pending.pop(entry.number, None)
            self._finish(entry)

    def _resolve(self, entry: JournalEntry) -> None:
        if entry.old is not None:
            self._resolved.add(entry.old)
        found = entry.resource
        if found is None:
            return
        same = [(index, old) for index, old in self._left() if old.urn in (found.urn, *found.aliases)]
        known = next((index for index, old in same if old.id == found.id), None)
        if entry.op is not Op.CREATE:
            if known is not None:
                self._marked[known] = found
        elif known is None:
            for index, old in same:
                self._give_way(index, old)
            self._made[entry.number] = found

    def _give_way(self, index: int, old: Resource) -> None:
        """Make room for a replacement: what is deleted already goes, what still exists waits for its deletion."""
        if old.pending_replacement:
            self._gone.add(index)
        else:
            self._marked[index] = old.replaced(delete=True)

    def _replace(self, entry: JournalEntry) -> None:
        if entry.resource is None:
            return
        if entry.of is not None:
            self._made[entry.of] = entry.resource
        elif entry.old is not None:
            self._marked[entry.old] = entry.resource

    def _finish(self, entry: JournalEntry) -> None:
        if entry.op in _IN_PLACE:
            if entry.resource is not None:
                self._replace(entry)
            else:
                self._vanished = self._vanished or entry.op is Op.REFRESH
                self._remove(entry)
            return
        if entry.of is not None and entry.op not in _REPLACEMENTS:
            self._made.pop(entry.of, None)
        if entry.old is not None:
            self._supersede(entry)
        if entry.resource is not None:
            self._made[entry.number] = entry.resource

    def _supersede(self, entry: JournalEntry) -> None:
        assert entry.old is not None
        if entry.op in _REPLACEMENTS:
            self._give_way(entry.old, self._marked.get(entry.old, self.base.resources[entry.old]))
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

    def _left(self) -> list[tuple[int, Resource]]:
        found = ((index, self.old(index)) for index in range(len(self.base.resources)))
        return [(index, resource) for index, resource in found if resource is not None]

    def checkpoint(self) -> Checkpoint:
        """The snapshot as of the last entry."""
        resources = [*self._made.values(), *(resource for _, resource in self._left())]
        if self._vanished:
            parents = {resource.urn: resource.parent for resource in self.base.resources}
            resources = snapshots.without_dangling(resources, parents)
        carried = (p for index, p in enumerate(self.base.pending) if index not in self._resolved)
        return dataclasses.replace(
            self.base,
            resources=tuple(snapshots.ordered(snapshots.renamed(resources))),
            pending=(*carried, *self._pending.values()),
        )
