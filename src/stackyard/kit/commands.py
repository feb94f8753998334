"""Commands run to their end, or ended with everything that they have started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


async def run(
    arguments: Sequence[str], directory: Path, environ: Mapping[str, str], *, complaints: bool = True, grace: float = 0
) -> tuple[int, bytes]:
    """A command's exit status and what it wrote, with its `complaints` (standard error) or without.

    Who is cancelled ends it first, see `end`. Raises OSError when it cannot be started.
    """
    process = await start(
        arguments,
        cwd=directory,
        env=dict(environ),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT if complaints else asyncio.subprocess.DEVNULL,
    )
    try:
        said, _ = await process.communicate()
    except BaseException:
        await end(process, grace)
        raise
    return process.returncode or 0, said


async def start(arguments: Sequence[str], **options: Any) -> asyncio.subprocess.Process:
    """The process of a command, leader of a session and so of a group of its own.

    `options` are those of `asyncio.create_subprocess_exec`, as is what is raised. Who is cancelled while it starts
    waits until it can be ended with all that it has started.
    """
    starting = asyncio.create_task(asyncio.create_subprocess_exec(*arguments, start_new_session=True, **options))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        with contextlib.suppress(OSError, ValueError):
            await end(await starting)
        raise


async def end(process: asyncio.subprocess.Process, grace: float = 0) -> None:
    """Kill a process and its group: a child may outlive its leader. With `grace` seconds, it is told to end first.

    Its pipes are closed, too: who has left the group may hold their other ends for as long as it likes.
    """
    try:
        if grace:
            _signal(process.pid, signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), grace)
    finally:  # also for who is cancelled once more
        _signal(process.pid, signal.SIGKILL)
        process._transport.close()  # type: ignore[attr-defined]
    await process.wait()
    await asyncio.sleep(0)  # of one that had ended already, the loop closes the pipes in its next round


def _signal(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)
