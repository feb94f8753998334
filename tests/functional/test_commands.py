"""Commands are ended with all that they have started, and nothing of them stays open here."""

from __future__ import annotations

import asyncio
import os
import select
import signal
from pathlib import Path

import pytest

from stackyard.kit import commands

ENVIRON = {"PATH": os.environ["PATH"]}
LEAVING = "setsid sh -c 'echo $$ >&2; exec sleep 60' & exec sleep 60"


def pipes() -> set[str]:
    """The pipes that this process has open."""
    found = set()
    for each in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{each}")
        except FileNotFoundError:
            continue
        if target.startswith("pipe:"):
            found.add(target)
    return found


async def test_the_status_and_what_was_written(tmp_path: Path) -> None:
    script = ["sh", "-c", "pwd; echo oops >&2; exit 3"]
    assert await commands.run(script, tmp_path, ENVIRON) == (3, f"{tmp_path}\noops\n".encode())
    assert await commands.run(script, tmp_path, ENVIRON, complaints=False) == (3, f"{tmp_path}\n".encode())
    with pytest.raises(FileNotFoundError):
        await commands.run(["nothing-is-called-so"], tmp_path, ENVIRON)


async def test_no_pipe_stays_open_whoever_holds_its_other_end() -> None:
    before = pipes()
    process = await commands.start(
        ["sh", "-c", LEAVING], stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    left = int(await process.stderr.readline())
    try:
        await commands.end(process)
        assert process.returncode == -signal.SIGKILL
        assert pipes() <= before
    finally:
        os.kill(left, signal.SIGKILL)


async def test_who_is_cancelled_ends_it_with_its_children(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pids")
    fifo = os.open(tmp_path / "pids", os.O_RDWR)
    script = "trap '' TERM; sleep 60 & echo $$ $! > pids; wait; sleep 60"
    running = asyncio.create_task(commands.run(["sh", "-c", script], tmp_path, ENVIRON, grace=0.1))
    handles = [os.pidfd_open(int(pid)) for pid in (await asyncio.to_thread(os.read, fifo, 100)).split()]
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    for handle in handles:
        ended, _, _ = await asyncio.to_thread(select.select, [handle], [], [], 10)
        assert ended
        os.close(handle)
    os.close(fifo)


async def test_who_is_cancelled_once_more_does_not_wait_for_it_to_tidy_up() -> None:
    process = await commands.start(
        ["sh", "-c", "trap '' TERM; echo; sleep 60; sleep 60"], stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    await process.stdout.readline()
    ending = asyncio.create_task(commands.end(process, grace=60))
    await asyncio.sleep(0)
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    assert await asyncio.wait_for(process.wait(), 10) == -signal.SIGKILL
