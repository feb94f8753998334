"""The folder of tenants' files: every organization of an estate, and every fault of every file with its line."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from stackyard.cloud import client
from stackyard.errors import Position
from stackyard.estate import documents, files
from stackyard.estate.documents import Node
from stackyard.model import diagnostics, tenants
from stackyard.model.diagnostics import Diagnostic, Severity
from stackyard.model.plain import Fault
from stackyard.model.plain import Path as FaultPath
from stackyard.model.tenants import Organization

EXTENSION: Final = ".yaml"


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One file. `organization` is None when it has an error; `root` is its document as far as it can be read.

    `path` is how positions name it.
    """

    name: str
    file: Path
    path: str
    organization: Organization | None
    diagnostics: tuple[Diagnostic, ...] = ()
    root: Node | None = None

    def position(self, *place: str | int) -> Position:
        """Where a value stands, or the nearest around it that does."""
        return _position(self.root, place, self.path)


def entries(folder: Path, root: Path | None = None) -> tuple[Entry, ...]:
    """Every file of the folder, sorted by name. Positions are relative to `root`, the estate's, when it is given.

    A folder that is not there is empty.
    """
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return tuple(_apart([entry(path, root) for path in found if path.suffix in (EXTENSION, ".yml")]))


def _apart(found: Sequence[Entry]) -> Iterator[Entry]:
    """Refuse organizations that would share an account of the embedded cloud: numbers come from names, and somebody
    who may propose a name can look for one."""
    by_account: dict[str, list[str]] = {}
    for name in (*tenants.RESERVED, *(each.name for each in found)):
        by_account.setdefault(client.account_of(name), []).append(name)
    for each in found:
        others = [name for name in by_account[client.account_of(each.name)] if name != each.name]
        if not others:
            yield each
            continue
        message = f"{each.name} would share its account with {', '.join(others)}"
        told = diagnostics.error(message, hint="give the newer of them another name", position=each.position())
        yield dataclasses.replace(each, organization=None, diagnostics=(*each.diagnostics, told))


def entry(file: Path, root: Path | None = None) -> Entry:
    """One file, which need not be sound."""
    path = file.relative_to(root).as_posix() if root else str(file)
    name = file.name.removesuffix(EXTENSION)
    try:
        text = files.read(file)
    except files.Refused as refusal:
        told = diagnostics.error(refusal.message, hint=refusal.hint, position=Position(path))
        return Entry(name, file, path, None, (told,))
    document = documents.parse(text, path)
    found = list(document.diagnostics)
    broken = any(each.severity is Severity.ERROR for each in found)
    if broken and document.root is None:
        return Entry(name, file, path, None, tuple(found))
    organization, faults = tenants.read(name, document.root.plain() if document.root else None)
    found += [_diagnostic(fault, document.root, path) for fault in faults]
    return Entry(name, file, path, None if broken else organization, tuple(found), document.root)


def read_all(folder: Path, root: Path | None = None) -> tuple[tuple[Organization, ...], tuple[Diagnostic, ...]]:
    """The organizations whose files are sound, sorted by name, and all faults of all files."""
    found = entries(folder, root)
    sound = tuple(each.organization for each in found if each.organization is not None)
    return sound, tuple(fault for each in found for fault in each.diagnostics)


def read_one(file: Path, root: Path | None = None) -> tuple[Organization | None, tuple[Diagnostic, ...]]:
    """One organization, or None and what is wrong with its file."""
    read = entry(file, root)
    return read.organization, read.diagnostics


def _diagnostic(fault: Fault, root: Node | None, path: str) -> Diagnostic:
    return diagnostics.error(fault.message, hint=fault.hint, position=_position(root, fault.path, path))


def _position(root: Node | None, place: FaultPath, path: str) -> Position:
    """A key that is there twice over is meant by its own place, other values by theirs."""
    if root is None:
        return Position(path, 1)
    if place and isinstance(place[-1], str):
        above = root.at(*place[:-1])
        if place[-1] in above.keys and above.fields is not None and above.fields[place[-1]].fields is not None:
            return above.keys[place[-1]]
    return root.at(*place).position
