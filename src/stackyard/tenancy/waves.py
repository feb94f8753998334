"""Waves: the groups of organizations through which a change of the platform is rolled, and how far it got.

A group is rolled when the one before it is good. What was good is remembered for the change that it was good with:
another change of the programs begins at the first group again.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from stackyard.errors import Position
from stackyard.estate import documents
from stackyard.kit import files, globs
from stackyard.model.diagnostics import Diagnostic, error

_PRUNED: Final = frozenset({"__pycache__", "node_modules", ".venv", "venv", ".stackyard", ".git"})

Groups = tuple[tuple[str, ...], ...]


def of_size(organizations: Iterable[str], size: int) -> Groups:
    """Groups of that many, in order of name; the first is one organization alone, the canary."""
    names = sorted(organizations)
    rest = names[1:]
    return tuple(each for each in (tuple(names[:1]), *_cut(rest, size)) if each)


def _cut(names: Sequence[str], size: int) -> list[tuple[str, ...]]:
    return [tuple(names[start : start + size]) for start in range(0, len(names), size)]


def read(text: str, path: str, organizations: Sequence[str]) -> tuple[Groups, tuple[Diagnostic, ...]]:
    """The groups of a file: a list of lists of organizations or globs of them; the first that names one has it.

    Whoever is in none comes last, as a group of their own. Names that mean nobody are faults.
    """
    document = documents.parse(text, path)
    found, groups, taken = list(document.diagnostics), [], set()
    root = document.root
    if not found and (root is None or root.items is None):
        found.append(error("must be a list of groups", hint="such as `- [acme]`", position=Position(path, 1)))
    for node in (root.items or ()) if root is not None else ():
        group: list[str] = []
        for item in node.items if node.items is not None else [node]:
            meant = [name for name in sorted(organizations) if item.text and globs.matches(item.text, name)]
            if not meant:
                known = ", ".join(sorted(organizations))
                found.append(error(f"no organization is called {item.text!r}", hint=known, position=item.position))
            group += [name for name in meant if name not in taken]
            taken.update(meant)
        groups.append(tuple(group))
    groups.append(tuple(name for name in sorted(organizations) if name not in taken))
    return tuple(group for group in groups if group), tuple(found)


def change(folders: Iterable[Path], *more: str) -> str:
    """32 hex digits that stand for what the programs in these folders say; `more` are other things that matter."""
    digest = hashlib.sha256(json.dumps(more).encode())
    for folder in sorted(set(folders)):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not _PRUNED.intersection(path.relative_to(folder).parts):
                content = hashlib.sha256(path.read_bytes()).hexdigest()
                digest.update(f"{folder.name}/{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()[:32]


@dataclasses.dataclass(frozen=True, slots=True)
class Progress:
    """How far a wave got: the change, its groups, the organizations that are good, and those that were bad last."""

    change: str
    groups: Groups
    good: tuple[str, ...] = ()
    bad: tuple[str, ...] = ()

    @property
    def group(self) -> int:
        """The first group, from 0, that is not good yet; the number of groups when all are."""
        good = set(self.good)
        return next((order for order, group in enumerate(self.groups) if not good.issuperset(group)), len(self.groups))

    def with_group(self, good: Iterable[str], bad: Iterable[str]) -> Progress:
        """After a group was rolled."""
        return dataclasses.replace(self, good=tuple(sorted({*self.good, *good} - set(bad))), bad=tuple(sorted(bad)))


def resumed(file: Path, change: str, groups: Groups) -> Progress:
    """The wave of this change as it was left; from the beginning when it is another change, or none was begun."""
    fresh = Progress(change, groups)
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        return Progress(change, groups, tuple(data["good"]), tuple(data["bad"])) if data["change"] == change else fresh
    except (OSError, ValueError, KeyError, TypeError):
        return fresh  # What cannot be gone on with: from the beginning is always right.


def keep(file: Path, progress: Progress) -> None:
    """Remember it, durably."""
    files.write(file, json.dumps(dataclasses.asdict(progress), indent=1).encode())
