"""Events and documents as versioned JSON, one object a line."""

from __future__ import annotations

import dataclasses
import enum
import json
from collections.abc import Mapping
from typing import Any, Final, TextIO

from stackyard.model.events import Event
from stackyard.views import property_values
from stackyard.views.streams import Stream

VERSION: Final = 1


class JsonLines:
    """Writes `{"version":1,"kind":…,…}` for every event; each line is flushed, so that a reader follows live."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = Stream(stream)

    def event(self, event: Event) -> None:
        """Write one event: its fields by their names in `model.events`."""
        self._stream.write(line(event.kind, fields(event)))

    def note(self, message: str) -> None:
        """Nothing: notes are for people."""

    def pause(self) -> None:
        """Nothing is held."""

    def close(self) -> None:
        """Nothing is held."""


def line(kind: str, document: Mapping[str, Any]) -> str:
    """One line of JSON with its line break. Secrets become `[secret]`, unknowns `[unknown]`."""
    whole = {"version": VERSION, "kind": kind, **plain(document)}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")) + "\n"


def write(stream: TextIO, kind: str, document: Mapping[str, Any]) -> None:
    """Write a document (the answer of a verb under `--json`) as one line."""
    Stream(stream).write(line(kind, document))


def fields(value: Any) -> dict[str, Any]:
    """A dataclass as a mapping of its fields, one level deep."""
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def plain(value: Any) -> Any:
    """Anything of `model` as JSON can carry it."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, enum.Enum):
        return value.value
    if _is_record(value):
        return plain(fields(value))
    return property_values.plain(value)


def _is_record(value: Any) -> bool:
    """Dataclasses of `model`, except those that are property values: how they look is decided elsewhere."""
    return dataclasses.is_dataclass(value) and not type(value).__module__.endswith("model.values")
