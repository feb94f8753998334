"""cloud: the embedded cloud of an estate."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

from stackyard.model.estates import Stack
from stackyard.operations import outputs
from stackyard.operations.workspace import DEFAULT_REGION, Opening, Workspace


async def start(opening: Opening, progress: Callable[[str], None]) -> dict[str, Any]:
    """Start it on need; what is in it."""
    workspace = Workspace(opening, progress=progress)
    await workspace.cloud.ensure()
    return await status(opening)


async def stop(opening: Opening) -> bool:
    """Stop it; whether it ran."""
    return await Workspace(opening).cloud.stop()


async def status(opening: Opening) -> dict[str, Any]:
    """Where it listens and what is in it; `running` false when it is not."""
    cloud = Workspace(opening).cloud
    info = await cloud.status()
    if info is None:
        return {"running": False}
    inside = await cloud.describe()
    return {"running": True, "endpoint": info.endpoint, "pid": info.pid, "version": info.version, **inside}


async def logs(opening: Opening, *, lines: int, follow: bool) -> AsyncIterator[str]:
    """Its log, line by line."""
    async for line in Workspace(opening).cloud.logs(lines=lines, follow=follow):
        yield line


async def reset(opening: Opening) -> None:
    """Delete everything in it."""
    await Workspace(opening).cloud.reset(confirm=True)


async def environ(opening: Opening, name: str) -> dict[str, str]:
    """The variables that reach one stack's account, or the estate's when no stack is named; starts it on need."""
    async with Workspace(opening) as workspace:
        await workspace.ensure_cloud()
        stack: Stack | None = outputs.one(workspace, name) if name else next(iter(workspace.estate.stacks), None)
        region = DEFAULT_REGION
        if stack is not None:
            region = (await workspace.config(stack))[0].get("aws:region", DEFAULT_REGION)
        return workspace.cloud.environ(workspace.account(stack), region)
