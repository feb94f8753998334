"""cancel: breaking the locks of a stack, by naming it."""

from __future__ import annotations

from collections.abc import Sequence

from stackyard.operations import outputs
from stackyard.operations.workspace import Opening, Workspace
from stackyard.state.base import LockInfo


async def holder(opening: Opening, name: str) -> LockInfo | None:
    """Who holds the stack now."""
    async with Workspace(opening) as workspace:
        stack = outputs.one(workspace, name).name
        return await workspace.backend(stack).holder(stack)


async def break_locks(opening: Opening, name: str) -> Sequence[LockInfo]:
    """Remove every lock of the stack, the Pulumi CLI's too; whose they were. A writer that still runs is fenced off."""
    async with Workspace(opening) as workspace:
        stack = outputs.one(workspace, name).name
        return await workspace.backend(stack).break_locks(stack)
