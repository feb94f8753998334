"""Documents say what is there: reference pages are fresh, links lead somewhere, commands can be typed as shown."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from stackyard.cli import main as cli

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
WRITTEN = [page for page in PAGES if page.parent.name not in ("design", "reference")]
# A command starts a line, a prompt or a substitution, and ends with it.
COMMAND = re.compile(r"(?:^\s*(?:\$ )?|&& |; |\$\()(?P<in>(?<=\$\())?(?:\S*/)?stackyard (?P<words>.*)")
PROSE_FENCES = ("python", "toml", "yaml", "json", "text")
sys.path.insert(0, str(ROOT / "tools"))

import reference  # noqa: E402


def test_the_reference_is_fresh() -> None:
    assert reference.stale() == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page}: {target}"


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "guide").glob("*.md")), ids=lambda page: page.name)
def test_the_list_of_guides_has_every_guide(page: Path) -> None:
    listed = (page.parent / "README.md").read_text(encoding="utf-8")
    assert page.name == "README.md" or f"]({page.name})" in listed


def _code(text: str) -> Iterator[str]:
    """The pieces of a page that are code: lines of blocks of commands, indented lines, and what is in backticks."""
    fence = None
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            fence = None if fence is not None else line.strip().strip("`").partition(" ")[0]
        elif fence == "console":
            yield from [line] if line.startswith("$ ") else []
        elif fence is not None:
            yield from [line] if fence not in PROSE_FENCES else []
        elif line.startswith("    "):
            yield line
        else:
            yield from re.findall(r"`([^`]+)`", line)


def _commands() -> Iterator[tuple[str, str]]:
    for page in WRITTEN:
        for piece in _code(page.read_text(encoding="utf-8")):
            for found in COMMAND.finditer(piece):
                words = found["words"].split(")")[0] if found["in"] is not None else found["words"]
                yield str(page.relative_to(ROOT)), words


def _alternatives(words: list[str]) -> Iterator[list[str]]:
    """`a|b c` is `a c` and `b c`."""
    several = next((index for index, word in enumerate(words) if re.fullmatch(r"[\w-]+(\|[\w-]+)+", word)), None)
    if several is None:
        yield words
    else:
        for word in words[several].split("|"):
            yield [*words[:several], word, *words[several + 1 :]]


def _words(text: str) -> list[str]:
    """The words of a command: up to a comment, a pipe, a redirection or what comes after."""
    words = shlex.split(text.replace("…", ""), comments=True)
    end = next((index for index, word in enumerate(words) if word[0] in "|&;<>" or word.startswith("2>")), None)
    return words[:end]


def _parse(command: click.Command, name: str, words: list[str], parent: click.Context | None = None) -> None:
    """Parse a command line without running it. Raises UsageError; arguments that are left out are not asked for."""
    try:
        context = command.make_context(name, list(words), parent=parent)
    except (click.MissingParameter, click.exceptions.NoArgsIsHelpError, click.exceptions.Exit):
        return
    if isinstance(command, click.Group):
        name, found, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert name is not None
        assert found is not None
        _parse(found, name, rest, context)


def test_commands_are_found_in_documents() -> None:
    assert len(list(_commands())) > 50
    assert list(_code("say `stackyard ls`:\n\n```console\n$ stackyard up\ndone\n```\n")) == [
        "stackyard ls",
        "$ stackyard up",
    ]


@pytest.mark.parametrize("line", ["prevew", "up --yess", "ls --exclude", "config sett a b", "new estate a b"])
def test_a_command_that_cannot_be_typed_is_told(line: str) -> None:
    with pytest.raises(click.UsageError):
        _parse(cli.cli, "stackyard", _words(line))


@pytest.mark.parametrize(("page", "line"), sorted(set(_commands())))
def test_commands_in_documents_can_be_typed(page: str, line: str) -> None:
    for words in _alternatives(_words(line)):
        _parse(cli.cli, "stackyard", words)
