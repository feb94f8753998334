"""No process outlives the one that started it, whoever is killed and however."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from stackyard.languages.base import Exit
from stackyard.languages.python import PythonLanguage
from stackyard.model.registrations import Goal
from stackyard.testing.monitors import EchoMonitor

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Writes its pid and that of a grandchild that ignores everything but SIGKILL, then waits for ever.
FOREVER = """
import os, signal, subprocess, sys, threading
import pulumi
grandchild = subprocess.Popen(["sh", "-c", "trap '' TERM INT HUP; echo ready; while :; do sleep 1; done"],
                              stdout=subprocess.PIPE)
grandchild.stdout.readline()
{more}
print("pids", os.getpid(), grandchild.pid)
threading.Event().wait()
"""


class Started(EchoMonitor):
    """Tells when the program has written its pids."""

    def __init__(self) -> None:
        super().__init__()
        self.pids: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()

    def log(self, entry: Any) -> None:
        super().log(entry)
        if entry.message.startswith("pids ") and not self.pids.done():
            self.pids.set_result([int(word) for word in entry.message.split()[1:]])


@pytest.fixture
async def own() -> AsyncIterator[PythonLanguage]:
    made = PythonLanguage(remember=False, linger_seconds=0.5, grace_seconds=0.5)
    yield made
    await made.close()


def running(pid: int) -> bool:
    """Whether a process exists and is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def gone(*pids: int) -> bool:
    """Wait for processes to end, five seconds at most."""
    deadline = asyncio.get_running_loop().time() + 5
    while any(running(pid) for pid in pids):
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(0.01)
    return True


async def begin(language: PythonLanguage, write: Callable[..., Any], more: str = "") -> tuple[Any, list[int]]:
    monitor = Started()
    task = asyncio.create_task(language.run(write(FOREVER.format(more=more)), monitor))
    done, _ = await asyncio.wait({task, monitor.pids}, return_when=asyncio.FIRST_COMPLETED, timeout=20)
    assert monitor.pids in done, task
    return task, monitor.pids.result()


async def test_cancelling_ends_the_program_and_what_it_started(own: PythonLanguage, write: Any) -> None:
    task, pids = await begin(own, write)
    zygote = await own.warm()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await gone(*pids)
    assert zygote.alive
    assert zygote.busy == 0


async def test_a_program_that_ignores_sigterm_is_killed(own: PythonLanguage, write: Any) -> None:
    task, pids = await begin(own, write, "signal.signal(signal.SIGTERM, signal.SIG_IGN)")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await gone(*pids)


async def test_a_program_may_tidy_up_when_it_is_cancelled(own: PythonLanguage, write: Any, tmp_path: Path) -> None:
    tidy = f"signal.signal(signal.SIGTERM, lambda *_: (open({str(tmp_path / 'tidied')!r}, 'w').close(), os._exit(0)))"
    task, _ = await begin(own, write, tidy)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (tmp_path / "tidied").exists()


async def test_cancelling_before_the_program_began(own: PythonLanguage, write: Any) -> None:
    task = asyncio.create_task(own.run(write("import pulumi"), EchoMonitor()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await own.run(write("import pulumi"), EchoMonitor())).ok
    assert (await own.warm()).busy == 0


async def test_killing_the_program(own: PythonLanguage, write: Any) -> None:
    task, pids = await begin(own, write)
    os.kill(pids[0], signal.SIGKILL)
    assert await task == Exit(False, "the program was killed by SIGKILL without saying why")
    assert await gone(*pids)


async def test_killing_the_zygote_ends_its_programs_and_the_next_one_gets_another(
    own: PythonLanguage, write: Any
) -> None:
    task, pids = await begin(own, write)
    zygote = await own.warm()
    os.kill(zygote.pid, signal.SIGKILL)
    exit_ = await task
    assert (exit_.ok, exit_.message) == (False, "the warm interpreter of the program was killed")
    assert await gone(zygote.pid, *pids)
    assert (await own.run(write("import pulumi"), EchoMonitor())).ok


async def test_closing_ends_everything(own: PythonLanguage, write: Any) -> None:
    task, pids = await begin(own, write)
    zygote = await own.warm()
    await own.close()
    assert not (await task).ok
    assert await gone(zygote.pid, *pids)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
async def test_killing_the_parent_leaves_nothing(tmp_path: Path, write: Any, number: int) -> None:
    write(FOREVER.format(more=""))
    parent = textwrap.dedent(
        f"""
        import asyncio, pathlib, sys
        from stackyard.languages.base import Program
        from stackyard.languages.python import PythonLanguage
        from stackyard.testing.monitors import EchoMonitor

        class Monitor(EchoMonitor):
            def log(self, entry):
                print(entry.message, next(iter(language._zygotes.values())).pid, flush=True)

        language = PythonLanguage(remember=False)
        program = Program("p", "s", "o", pathlib.Path({str(tmp_path)!r}), environ={{"PATH": "/usr/bin:/bin"}})
        asyncio.run(language.run(program, Monitor()))
        """
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", parent, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 20)
    pids = [int(word) for word in line.split()[1:]]
    assert len(pids) == 3
    process.send_signal(number)
    await asyncio.wait_for(process.wait(), 20)
    assert await gone(*pids)


async def test_a_thread_that_never_ends_is_ended(own: PythonLanguage, write: Any) -> None:
    text = "import threading, os\nprint('pids', os.getpid())\nthreading.Thread(target=threading.Event().wait).start()\n"
    monitor = Started()
    exit_ = await own.run(write(text), monitor)
    assert exit_.ok, exit_
    assert "did not end within 0.5 s of its last line" in monitor.entries[-1].message
    assert not any(running(pid) for pid in monitor.pids.result())


async def test_a_request_in_flight_is_finished_though_its_program_was_killed(own: PythonLanguage, write: Any) -> None:
    text = "import os, pulumi\nprint('pids', os.getpid())\npulumi.CustomResource('test:index:Thing', 'a', {})"
    monitor = Started()
    reached, go = asyncio.Event(), asyncio.Event()
    finished: list[str] = []

    async def hold(goal: Goal) -> None:
        if goal.custom:
            reached.set()
            await go.wait()
            finished.append(goal.name)

    monitor.before_register = hold
    task = asyncio.create_task(own.run(write(text), monitor))
    await asyncio.wait_for(reached.wait(), 20)
    os.kill(monitor.pids.result()[0], signal.SIGKILL)
    assert not (await task).ok
    go.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert finished == ["a"]


async def test_no_descriptor_is_left(own: PythonLanguage, write: Any) -> None:
    program = write("import pulumi\nprint('x')\npulumi.export('a', 1)")
    assert (await own.run(program, EchoMonitor())).ok
    before = set(os.listdir("/proc/self/fd"))
    for _ in range(5):
        assert (await own.run(program, EchoMonitor())).ok
    assert len(set(os.listdir("/proc/self/fd")) - before) == 0


async def test_a_parent_with_many_open_files_runs_programs(run: Any) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 4096:
        pytest.skip(f"this machine allows {hard} open files, and the fault begins beyond 1,024")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4096), hard))
    opened = [os.dup(0) for _ in range(1200)]
    try:
        fresh = PythonLanguage(remember=False)
        exit_, _ = await run("import pulumi\npulumi.export('x', 1)\n", through=fresh)
        await fresh.close()
        assert exit_.ok, exit_
    finally:
        for descriptor in opened:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
