"""cancel: breaking a lock, by naming it."""

from __future__ import annotations

from stackyard.operations import outputs
from stackyard.operations.workspace import Opening, Workspace
from stackyard.state.base import LockInfo


async def holder(opening: Opening, name: str) -> LockInfo | None:
    """Who holds the stack now."""
    async with Workspace(opening) as workspace:
        return await workspace.backend.holder(outputs.one(workspace, name).name)


async def break_lock(opening: Opening, name: str, held: LockInfo) -> None:
    """Remove the lock that was shown, and no other."""
    async with Workspace(opening) as workspace:
        await workspace.backend.unlock(outputs.one(workspace, name).name, held)
