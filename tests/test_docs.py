"""Documents say what is there: reference pages are fresh, links lead somewhere, commands exist."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import click
import pytest

from stackyard.cli import main as cli

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
sys.path.insert(0, str(ROOT / "tools"))

import reference  # noqa: E402


def test_the_reference_is_fresh() -> None:
    assert reference.stale() == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page}: {target}"


def _shown() -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        if page.parent.name == "design":
            continue
        for line in re.findall(
            r"(?:^|`|\s)((?:\.venv/bin/)?stackyard (?:-C \S+ )?[a-z][^`\n]*)", page.read_text("utf-8")
        ):
            found.append((str(page.relative_to(ROOT)), line.strip()))
    return found


@pytest.mark.parametrize(("page", "line"), _shown())
def test_commands_in_documents_exist(page: str, line: str) -> None:
    """Every verb and option that a document shows is one of the command line's."""
    words = shlex.split(re.split(r"[|;#(]|\s{2,}", line)[0].replace("…", "").replace("'", ""), posix=False)[1:]
    command: click.Command = cli.cli
    options = {option for param in cli.cli.params for option in param.opts}
    verb = [word for index, word in enumerate(words) if not word.startswith("-") and words[index - 1] != "-C"]
    for name in verb[:1] if verb else []:
        if "|" in name or not re.fullmatch(r"[a-z]+", name):
            return
        found = cli.cli.get_command(click.Context(cli.cli), name)
        if found is None and name in ("is", "and", "runs", "the", "as", "does", "itself", "package", "command"):
            return
        assert found is not None, f"{page}: {line}"
        command = found
    if isinstance(command, click.Group) and len(verb) > 1:
        below = command.get_command(click.Context(command), verb[1])
        assert below is not None, f"{page}: {line}"
        command = below
    options |= {option for param in command.params for option in (*param.opts, *param.secondary_opts)} | {"--help"}
    for word in words:
        if word.startswith("--"):
            assert word.split("=")[0] in options, f"{page}: {line}: {word}"
