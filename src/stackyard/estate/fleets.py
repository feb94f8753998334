"""Fleets: a project deployed once per file of a registry folder, or once per item of a mapping in each file."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from stackyard.errors import Position
from stackyard.estate import documents, files
from stackyard.estate import index as indexes
from stackyard.estate.index import Index
from stackyard.model import names
from stackyard.model.diagnostics import Diagnostic, Severity, error, warning
from stackyard.model.estates import Fleet, Project

_EXTENSIONS: Final = (".yaml", ".yml")
_KIND: Final = "items"
_PLACE: Final = re.compile(r"\{([a-z_]+(?:\.[0-9]+)?)\}")

Report = Callable[[Diagnostic], None]


@dataclasses.dataclass(frozen=True, slots=True)
class Member:
    """One stack of a fleet: its name, its entry's name and file, and the configuration the fleet gives it.

    `item` is the key of the entry's mapping that it is made for, if the fleet is by item.
    """

    stack: str
    entry: str
    path: Path
    config: dict[str, str]
    tenant: str = ""
    item: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class _Reading:
    """What reading one fleet needs. `seen` are the entries whose items are remembered."""

    fleet: Fleet
    project: Project
    root: Path
    report: Report
    index: Index
    seen: set[str] = dataclasses.field(default_factory=set)


def members(fleet: Fleet, project: Project, root: Path, report: Report, index: Index) -> list[Member]:
    """The stacks of `fleet`, by entry and item. Those that cannot be are reported and left out."""
    registry = files.inside(root, fleet.registry)
    if registry is None or not registry.is_dir():
        message = f"the registry {fleet.registry!r} of fleet {fleet.project!r} is not a folder of the estate"
        hint = "name a folder below the manifest, and no symbolic link"
        report(error(message, hint=hint, position=fleet.position))
        return []
    if not fleet.each and "{item}" in "".join((fleet.stack, *fleet.config.values())):
        report(error("{item} stands for nothing", hint="say `each`: the mapping in the files", position=fleet.position))
        return []
    reading = _Reading(fleet, project, root, report, index)
    found: dict[str, Member] = {}
    for path in _entries(registry):
        for member in _of_entry(reading, path):
            if member.stack in found:
                other = found[member.stack].path.name
                message = f"stack {member.stack!r} comes from two entries: {other} and {path.name}"
                if path.name == other:
                    message = f"stack {member.stack!r} comes from two items of {path.name}"
                report(error(message, hint=_CLASH, position=Position(_relative(path, root))))
            else:
                found[member.stack] = member
    if fleet.each:
        index.keep(_kind(fleet), reading.seen)
    return list(found.values())


_CLASH: Final = "remove one of them, or have {entry} and {item} in the fleet's `stack`"


def _kind(fleet: Fleet) -> str:
    return f"{_KIND} {fleet.each} {fleet.registry}"


def _entries(registry: Path) -> list[Path]:
    with os.scandir(registry) as found:
        return sorted(registry / entry.name for entry in found if entry.name.endswith(_EXTENSIONS))


def _of_entry(reading: _Reading, path: Path) -> Iterator[Member]:
    """The stacks of one registry file."""
    position = Position(ascii(_relative(path, reading.root))[1:-1])
    entry = path.name.rsplit(".", 1)[0]
    if path.is_symlink() or not path.is_file():
        message = f"the entry {entry!a} is not a regular file"
        reading.report(error(message, hint="put the file here", position=position))
        return
    items = _items(reading, path, position) if reading.fleet.each else (("", position),)
    for item, place in items:
        stack = reading.fleet.stack.replace("{entry}", entry).replace("{item}", item)
        if not names.is_name(entry) or not names.is_name(stack):
            hint = "use at most 100 letters, digits, '_', '-' and '.' in the file's name and in the fleet's `stack`"
            tell = warning if item else error  # An item is its organization's own affair.
            reading.report(tell(f"{stack!a} cannot be the name of a stack", hint=hint, position=place))
            continue
        yield _member(reading, path, entry, item, stack)


def _member(reading: _Reading, path: Path, entry: str, item: str, stack: str) -> Member:
    from_project = Path(os.path.relpath(path, reading.project.path)).as_posix()
    said = {"entry_path": from_project, "entry": entry, "item": item}
    said |= {f"entry.{index}": part for index, part in enumerate(entry.split("."), start=1)}
    config = {
        key: _PLACE.sub(lambda found: said.get(found[1], found[0]), value)
        for key, value in reading.fleet.config.items()
    }
    return Member(stack, entry, path, config, entry.partition(".")[0] if reading.fleet.own_accounts else "", item)


def _items(reading: _Reading, path: Path, position: Position) -> list[tuple[str, Position]]:
    """The keys of the entry's mapping, and where each stands. A file that cannot be read is told and has none.

    It is told as a warning: one entry's fault stops no stack of another entry.
    """
    kind, relative = _kind(reading.fleet), position.path
    reading.seen.add(relative)
    try:
        status = os.stat(path, follow_symlinks=False)
        mark = indexes.stamp(status)
        known = reading.index.get(kind, relative, mark)
        if (items := _decoded(known, relative)) is not None:
            return items
        document = documents.parse(files.read(path), relative)
    except (files.Refused, OSError) as fault:
        reading.report(
            warning(f"cannot be read, so it has no stacks of {reading.project.name}: {fault}", position=position)
        )
        return []
    found = [each for each in document.diagnostics if each.severity is Severity.ERROR]
    node = document.root.fields.get(reading.fleet.each) if document.root and document.root.fields else None
    if node is not None and node.fields is None and node.kind != "null":
        found.append(error(f"{reading.fleet.each} must be a mapping", position=node.position))
    for each in found:
        message = f"no stacks of {reading.project.name}: {each.message}"
        reading.report(dataclasses.replace(each, severity=Severity.WARNING, message=message))
    if found:
        return []
    keys = {}
    if node is not None and node.fields is not None:
        keys = {key: node.keys.get(key, below.position) for key, below in node.fields.items()}
    if indexes.settled(status):
        reading.index.put(kind, relative, mark, [[key, place.line, place.column] for key, place in keys.items()])
    return list(keys.items())


def _decoded(data: object, path: str) -> list[tuple[str, Position]] | None:
    """What was remembered; None when it is not of our making."""
    try:
        return [(str(key), Position(path, int(line), int(column))) for key, line, column in data]  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        return None


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()
