"""Projects as JSON, for the index."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stackyard.errors import Position
from stackyard.estate.readers.base import ReadProject
from stackyard.model import names
from stackyard.model.diagnostics import Diagnostic, Severity
from stackyard.model.estates import Project

_TEXTS = ("name", "runtime", "main", "description", "backend_url", "stack_config_dir")
_MAPPINGS = ("runtime_options", "config", "packages")


def encode(read: ReadProject) -> Any:
    """JSON data of what a project file says."""
    project = read.project
    fields: Any = None
    if project is not None:
        fields = {name: getattr(project, name) for name in (*_TEXTS, *_MAPPINGS) if getattr(project, name)}
        fields["position"] = _place(project.position)
    return [fields, [[d.severity, d.message, d.hint, _place(d.position)] for d in read.diagnostics]]


def decode(data: Any, folder: Path) -> ReadProject | None:
    """The inverse; `folder` is where the project lies now. None for what `encode` did not make."""
    try:
        fields, faults = data
        project = None
        if fields is not None:
            values: dict[str, Any] = {name: _text(fields.get(name, "")) for name in _TEXTS}
            if not names.is_name(values["name"]):
                return None
            values |= {name: dict(fields.get(name, {})) for name in _MAPPINGS}
            project = Project(path=folder, position=_position(fields["position"]), **values)
        found = tuple(Diagnostic(Severity(s), _text(m), _text(h), _position(p)) for s, m, h, p in faults)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return ReadProject(project, found)


def _place(position: Position | None) -> Any:
    return position and [position.path, position.line, position.column]


def _position(data: Any) -> Position | None:
    return None if data is None else Position(_text(data[0]), int(data[1]), int(data[2]))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("text is wanted")
    return value
