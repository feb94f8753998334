"""Fleets: a project deployed once per file of a registry folder."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from stackyard.errors import Position
from stackyard.estate import files
from stackyard.model import names
from stackyard.model.diagnostics import Diagnostic, error
from stackyard.model.estates import Fleet, Project

_EXTENSIONS: Final = (".yaml", ".yml")


@dataclasses.dataclass(frozen=True, slots=True)
class Member:
    """One stack of a fleet: its name, its entry's name and file, and the configuration the fleet gives it."""

    stack: str
    entry: str
    path: Path
    config: dict[str, str]
    tenant: str = ""


def members(fleet: Fleet, project: Project, root: Path, report: Callable[[Diagnostic], None]) -> list[Member]:
    """The stacks of `fleet`, by entry. Entries that cannot be are reported and left out."""
    registry = files.inside(root, fleet.registry)
    if registry is None or not registry.is_dir():
        message = f"the registry {fleet.registry!r} of fleet {fleet.project!r} is not a folder of the estate"
        hint = "name a folder below the manifest, and no symbolic link"
        report(error(message, hint=hint, position=fleet.position))
        return []
    found: dict[str, Member] = {}
    for path in _entries(registry):
        member = _member(fleet, project, root, path, report)
        if member and member.stack in found:
            message = f"stack {member.stack!r} comes from two entries: {found[member.stack].path.name} and {path.name}"
            report(error(message, hint="remove one of them", position=Position(_relative(path, root))))
        elif member:
            found[member.stack] = member
    return list(found.values())


def _entries(registry: Path) -> list[Path]:
    with os.scandir(registry) as found:
        return sorted(registry / entry.name for entry in found if entry.name.endswith(_EXTENSIONS))


def _member(
    fleet: Fleet, project: Project, root: Path, path: Path, report: Callable[[Diagnostic], None]
) -> Member | None:
    entry = path.name.rsplit(".", 1)[0]
    stack = fleet.stack.replace("{entry}", entry)
    position = Position(ascii(_relative(path, root))[1:-1])
    if path.is_symlink() or not path.is_file():
        report(error(f"the entry {entry!a} is not a regular file", hint="put the file here", position=position))
        return None
    if not names.is_name(entry) or not names.is_name(stack):
        hint = "use at most 100 letters, digits, '_', '-' and '.' in the file's name and in the fleet's `stack`"
        report(error(f"{stack!a} cannot be the name of a stack", hint=hint, position=position))
        return None
    from_project = Path(os.path.relpath(path, project.path)).as_posix()
    config = {
        key: value.replace("{entry_path}", from_project).replace("{entry}", entry)
        for key, value in fleet.config.items()
    }
    return Member(stack, entry, path, config, entry if fleet.own_accounts else "")


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()
