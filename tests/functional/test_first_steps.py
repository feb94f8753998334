"""The first page of the guide is true: its files are written, its commands run, and every line it shows is seen."""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from stackyard.cloud.client import EmbeddedCloud
from tests.functional.running import run

pytestmark = pytest.mark.cloud

PAGE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "first-steps.md"
BLOCK = re.compile(r"^```(?P<language>\w+) (?P<where>\S+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
# What differs from run to run. Steps that take no time to speak of show none.
TIMES = re.compile(r"\b\d+\.\d+s\b")
VARYING = re.compile(r"\b[0-9a-f]{7}\b|\b\d{12}\b|\d{4}-\d\d-\d\dT[\d:]+")


@dataclasses.dataclass(frozen=True, slots=True)
class Shown:
    """A command of the page and the lines that it shows below it."""

    folder: str
    words: list[str]
    lines: list[str]


def _constant(line: str) -> str:
    return re.sub(r"\s+", " ", VARYING.sub("*", TIMES.sub("", line))).strip()


def _steps(page: str) -> Iterator[tuple[str, str] | Shown]:
    """Files to write, as (path, text), and commands to run, in the page's order."""
    for block in BLOCK.finditer(page):
        if block["language"] != "console":
            yield block["where"], block["text"]
            continue
        for command in block["text"].removeprefix("$ ").split("\n$ "):
            line, *lines = command.splitlines()
            yield Shown(block["where"], shlex.split(line), [each for each in lines if each not in ("", "…")])


def test_the_first_steps_are_as_shown(tmp_path: Path, embedded_cloud: EmbeddedCloud) -> None:
    for name in ("shelf", "shop"):
        (tmp_path / name / ".stackyard").mkdir(parents=True)
        (tmp_path / name / ".stackyard" / "cloud").symlink_to(embedded_cloud.folder)
    commands = 0
    for step in _steps(PAGE.read_text(encoding="utf-8")):
        if isinstance(step, Shown):
            _hold(step, tmp_path)
            commands += 1
        else:
            path, text = step
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text, encoding="utf-8")
    assert commands > 15


def _hold(shown: Shown, root: Path) -> None:
    assert shown.words[0] == "stackyard"
    result = run(root / shown.folder, *shown.words[1:])
    said = (result.stdout + result.stderr).replace(f"{root / shown.folder}/", "")
    failed = any(line.startswith("error:") for line in shown.lines)
    assert (result.exit_code != 0) == failed, said
    seen = {_constant(line) for line in said.splitlines()}
    missing = [line for line in shown.lines if _constant(line) not in seen]
    assert not missing, f"{shlex.join(shown.words)} does not show {missing}, but:\n{said}"
