"""Why a configuration value is what it is: who gave it, what that overrode, and what is said twice."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping

from stackyard.config import stack_files
from stackyard.config.environments.values import Value
from stackyard.config.resolution import ResolvedConfig
from stackyard.errors import Position
from stackyard.model import paths


@dataclasses.dataclass(frozen=True, slots=True)
class Said:
    """A value that was overridden. `same`: it says what the value that won says."""

    value: str
    secret: bool
    origin: Position
    same: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Explanation:
    """One value, or one part of a structured one.

    key     full key, and the path in the value
    origin  where it was written; `parts` are the places of what it was computed from
    over    what it overrode, nearest first
    """

    key: str
    value: str
    secret: bool
    origin: Position
    parts: tuple[Position, ...] = ()
    over: tuple[Said, ...] = ()

    @property
    def is_repeated(self) -> bool:
        """Whether it says what it would be anyway: taking it away changes nothing."""
        return bool(self.over) and self.over[0].same


def explain(resolved: ResolvedConfig, only: str = "") -> tuple[Explanation, ...]:
    """Every value, sorted by key; an object whose parts stand in several files part by part. `only`: one full key."""
    found: list[Explanation] = []
    for key in sorted(resolved.values):
        if only in ("", key):
            found += _parts(key, (), resolved.tree[key], key in resolved.secret_keys)
    return tuple(found)


def _parts(key: str, path: paths.Path, value: Value, secret: bool) -> Iterator[Explanation]:
    fields = value.fields
    if fields and len({place.path for place in _places(value)}) > 1:
        for name in sorted(fields):
            yield from _parts(key, (*path, name), fields[name], fields[name].is_secret or (secret and value.secret))
        return
    yield of(f"{key}.{paths.render(path)}" if path else key, value, secret=secret)


def of(key: str, value: Value, *, secret: bool = False) -> Explanation:
    """The explanation of one value; `secret`: it is, whatever it says of itself."""
    said = tuple(
        Said(_text(each), each.is_secret or secret, each.position, each.plain() == value.plain())
        for each in value.under
    )
    return Explanation(key, _text(value), value.is_secret or secret, value.position, value.parts, said)


def _places(value: Value) -> Iterator[Position]:
    """Where a value and what is in it stand, and what they overrode."""
    yield value.position
    for each in value.under:
        yield each.position
    for below in (value.fields or {}).values():
        yield from _places(below)


def _text(value: Value) -> str:
    try:
        return stack_files.text_of(value.plain())
    except ValueError:
        return str(value.plain())


@dataclasses.dataclass(frozen=True, slots=True)
class Repetition:
    """One value that is written in several files for the same key, and which stacks get it from there."""

    key: str
    value: str
    secret: bool
    places: tuple[Position, ...]
    stacks: tuple[str, ...]


def repetitions(stacks: Mapping[str, Iterable[Explanation]]) -> tuple[Repetition, ...]:
    """Values that could be said once: the same key has the same value from two places or more, most often first."""
    places: dict[tuple[str, str], dict[Position, None]] = {}
    readers: dict[tuple[str, str], dict[str, None]] = {}
    secrets: set[tuple[str, str]] = set()
    for stack, found in stacks.items():
        for each in found:
            written = [(each.value, each.secret, each.origin)]
            written += [(said.value, said.secret, said.origin) for said in each.over if said.same]
            for value, secret, origin in written:
                name = each.key, value
                places.setdefault(name, {})[origin] = None
                readers.setdefault(name, {})[stack] = None
                if secret:
                    secrets.add(name)
    return tuple(
        Repetition(key, value, (key, value) in secrets, tuple(sorted(found)), tuple(readers[key, value]))
        for (key, value), found in sorted(places.items(), key=lambda item: (-len(item[1]), json.dumps(item[0])))
        if len(found) > 1
    )
