"""Update records as `pulumi stack history` reads them (pulumi/pulumi pkg/backend/updates.go)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from stackyard.kit import jsontext
from stackyard.model import plans
from stackyard.model.checkpoints import Checkpoint
from stackyard.model.names import StackName
from stackyard.model.plans import Operation
from stackyard.model.updates import Outcome, Update
from stackyard.state import codec
from stackyard.state.base import Histories
from stackyard.state.codec import Codec

_KINDS: Final = {Operation.UP: "update", Operation.DESTROY: "destroy", Operation.REFRESH: "refresh"}


def record(update: Update, now: float) -> bytes:
    """The record of an update that ended at `now` (seconds since the epoch). No value of it is told."""
    raw: dict[str, Any] = {
        "kind": _KINDS[update.operation],
        "startTime": int(now - update.seconds),
        "message": "",
        "environment": {"exec.kind": "stackyard"},
        "config": {},
        "version": 0,
        "result": "succeeded" if update.outcome is Outcome.SUCCEEDED else "failed",
        "endTime": int(now),
    }
    if counts := plans.count(update.steps):
        raw["resourceChanges"] = {op.value: count for op, count in sorted(counts.items())}
    return jsontext.dumps(raw).encode()


async def past(backend: Histories, stack: StackName, since: float) -> tuple[tuple[float, Checkpoint], ...]:
    """The states that updates led to, oldest first, each with when (seconds since the epoch); secrets stay sealed.

    Those at `since` or later, and the one before; a stack that was deleted ends with an empty one. Raises StateError
    for a file that is no checkpoint.
    """
    found = await backend.past(stack, since)
    return await asyncio.to_thread(_checkpoints, stack, found)


def _checkpoints(stack: StackName, found: Sequence[tuple[float, bytes]]) -> tuple[tuple[float, Checkpoint], ...]:
    known: dict[bytes, Checkpoint] = {}
    for _, data in found:
        # Updates that changed nothing kept the same text again.
        if data not in known:
            known[data] = _checkpoint(stack, data)
    return tuple((when, known[data]) for when, data in found)


def _checkpoint(stack: StackName, data: bytes) -> Checkpoint:
    return Codec().decode(codec.parse(data)) if data else Checkpoint(stack.short)
