"""Evaluated values: data, where it was written, whether it is secret, and what it overrode."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, Final, TypeAlias

from stackyard.errors import Position
from stackyard.kit import jsontext

SIZE_LIMIT: Final = 100_000
TEXT_LIMIT: Final = 1 << 20
_TEXT_WEIGHT: Final = 64


class _Unknown:
    """What a value has instead of data when it could not be had."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


BROKEN: Final = _Unknown("broken")
"""There was a fault, which has been reported."""
HIDDEN: Final = _Unknown("hidden")
"""It depends on a secret, and nobody is to open secrets."""

Data: TypeAlias = "dict[str, Value] | list[Value] | str | int | float | bool | _Unknown | None"


@dataclasses.dataclass(frozen=True, slots=True)
class Value:
    """One value. `parts` are where the values it was computed from stand.

    `under` is what it overrode, nearest first; each of them stands alone, without an `under` of its own.
    """

    data: Data
    position: Position
    secret: bool = False
    under: tuple[Value, ...] = ()
    parts: tuple[Position, ...] = ()
    size: int = dataclasses.field(init=False, default=1, compare=False)
    """How many values it holds, itself included, however often one is shared; long texts count more."""
    is_secret: bool = dataclasses.field(init=False, default=False, compare=False)
    """Whether it or anything in it is secret."""
    missing: _Unknown | None = dataclasses.field(init=False, default=None, compare=False)
    """BROKEN or HIDDEN, when it or something in it is."""

    def __post_init__(self) -> None:
        below = self._below
        own = self.data if isinstance(self.data, _Unknown) else None
        text = len(self.data) // _TEXT_WEIGHT if isinstance(self.data, str) else 0
        object.__setattr__(self, "size", 1 + text + sum(each.size for each in below))
        object.__setattr__(self, "is_secret", self.secret or any(each.is_secret for each in below))
        object.__setattr__(self, "missing", own or next((each.missing for each in below if each.missing), None))

    @property
    def fields(self) -> dict[str, Value] | None:
        """The properties of an object; None for anything else."""
        return self.data if isinstance(self.data, dict) else None

    @property
    def _below(self) -> list[Value]:
        if isinstance(self.data, dict):
            return list(self.data.values())
        return self.data if isinstance(self.data, list) else []

    def plain(self) -> Any:
        """The value as Python data, secrets in clear."""
        if isinstance(self.data, dict):
            return {key: value.plain() for key, value in self.data.items()}
        return [value.plain() for value in self.data] if isinstance(self.data, list) else self.data


def over(under: Value | None, top: Value) -> Value:
    """`top` put over `under`: objects merge deeply, anything else replaces and remembers what it replaced."""
    if under is None or (under.position == top.position and under.data is top.data):
        return top
    if isinstance(under.data, dict) and isinstance(top.data, dict):
        merged = {key: over(under.data.get(key), value) for key, value in top.data.items()}
        kept = {key: value for key, value in under.data.items() if key not in merged}
        return dataclasses.replace(top, data={**kept, **merged}, secret=top.secret or under.secret)
    seen = {top.position, *(each.position for each in top.under)}
    below = (dataclasses.replace(under, under=()), *under.under)
    return dataclasses.replace(top, under=(*top.under, *(each for each in below if each.position not in seen)))


def text_of(value: Value) -> str:
    """What `fn::toString` and interpolation make of a value, as ESC does it (eval/value.go)."""
    data = value.data
    if isinstance(data, bool):
        return "true" if data else "false"
    if isinstance(data, int | float):
        return jsontext.dumps(number(data) if isinstance(data, float) else data)
    if isinstance(data, dict):
        return ",".join(f"{_quoted(key)}={_quoted(text_of(data[key]))}" for key in sorted(data))
    if isinstance(data, list):
        return ",".join(_quoted(text_of(item)) for item in data)
    return data if isinstance(data, str) else ""


def number(value: float) -> int | float | str:
    """A float as `jsontext.dumps` takes it. Raises ValueError when it is not finite."""
    if value - value != 0:
        raise ValueError(f"{value} is not finite")
    return jsontext.number(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def built(data: Any, position: Position, *, secret: bool = False, parts: tuple[Position, ...] = ()) -> Value:
    """A value of plain data, such as JSON: all of it stands at one position."""
    if isinstance(data, dict):
        data = {str(key): built(item, position, parts=parts) for key, item in data.items()}
    elif isinstance(data, list):
        data = [built(item, position, parts=parts) for item in data]
    return Value(data, position, secret, (), parts)
