"""Builds of Go programs, kept by what they were made of."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import hashlib
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from stackyard import errors
from stackyard.errors import Position
from stackyard.kit import commands
from stackyard.languages.golang import asking, sources
from stackyard.model.diagnostics import Diagnostic, error

KEPT: Final = 3
"""How many builds of one program are kept: switching between branches builds nothing anew."""

_FAULT: Final = re.compile(r"^(\S[^:\n]*\.(?:go|mod)):(\d+)(?::(\d+))?: (.+)$", re.MULTILINE)


_SILENT: Final = ".silent"


@dataclasses.dataclass(frozen=True, slots=True)
class Built:
    """A program. `asks` is false when nothing in it can ask whether it is being previewed."""

    path: Path
    asks: bool = True


class Builds:
    """Builds programs into a folder of its own; one program is built once, however many stacks of it start."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or cache_folder()
        self._building: collections.defaultdict[Path, asyncio.Lock] = collections.defaultdict(asyncio.Lock)

    async def built(self, directory: Path, go: str, environ: Mapping[str, str]) -> Built:
        """An up-to-date build of the program in `directory`; what it was found to be stands in its file's name.

        Raises `errors.DiagnosedError` with the compiler's complaints.
        """
        digest = await asyncio.to_thread(sources.digest, directory, go, environ)
        target = self._folder / hashlib.sha256(str(directory).encode()).hexdigest()[:16] / digest[:32]
        async with self._building[target]:
            silent = target.with_name(target.name + _SILENT)
            for known in (Built(silent, asks=False), Built(target)):
                if known.path.exists():
                    os.utime(known.path)
                    return known
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as made:
                await build(directory, go, environ, Path(made) / "program")
                new = Built(target) if await asking.can_ask(directory, go, environ) else Built(silent, asks=False)
                os.replace(Path(made) / "program", new.path)
            self._forget(target.parent)
        return new

    def _forget(self, folder: Path) -> None:
        made = sorted((path for path in folder.iterdir() if path.is_file()), key=lambda path: path.stat().st_mtime)
        for path in made[:-KEPT]:
            path.unlink(missing_ok=True)


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where builds are kept (XDG Base Directory Specification)."""
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stackyard" / "go"


async def build(directory: Path, go: str, environ: Mapping[str, str], target: Path) -> None:
    """Build the program in `directory` to `target`. Raises `errors.DiagnosedError`."""
    command = (go, "build", "-buildvcs=false", "-ldflags=-s -w", "-o", str(target))
    status, said = await commands.run(command, directory, environ)
    if status or not os.access(target, os.X_OK):
        raise errors.DiagnosedError(complaints(directory, said.decode(errors="replace")))


def complaints(directory: Path, said: str) -> list[Diagnostic]:
    """The compiler's complaints, each at its place; all it said as one where it names none."""
    found = [
        error(
            text.removesuffix("; to add:"),
            hint="`go mod tidy` writes it: commit go.sum" if "missing go.sum entry" in text else "",
            position=Position(os.path.normpath(directory / path), int(line), int(column or 0)),
        )
        for path, line, column, text in _FAULT.findall(said)
        if text != "too many errors"
    ]
    return found or [error(said.strip() or "go build made no program: is there a package `main`?")]
