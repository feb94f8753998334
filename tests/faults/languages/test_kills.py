"""Programs, zygotes and calls are killed and cancelled at random moments: every call ends, and nothing is left."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import os
import random
import signal
from pathlib import Path

import pytest

from stackyard.languages.base import Program
from stackyard.languages.python import PythonLanguage
from stackyard.testing.monitors import EchoMonitor

PROGRAM = """
import subprocess, pulumi
sleeper = subprocess.Popen(["sleep", "{seconds}"])
for n in range(3):
    pulumi.CustomResource("test:index:Thing", f"t{{n}}", {{"text": "x" * 1000}})
print("x" * 20000)
"""
KNOWN = (
    "the warm interpreter of the program was killed",
    "the program was killed by SIGKILL without saying why",
)


def commands() -> list[str]:
    """The command lines of all processes."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace").strip())
    return found


async def disturb(language: PythonLanguage, what: str, task: asyncio.Task[object]) -> None:
    zygotes = [zygote for zygote in language._zygotes.values() if zygote.alive]
    if what == "cancel":
        task.cancel()
    for zygote in zygotes:
        pids = [zygote.pid] if what == "zygote" else []
        if what == "child":
            pids = [child.started.result() for child in zygote._children.values() if child.started.done()][:1]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("seed", range(2))
async def test_nothing_hangs_and_nothing_is_left(tmp_path: Path, seed: int) -> None:
    random_ = random.Random(seed)
    # A length of sleep that no other process has names what these programs start.
    seconds = f"{1000 + os.getpid() % 1000}.{seed}7"
    (tmp_path / "__main__.py").write_text(PROGRAM.format(seconds=seconds))
    program = Program("p", "s", "o", tmp_path, environ={"PATH": "/usr/bin:/bin"})
    language = PythonLanguage(remember=False, linger_seconds=1, grace_seconds=1)
    assert (await language.run(program, EchoMonitor())).ok
    descriptors = len(os.listdir("/proc/self/fd"))
    outcomes: collections.Counter[str] = collections.Counter()

    async def one(what: str, start: float, wait: float) -> None:
        await asyncio.sleep(start)
        task = asyncio.create_task(language.run(program, EchoMonitor()))
        await asyncio.sleep(wait)
        await disturb(language, what, task)
        try:
            exit_ = await asyncio.wait_for(task, 60)
            outcomes["ok" if exit_.ok else exit_.message] += 1
        except asyncio.CancelledError:
            outcomes["cancelled"] += 1

    kinds = ["none", "none", "cancel", "child", "zygote"] * 8
    await asyncio.gather(*(one(kind, random_.random() * 1.5, random_.random() * 0.1) for kind in kinds))
    strange = [text for text in outcomes if text not in ("ok", "cancelled", *KNOWN) and "has gone" not in text]
    assert not strange, outcomes
    assert outcomes["ok"], outcomes
    assert (await language.run(program, EchoMonitor())).ok
    await language.close()
    assert len(os.listdir("/proc/self/fd")) < descriptors
    for _ in range(1500):
        left = [command for command in commands() if f"sleep {seconds}" in command]
        if not left:
            break
        await asyncio.sleep(0.02)
    assert not left
