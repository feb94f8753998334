"""FI-02: the first interrupt finishes what runs, the second cancels it, the third kills; state is true each time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PROGRAM = """\
import pulumi
import pulumi_command as command

wait = "echo started > started; while [ ! -e go ]; do sleep 0.05; done; echo made"
first = command.local.Command("first", create=wait)
second = command.local.Command("second", create="echo two", opts=pulumi.ResourceOptions(depends_on=[first]))
"""


class Update:
    """`stackyard up` in a process of its own, in the middle of its first resource."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "Pulumi.yaml").write_text("name: slow\nruntime: python\n")
        (folder / "__main__.py").write_text(PROGRAM)
        self.process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "stackyard", "-C", str(self.folder), "up", "--yes", "-s", "dev"]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert process.stdout is not None
        self.lines = [""]
        for line in process.stdout:
            self.lines.append(line)
            if line.startswith("Updating"):
                break
        while not (self.folder / "started").exists() and process.poll() is None:
            os.sched_yield()
        return process

    def interrupt(self, until: str) -> None:
        """Send SIGINT and read until the process says so."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if until in line:
                return
        pytest.fail(f"it ended without {until!r}: {''.join(self.lines)}")

    def ended(self) -> tuple[int, str]:
        rest, _ = self.process.communicate(timeout=60)
        return self.process.returncode, "".join(self.lines) + rest

    def go(self) -> None:
        (self.folder / "go").touch()

    def recorded(self) -> list[str]:
        path = self.folder / ".stackyard/.pulumi/stacks/slow/dev.json"
        latest: dict[str, Any] = json.loads(path.read_text())["checkpoint"]["latest"]
        return [
            each["urn"].rpartition("::")[2]
            for each in latest.get("resources", [])
            if each["type"].startswith("command:")
        ]

    def locks(self) -> list[Path]:
        return [path for path in (self.folder / ".stackyard/.pulumi/locks").rglob("*.json") if path.is_file()]

    def run_to_end(self, verb: str = "up") -> tuple[int, str]:
        self.go()
        command = [sys.executable, "-m", "stackyard", "-C", str(self.folder), verb, "--yes"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


def is_said_then_forgotten(update: Update) -> None:
    """Nobody can tell whether the command had its effect: that is said, not guessed, until a refresh forgets it."""
    code, text = update.run_to_end()
    assert code == 1
    assert "cannot be told what came of it" in text
    assert "__main__.py:5" in text
    code, text = update.run_to_end("refresh")
    assert code == 0, text
    code, text = update.run_to_end()
    assert code == 0, text
    assert update.recorded() == ["first", "second"]


@pytest.fixture
def update(tmp_path: Path) -> Iterator[Update]:
    made = Update(tmp_path / "slow")
    yield made
    if made.process.poll() is None:
        made.process.kill()
    made.process.wait()
    subprocess.run([sys.executable, "-m", "stackyard", "-C", str(made.folder), "cloud", "stop"], check=True)


def test_the_first_interrupt_finishes_what_runs_and_starts_nothing(update: Update) -> None:
    update.interrupt("running steps finish")
    update.go()
    code, text = update.ended()
    assert code == 8, text
    assert update.recorded() == ["first"]
    assert update.locks() == []
    code, text = update.run_to_end()
    assert code == 0, text
    assert update.recorded() == ["first", "second"]


def test_the_second_interrupt_cancels_what_runs(update: Update) -> None:
    update.interrupt("running steps finish")
    update.interrupt("cancelling")
    code, text = update.ended()
    assert code == 8, text
    assert update.locks() == []
    is_said_then_forgotten(update)


def test_the_third_interrupt_kills_and_the_next_run_goes_on(update: Update) -> None:
    update.interrupt("running steps finish")
    update.interrupt("cancelling")
    update.process.send_signal(signal.SIGINT)
    code, text = update.ended()
    assert code in (8, 130), text
    is_said_then_forgotten(update)


def test_a_terminated_update_leaves_no_lock(update: Update) -> None:
    update.process.send_signal(signal.SIGTERM)
    update.go()
    code, text = update.ended()
    assert code == 8, text
    assert update.locks() == []
    assert update.recorded() == ["first"]
