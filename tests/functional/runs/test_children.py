"""A child of the runner: its output streams, and nothing of it is left."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from stackyard.runner import children, faults


def run(script: str, folder: Path) -> tuple[int, list[str]]:
    lines: list[str] = []
    child = children.Child([sys.executable, "-c", script], os.environ, folder, lambda line: lines.append(line.decode()))
    return child.wait(60), lines


@pytest.mark.parametrize(("end", "code"), [("0", 0), ("7", 7)])
def test_output_and_exit_code(end: str, code: int, tmp_path: Path) -> None:
    script = f"import os, sys; print(os.getcwd()); print('oh', file=sys.stderr); sys.exit({end})"
    ended, lines = run(script, tmp_path)
    assert ended == code
    assert sorted(lines) == sorted([f"{tmp_path}\n", "oh\n"])


def test_a_child_that_was_killed_ends_as_in_a_shell(tmp_path: Path) -> None:
    assert run("import os; os.kill(os.getpid(), 9)", tmp_path)[0] == 137


def test_what_it_started_ends_with_it(tmp_path: Path) -> None:
    script = "import subprocess; print(subprocess.Popen(['sleep', '600']).pid, flush=True)"
    code, lines = run(script, tmp_path)
    assert code == 0
    left = Path(f"/proc/{lines[0].strip()}/stat")
    assert not left.exists() or left.read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_child_that_does_not_listen_is_killed_after_its_grace(tmp_path: Path) -> None:
    lines: list[bytes] = []
    child = children.Child(["sh", "-c", "trap '' TERM; echo deaf; exec sleep 600"], os.environ, tmp_path, lines.append)
    assert child.wait(2, grace=0.2) == faults.TIME
    assert lines == [b"deaf\n"]


def test_sigterm_is_passed_on(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    script = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('told'), sys.exit(3)))\n"
        "print('ready', flush=True)\ntime.sleep(600)"
    )
    lines: list[str] = []

    def show(line: bytes) -> None:
        lines.append(line.decode())
        if line == b"ready\n":
            os.kill(os.getpid(), signal.SIGTERM)

    child = children.Child([sys.executable, "-c", script], os.environ, tmp_path, show)
    assert child.wait(60) == faults.STOPPED
    assert lines == ["ready\n", "told\n"]
    assert signal.getsignal(signal.SIGTERM) is before
