"""What programs made an interpreter load, remembered: within a run for all programs, between runs for each project.

A file per interpreter in the user's cache. It is a hint and nothing more: a file that is lost, old or damaged costs
time and never an error.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

PROJECTS: Final = 2000
"""How many projects are kept a file; those that ran longest ago are forgotten."""


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where such files lie (XDG Base Directory Specification)."""
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stackyard" / "python"


REFUSED_SECONDS: Final = 86400.0
"""How long a package stays refused: the next version of it may behave."""


class Memory:
    """The names learnt for one interpreter. `seen` are those of this run, of all programs; `refused` are packages
    that must not be preloaded, with when that was found out (Unix time).
    """

    def __init__(self, folder: Path | None, interpreter: str, patterns: tuple[str, ...]) -> None:
        digest = hashlib.sha256(interpreter.encode()).hexdigest()[:16]
        self._path = folder / f"{digest}.json" if folder else None
        self._patterns = patterns
        self._changed = False
        self._projects: dict[str, list[str]] = {}
        self.refused: dict[str, float] = {}
        self.seen: dict[str, None] = {}
        self._load()

    def names(self, project: str) -> list[str]:
        """What is worth having warm for a program of `project`, the folder of one."""
        return [name for name in {**self.seen, **dict.fromkeys(self._projects.get(project, ()))} if self._may_be(name)]

    def learn(self, project: str, names: Iterable[str]) -> None:
        """A program of `project` used these; a class stands for its module, and a package for what is in it."""
        kept = [name for name in names if (":" in name or "." not in name) and self._may_be(name)]
        self.seen.update(dict.fromkeys(kept))
        known = self._projects.pop(project, [])
        self._projects[project] = sorted({*known, *kept})
        self._changed = self._changed or len(self._projects[project]) > len(known)

    def refuse(self, package: str) -> None:
        """Name nothing of a package for a while."""
        self.refused[package] = time.time()
        self.seen = {name: None for name in self.seen if self._may_be(name)}
        self._changed = True

    def save(self) -> None:
        """Write the file, if there is something new."""
        if self._path is None or not self._changed:
            return
        projects = dict(list(self._projects.items())[-PROJECTS:])
        # Whatever prevents it (a read-only home, a full disk), the next run is slower and no worse.
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=self._path.parent, delete=False, encoding="utf-8") as file:
                json.dump({"refused": self.refused, "projects": projects}, file)
            Path(file.name).replace(self._path)
        self._changed = False

    def _load(self) -> None:
        if self._path is None:
            return
        with contextlib.suppress(OSError, ValueError, AttributeError, KeyError, TypeError):
            found = json.loads(self._path.read_text(encoding="utf-8"))
            since = time.time() - REFUSED_SECONDS
            self.refused = {str(package): float(at) for package, at in found["refused"].items() if at > since}
            self._projects = {str(key): [str(name) for name in names] for key, names in found["projects"].items()}

    def _may_be(self, name: str) -> bool:
        top = name.partition(":")[0].partition(".")[0]
        matches = (
            top == pattern or (pattern[-1] == "*" and top.startswith(pattern[:-1])) for pattern in self._patterns
        )
        return top not in self.refused and any(matches)
