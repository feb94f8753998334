"""Processes that die while they hold a stack: FI-01 (state's part), FI-08, FI-10."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from stackyard import errors
from stackyard.model.names import StackName
from stackyard.secrets.opening import Opener
from stackyard.state import integrity, processes, stacks
from stackyard.state.diy import FileBackend

DEV = StackName("organization", "shop", "dev")
OPENER = Opener({})

HOLDER = """
    import asyncio, sys
    from stackyard.model.names import StackName
    from stackyard.state.diy import FileBackend
    asyncio.run(FileBackend("file://" + sys.argv[1]).lock(StackName("organization", "shop", "dev")))
    print("ready", flush=True)
    sys.stdin.read()
"""

# Makes resources for ever: intent, result, intent, result; and saves now and then.
WRITER = """
    import asyncio, sys
    from stackyard.model.journals import JournalEntry, Phase
    from stackyard.model.names import StackName
    from stackyard.model.plans import Op
    from stackyard.model.resources import Resource
    from stackyard.secrets.opening import Opener
    from stackyard.state import stacks
    from stackyard.state.diy import FileBackend

    async def main():
        state = await stacks.open_for_writing(
            FileBackend("file://" + sys.argv[1]), StackName("organization", "shop", "dev"), Opener({}))
        first = len(state.checkpoint.resources)
        for number in range(first, first + 10_000):
            resource = Resource(urn=f"urn:pulumi:dev::shop::a:b:C::{number}", type="a:b:C", custom=True)
            await state.append(JournalEntry(number, Phase.BEGIN, Op.CREATE, resource=resource))
            print("begun", number, flush=True)
            await state.append(JournalEntry(number, Phase.DONE, Op.CREATE, resource=resource.replaced(id="i")))
            print("made", number, flush=True)
            if number % 7 == 6:
                await state.commit(None)

    asyncio.run(main())
"""


@contextlib.contextmanager
def running(code: str, root: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", textwrap.dedent(code), str(root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield child
        finally:
            child.kill()


def lines(child: subprocess.Popen[str], count: int) -> list[str]:
    assert child.stdout is not None
    return [child.stdout.readline().strip() for _ in range(count)]


def test_the_lock_of_a_living_process_holds_and_that_of_a_dead_one_is_taken_over(tmp_path: Path) -> None:
    backend = FileBackend(f"file://{tmp_path}")
    with running(HOLDER, tmp_path) as child:
        assert lines(child, 1) == ["ready"]
        with pytest.raises(errors.LockedError, match=f"pid {child.pid}"):
            asyncio.run(backend.lock(DEV))
        child.send_signal(signal.SIGSTOP)
        with pytest.raises(errors.LockedError):
            asyncio.run(backend.lock(DEV))
    assert asyncio.run(backend.holder(DEV)) is None
    lock = asyncio.run(backend.lock(DEV))
    assert lock.fence == 2
    assert f"@{processes.hostname()} (pid {child.pid})" in lock.took_over


@pytest.mark.parametrize("count", [1, 2, 3, 13, 14, 15, 16, 27, 40])
def test_a_killed_writer_loses_nothing_it_told_of(tmp_path: Path, count: int) -> None:
    with running(WRITER, tmp_path) as child:
        last_word, last_number = lines(child, count)[-1].split()
    backend = FileBackend(f"file://{tmp_path}")
    seen = asyncio.run(stacks.read(backend, DEV))
    assert seen is not None

    async def taken_back() -> stacks.OpenStack:
        state = await stacks.open_for_writing(backend, DEV, OPENER)
        await state.close()
        return state

    state = asyncio.run(taken_back())
    checkpoint = state.checkpoint
    assert checkpoint.resources == seen.resources
    assert str(child.pid) in state.notes[0]
    integrity.verify(checkpoint)
    recorded = sorted((resource.urn.rsplit("::", 1)[1] for resource in checkpoint.resources), key=int)
    pending = [operation.resource.urn.rsplit("::", 1)[1] for operation in checkpoint.pending]
    assert recorded == [str(number) for number in range(len(recorded))]
    assert last_number in (recorded if last_word == "made" else recorded + pending)
    assert len(pending) <= 1
    text = json.loads((tmp_path / ".pulumi/stacks/shop/dev.json").read_text())
    assert len(text["checkpoint"]["latest"].get("resources", ())) == len(recorded)


def test_readers_see_whole_snapshots_all_the_time(tmp_path: Path) -> None:
    backend = FileBackend(f"file://{tmp_path}")
    with running(WRITER, tmp_path) as child:
        lines(child, 14)
        sizes = []
        for _ in range(60):
            checkpoint = asyncio.run(stacks.read(backend, DEV))
            sizes.append(len(checkpoint.resources) if checkpoint else 0)
            lines(child, 2)
    assert sizes == sorted(sizes)
    assert {size % 7 for size in sizes} == {0}
    assert sizes[-1] > sizes[0]


# Adds one to a number, ten times, reading and writing it unprotected but for the stack's lock; sometimes dies inside.
COUNTER = """
    import asyncio, os, pathlib, signal, sys
    from stackyard import errors
    from stackyard.model.names import StackName
    from stackyard.state.diy import FileBackend

    root = pathlib.Path(sys.argv[1])
    stack = StackName("organization", "shop", "dev")
    number = root / "number"

    async def main():
        backend, done = FileBackend("file://" + str(root)), 0
        while done < 10:
            try:
                lock = await backend.lock(stack)
            except errors.LockedError:
                continue
            value = int(number.read_text())
            number.write_text(str(value + 1))
            done += 1
            print("added", flush=True)
            if done == 10 and value % 2:
                os.kill(os.getpid(), signal.SIGKILL)
            await backend.unlock(stack, lock)

    asyncio.run(main())
"""


def test_one_holder_at_a_time_among_processes_that_compete_and_die(tmp_path: Path) -> None:
    (tmp_path / "number").write_text("0")
    command = [sys.executable, "-c", textwrap.dedent(COUNTER), str(tmp_path)]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    added = sum(child.communicate(timeout=60)[0].count("added") for child in children)
    assert added == 40
    assert (tmp_path / "number").read_text() == "40"
    asyncio.run(FileBackend(f"file://{tmp_path}").lock(DEV))
