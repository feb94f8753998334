"""The records of activated environments: one file each in a folder of the estate, written whole or not at all.

A record that cannot be read is a fault and blocks its name: it is never taken for one that is not there.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from stackyard.errors import Position, StateError
from stackyard.estate import documents
from stackyard.kit import files
from stackyard.model import diagnostics, tenants
from stackyard.model.activations import Activation
from stackyard.model.diagnostics import Diagnostic

_SIZE_LIMIT: Final = 1_000_000
_COMMIT: Final = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_TYPES: Final[Mapping[str, type]] = {"str": str, "int": int, "bool": bool, "Phase": str}
_HINT: Final = "restore it, for example from its archive; nothing is done to this environment meanwhile"


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """All records that can be read, the entries (`organization.project.environment`) of those that cannot, and why."""

    active: tuple[Activation, ...] = ()
    blocked: frozenset[str] = frozenset()
    diagnostics: tuple[Diagnostic, ...] = ()


class Records:
    """The records in `folder`, which is made when first written; `root` is what positions are relative to."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder = folder
        self._root = root

    def file(self, entry: str) -> Path:
        """Where the record of `organization.project.environment` is."""
        return self.folder / f"{entry}.yaml"

    def read(self) -> Reading:
        """Every record, sorted by entry."""
        active, blocked, faults = [], set(), []
        for path in sorted(self.folder.glob("*.yaml")):
            try:
                active.append(self._read(path))
            except _Unreadable as fault:
                blocked.add(path.stem)
                message = f"the record of environment {path.stem} cannot be read: {fault}"
                faults.append(diagnostics.error(message, hint=_HINT, position=fault.position))
        return Reading(tuple(active), frozenset(blocked), tuple(faults))

    def one(self, entry: str) -> Activation:
        """One record. Raises StateError when it is not there or cannot be read."""
        path = self.file(entry)
        try:
            return self._read(path)
        except _Unreadable as fault:
            message = f"the record of environment {entry} cannot be read: {fault}"
            raise StateError(message, hint=_HINT, position=fault.position) from None

    def write(self, activation: Activation) -> Activation:
        """Make a record durable; it is returned. Raises StateError, and then the old one is as it was."""
        text = yaml.safe_dump(activation.data(), sort_keys=False, allow_unicode=True)
        try:
            files.write(self.file(activation.entry), (_HEAD + text).encode())
        except OSError as fault:
            message = f"the record of environment {activation.title} cannot be written: {fault}"
            raise StateError(message) from fault
        return activation

    def remove(self, entry: str) -> None:
        """Remove a record, if there is one, durably."""
        files.remove(self.file(entry))
        files.sync_folder(self.folder)

    def _read(self, path: Path) -> Activation:
        place = Position(path.relative_to(self._root).as_posix())
        try:
            if path.is_symlink() or not path.is_file():
                raise _Unreadable("it is not a regular file", place)
            data = path.read_bytes()
            text = data[:_SIZE_LIMIT].decode()
        except (OSError, UnicodeDecodeError) as fault:
            raise _Unreadable(str(fault), place) from None
        document = documents.parse(text, place.path)
        if document.diagnostics:
            first = document.diagnostics[0]
            raise _Unreadable(first.message, first.position or place)
        if document.root is None or document.root.fields is None:
            raise _Unreadable("it is not a mapping", place)
        return _activation(document.root, path.stem, place)


_HEAD: Final = "# Written by `stackyard environment reconcile`; do not edit.\n"


class _Unreadable(Exception):
    def __init__(self, message: str, position: Position) -> None:
        super().__init__(message)
        self.position = position


def _activation(node: documents.Node, entry: str, place: Position) -> Activation:
    data = node.plain()
    assert isinstance(data, dict)
    for field in dataclasses.fields(Activation):
        wanted = _TYPES.get(str(field.type))
        if wanted and field.name in data and type(data[field.name]) is not wanted:
            raise _Unreadable(f"{field.name} is not {_ARTICLES[wanted]}", node.at(field.name).position)
    try:
        found = Activation.of(data)
    except (TypeError, ValueError, KeyError, AttributeError) as fault:
        raise _Unreadable(str(fault), place) from None
    if found.entry != entry:
        raise _Unreadable(f"it is of {found.entry}", node.at("organization").position)
    if not _is_sound(found):
        raise _Unreadable("a name, ref or commit in it cannot be one", place)
    return found


_ARTICLES: Final[Mapping[Any, str]] = {str: "text", int: "a whole number", bool: "true or false"}


def _is_sound(found: Activation) -> bool:
    """Names from records become names of resources and keys of objects: none may lead elsewhere."""
    return bool(
        tenants.ORGANIZATION.fullmatch(found.organization)
        and tenants.PROJECT.fullmatch(found.project)
        and tenants.ENVIRONMENT.fullmatch(found.environment)
        and found.ref.startswith("refs/")
        and _COMMIT.fullmatch(found.commit)
    )
