"""The mapping of a split as a YAML file: written to be read and edited, and read back."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from stackyard import errors
from stackyard.errors import Position
from stackyard.kit import files
from stackyard.model.names import StackName
from stackyard.model.urns import URN

_ABOUT = (
    "# Which resource goes to which stack. Edit it and give it back with --map.\n"
    "#   resource  its URN now\n"
    "#   to        the stack that gets it; without it, the resource stays where it is\n"
    "#   as        its URN there, where another than the one that follows from `to` is meant\n"
)


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One resource of a mapping. `target` None: it stays; `new_urn` empty: as the programs say."""

    urn: str
    target: StackName | None
    new_urn: str = ""
    why: str = ""


def write(path: Path, lines: Iterable[Line]) -> None:
    """Write the file. Raises UsageError when that cannot be done."""
    text = [f"{_ABOUT}resources:"]
    for line in lines:
        text.append(f"  - resource: {json.dumps(line.urn)}" + (f"  # {line.why}" if line.why else ""))
        if line.target:
            text.append(f"    to: {line.target.short}")
        if line.target and line.new_urn and line.new_urn.split("::", 2)[2] != line.urn.split("::", 2)[2]:
            text.append(f"    as: {json.dumps(line.new_urn)}")
    try:
        files.write(path, ("\n".join(text) + "\n").encode())
    except OSError as error:
        raise errors.UsageError(f"{path} cannot be written: {error.strerror}") from None


def read(path: Path, targets: Collection[StackName], organization: str) -> tuple[Line, ...]:
    """The lines of a file. Raises UsageError, with the place, for what is no mapping or names another stack."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise errors.UsageError(f"the mapping cannot be read: {error}", position=Position(str(path))) from None
    found = raw.get("resources") if isinstance(raw, dict) else None
    if not isinstance(found, list):
        raise _fault(path, "a mapping has a list `resources`")
    return tuple(_line(path, each, targets, organization) for each in found)


def _line(path: Path, raw: Any, targets: Collection[StackName], organization: str) -> Line:
    if not isinstance(raw, Mapping) or not URN(str(raw.get("resource", ""))).is_valid:
        raise _fault(path, f"{raw!r} has no `resource` that is a URN")
    if unknown := sorted(set(raw) - {"resource", "to", "as"}):
        raise _fault(path, f"{raw['resource']}: {unknown[0]!r} is not known here: use resource, to, as")
    target, new_urn = None, str(raw.get("as") or "")
    if raw.get("to"):
        try:
            target = StackName.parse(str(raw["to"]), organization=organization)
        except ValueError as error:
            raise _fault(path, str(error)) from None
        if target not in targets:
            listed = ", ".join(sorted(each.short for each in targets))
            raise _fault(path, f"{raw['resource']} would go to {target.short}, which is none of {listed}")
    if new_urn and not (target and (URN(new_urn).project, URN(new_urn).stack) == (target.project, target.stack)):
        raise _fault(path, f"{new_urn} is no URN of {target.short if target else 'a stack'}")
    return Line(str(raw["resource"]), target, new_urn)


def _fault(path: Path, message: str) -> errors.UsageError:
    return errors.UsageError(message, hint="`--map-out` writes one to start from", position=Position(str(path)))
