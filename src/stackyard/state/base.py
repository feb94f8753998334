"""The contracts of state: a `Backend` stores and never executes; a `StackState` is one stack, open.

All methods are coroutines. A write is durable (fsynced, or acknowledged by the object store) when it returns.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Protocol

from stackyard.model.checkpoints import Checkpoint
from stackyard.model.journals import JournalEntry
from stackyard.model.names import StackName
from stackyard.model.updates import Update


@dataclasses.dataclass(frozen=True, slots=True)
class LockInfo:
    """Who holds a stack. `fence` grows with each holder (0: the CLI's); `id` names the lock.

    `process` tells one life of a pid from the next, where the system can: boot, pid namespace, start time.
    `took_over` describes the holder that was found dead, when there was one.
    """

    id: str
    fence: int
    username: str
    hostname: str
    pid: int
    timestamp: str
    process: str = ""
    took_over: str = ""

    def __str__(self) -> str:
        return f"{self.username}@{self.hostname} (pid {self.pid}) since {self.timestamp}"


class Checkpoints(Protocol):
    """The states of stacks, as bytes, laid out as the Pulumi CLI's DIY backend lays them out."""

    async def list(self) -> Sequence[StackName]:
        """Every stack that has a checkpoint, or the journal of a first update that was killed."""

    async def load(self, stack: StackName) -> bytes | None:
        """The checkpoint file's text, decompressed; None when the stack does not exist."""

    async def save(self, stack: StackName, data: bytes, lock: LockInfo) -> None:
        """Replace the checkpoint atomically, keeping `.bak`. Raises FencedError when `lock` is no longer ours."""

    async def delete(self, stack: StackName, lock: LockInfo) -> None:
        """Remove the stack, keeping its backup."""


class Locks(Protocol):
    """Who may write to a stack: one at a time, and whoever lost the right is told so by each write (FencedError)."""

    async def lock(self, stack: StackName) -> LockInfo:
        """Take the lock, atomically between us, visible to the CLI. Raises LockedError naming the holder."""

    async def renew(self, stack: StackName, lock: LockInfo) -> None:
        """Check that the lock is ours still. Raises FencedError."""

    async def unlock(self, stack: StackName, lock: LockInfo) -> None:
        """Give it back. Unlocking what is not ours any more does nothing."""

    async def holder(self, stack: StackName) -> LockInfo | None:
        """Who holds it now, the CLI's locks included; None when nobody does, or only a process that is dead."""

    async def break_locks(self, stack: StackName) -> Sequence[LockInfo]:
        """Take every lock away, the CLI's too, and say whose they were. A writer that still runs is fenced off."""


class Journals(Protocol):
    """What the running update of a stack has done since its checkpoint was saved."""

    async def append(self, stack: StackName, lock: LockInfo, lines: Sequence[bytes]) -> None:
        """Append to the stack's journal; cost does not depend on the size of the state."""

    async def entries(self, stack: StackName) -> Sequence[bytes]:
        """The journal's lines since the last save, a torn last line left out."""


class Histories(Protocol):
    """The updates of stacks, and the states that they led to."""

    async def record(self, stack: StackName, update: bytes, checkpoint: bytes, lock: LockInfo) -> None:
        """Add to the stack's history."""

    async def history(self, stack: StackName) -> Sequence[bytes]:
        """Update records, newest first."""

    async def past(self, stack: StackName, since: float) -> Sequence[tuple[float, bytes]]:
        """The checkpoints that updates led to, oldest first, each with when (seconds since the epoch).

        Those recorded at `since` or later, and the one before. Of an earlier life under this name, what backups tell;
        empty bytes stand for its end.
        """

    async def deleted(self, since: float) -> Sequence[StackName]:
        """Stacks that were deleted, and whose past tells of `since` or later."""


class Intents(Protocol):
    """The acts over several stacks that were decided and are not known to be finished, by name."""

    async def intend(self, name: str, data: bytes, locks: Mapping[StackName, LockInfo]) -> None:
        """Keep the document of such an act, durably, if every lock is ours still (else FencedError)."""

    async def intents(self) -> Mapping[str, bytes]:
        """The documents."""

    async def forget(self, name: str) -> None:
        """Remove the document of a finished act; one that is gone is no error."""


class Backend(Checkpoints, Locks, Journals, Histories, Intents, Protocol):
    """A place for state: five contracts, kept by one object because locks fence all that is written.

    What reads (`list`, `load`, `entries`, `history`, `past`) never blocks on a lock. Raises `errors.StateError` and
    its children; `save`, `append` and `record` raise OSError when the store itself fails, so that the caller can spill.
    """

    url: str


class StackState(Protocol):
    """One stack, locked and open for writing. Made by `state.stacks.open_for_writing`, for one update."""

    checkpoint: Checkpoint
    """As last saved, with the journal of a killed run folded in; secrets decrypted."""

    @property
    def notes(self) -> Sequence[str]:
        """What was found on opening and the user should know: a lock taken over, work of a killed run taken back."""

    async def append(self, entry: JournalEntry) -> None:
        """Make one entry durable. Concurrent calls share one write."""

    async def commit(self, update: Update | None) -> Checkpoint:
        """Fold the journal into the checkpoint, verify its integrity, save it, and add `update` to history."""

    async def close(self) -> None:
        """Give the lock back. Called once, whatever happened; without a `commit` the journal stays."""
