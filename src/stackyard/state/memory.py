"""A backend that lives in memory: for tests, and for runs whose state nobody wants to keep."""

from __future__ import annotations

import dataclasses
import datetime
import os
import time
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence

from stackyard import errors
from stackyard.model import names
from stackyard.model.names import StackName
from stackyard.state import processes
from stackyard.state.base import LockInfo


@dataclasses.dataclass(slots=True)
class _Stack:
    data: bytes | None = None
    lock: LockInfo | None = None
    fence: int = 0
    journal: list[bytes] = dataclasses.field(default_factory=list)
    history: list[bytes] = dataclasses.field(default_factory=list)
    past: list[tuple[float, bytes]] = dataclasses.field(default_factory=list)


class MemoryBackend:
    """A `state.base.Backend` whose stacks end with the process. For one event loop."""

    def __init__(self, url: str = "memory://") -> None:
        self.url = url
        self._intents: dict[str, bytes] = {}
        self._stacks: defaultdict[tuple[str, str], _Stack] = defaultdict(_Stack)

    def _of(self, stack: StackName) -> _Stack:
        if not (names.is_name(stack.project) and names.is_name(stack.stack)):
            raise errors.StateError(f"{stack} cannot name a stack", hint="use letters, digits, `_`, `.` and `-`")
        return self._stacks[stack.project, stack.stack]

    def _held(self, stack: StackName, lock: LockInfo) -> _Stack:
        found = self._of(stack)
        if found.lock is None or found.lock.id != lock.id:
            raise errors.FencedError(f"{stack}: the lock of this run is lost", hint="nothing more was written")
        return found

    async def list(self) -> Sequence[StackName]:
        """Every stack that has a checkpoint or a journal, sorted."""
        with_data = [name for name, stack in self._stacks.items() if stack.data is not None or stack.journal]
        return sorted(StackName(names.DEFAULT_ORGANIZATION, *name) for name in with_data)

    async def load(self, stack: StackName) -> bytes | None:
        """The checkpoint's text."""
        return self._of(stack).data

    async def save(self, stack: StackName, data: bytes, lock: LockInfo) -> None:
        """Replace the checkpoint and end the journal."""
        found = self._held(stack, lock)
        found.data, found.journal = data, []

    async def delete(self, stack: StackName, lock: LockInfo) -> None:
        """Remove the stack."""
        found = self._held(stack, lock)
        found.data, found.journal, found.history = None, [], []
        found.past.append((time.time(), b""))

    async def lock(self, stack: StackName) -> LockInfo:
        """Take the lock."""
        found = self._of(stack)
        if found.lock is not None:
            raise errors.LockedError(
                f"{stack} is locked by {found.lock}",
                hint=f"wait for it, or break the lock with `stackyard cancel {stack.short}`",
            )
        found.fence += 1
        now = datetime.datetime.now(datetime.UTC).isoformat().replace("+00:00", "Z")
        found.lock = LockInfo(
            str(uuid.uuid4()), found.fence, processes.username(), processes.hostname(), os.getpid(), now
        )
        return found.lock

    async def renew(self, stack: StackName, lock: LockInfo) -> None:
        """Check that the lock is ours still."""
        self._held(stack, lock)

    async def unlock(self, stack: StackName, lock: LockInfo) -> None:
        """Give the lock back."""
        found = self._of(stack)
        if found.lock is not None and found.lock.id == lock.id:
            found.lock = None

    async def holder(self, stack: StackName) -> LockInfo | None:
        """Who holds it now."""
        return self._of(stack).lock

    async def break_locks(self, stack: StackName) -> Sequence[LockInfo]:
        """Take the lock away."""
        found = self._of(stack)
        broken, found.lock = found.lock, None
        return [broken] if broken else []

    async def append(self, stack: StackName, lock: LockInfo, lines: Sequence[bytes]) -> None:
        """Append to the journal."""
        self._held(stack, lock).journal.extend(lines)

    async def entries(self, stack: StackName) -> Sequence[bytes]:
        """The journal's lines."""
        return list(self._of(stack).journal)

    async def record(self, stack: StackName, update: bytes, checkpoint: bytes, lock: LockInfo) -> None:
        """Add an update and the checkpoint it led to to the history."""
        found = self._held(stack, lock)
        found.history.insert(0, update)
        found.past.append((time.time(), checkpoint))

    async def history(self, stack: StackName) -> Sequence[bytes]:
        """Update records, newest first."""
        return list(self._of(stack).history)

    async def past(self, stack: StackName, since: float) -> Sequence[tuple[float, bytes]]:
        """The checkpoints that updates led to, oldest first."""
        found = self._of(stack).past
        before = [each for each in found if each[0] < since]
        return [*before[-1:], *(each for each in found if each[0] >= since)]

    async def intend(self, name: str, data: bytes, locks: Mapping[StackName, LockInfo]) -> None:
        """Keep the document of an act over several stacks."""
        for stack, lock in locks.items():
            self._held(stack, lock)
        self._intents[name] = data

    async def intents(self) -> Mapping[str, bytes]:
        """The acts that are not known to be finished, by name."""
        return dict(sorted(self._intents.items()))

    async def forget(self, name: str) -> None:
        """Remove the document of a finished act."""
        self._intents.pop(name, None)

    async def deleted(self, since: float) -> Sequence[StackName]:
        """Stacks that were deleted."""
        gone = [name for name, found in self._stacks.items() if found.data is None and not found.journal]
        told = [name for name in gone if self._stacks[name].past and self._stacks[name].past[-1][0] >= since]
        return sorted(StackName(names.DEFAULT_ORGANIZATION, *name) for name in told)
