"""Which files the programs of one project are made of."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from stackyard.estate.walking import PRUNED
from stackyard.languages.yaml import programs as yaml_programs
from stackyard.model.estates import Project

SUFFIXES: Final = {"nodejs": (".ts", ".js", ".mts", ".mjs", ".cts", ".cjs"), "go": (".go",)}
ENTRIES: Final = ("index.ts", "index.js", "index.mts", "index.mjs", "index.cts", "index.cjs")
_PACKAGE: Final = "package.json"
_SKIPPED: Final = re.compile(r".*(\.d\.[cm]?ts|\.(test|spec)\.[cm]?[jt]s|_test\.go)")
_LARGEST: Final = 1_000_000
_MOST: Final = 2_000
_BUILT: Final = frozenset({"bin", "dist", "build", "out"})


def files(project: Project) -> list[Path]:
    """The sources of a project, without those of projects within it, tests, and what was compiled."""
    found = (path for _, named in _walked(project) for path in named)
    return [path for path in found if path.is_file() and path.stat().st_size <= _LARGEST][:_MOST]


def inputs(project: Project) -> list[Path]:
    """All that decides what is read: files, whether they are there or not, and folders by the names in them."""
    start = project.path / project.main
    if project.runtime == "yaml":
        return [start, yaml_programs.source(project.path, project.main)]
    walked = list(_walked(project))
    return [start / _PACKAGE, *(folder for folder, _ in walked), *(path for _, named in walked for path in named)]


def entries(project: Project) -> list[Path]:
    """Where a Node.js program may start, in the order in which the SDK's runner looks."""
    start = project.path / project.main
    main = _main(start)
    return [start, *(start / name for name in (main, *ENTRIES) if name)]


def _walked(project: Project) -> Iterator[tuple[Path, list[Path]]]:
    """Every folder of a project that is looked into, and what is named like a source in it."""
    pruned = PRUNED | _BUILT if project.runtime == "nodejs" else PRUNED
    for where, folders, names in os.walk(project.path):
        here = Path(where)
        if here != project.path and "Pulumi.yaml" in names:
            folders.clear()
            names = []
        folders[:] = sorted(name for name in folders if name not in pruned and not name.startswith("."))
        wanted = (name for name in sorted(names) if os.path.splitext(name)[1] in SUFFIXES[project.runtime])
        yield here, [here / name for name in wanted if not _SKIPPED.fullmatch(name)]


def _main(folder: Path) -> str:
    try:
        found = json.loads((folder / _PACKAGE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    name = found.get("main") if isinstance(found, dict) else None
    if not isinstance(name, str):
        return ""
    # Programs that are compiled first are told by what they are compiled from.
    stem = Path(name).stem
    return name if Path(name).parts[:1] not in (("bin",), ("dist",), ("build",)) else f"{stem}.ts"
