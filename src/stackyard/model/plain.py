"""Reads plain data (mappings, lists, scalars) as typed values, and collects every fault with the path to it."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Collection, Iterator
from typing import Any, Final, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
_ABSENT: Final = object()


@dataclasses.dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with plain data: `path` leads to the value, mapping keys and list indexes in order."""

    path: Path
    message: str
    hint: str = ""


def suggest(word: str, known: Collection[str]) -> str:
    """The nearest known words, else all of them."""
    near = difflib.get_close_matches(word, known, n=2, cutoff=0.6)
    return f"did you mean {' or '.join(map(repr, near))}?" if near else f"there are: {', '.join(known)}"


class Place:
    """One value of the data, or the absence of one. A faulty or absent value is read as the default."""

    def __init__(self, value: Any, faults: list[Fault], path: Path = ()) -> None:
        self.value = value
        self.faults = faults
        self.path = path

    @property
    def is_absent(self) -> bool:
        """Whether nothing was written here."""
        return self.value is _ABSENT

    @property
    def where(self) -> str:
        """The path as people write it: `projects.shop.rules[0]`."""
        text = ""
        for part in self.path:
            text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
        return text or "the document"

    def fail(self, message: str, hint: str = "") -> None:
        """Record a fault of this value."""
        self.faults.append(Fault(self.path, message, hint))

    def fields(self, known: Collection[str], required: Collection[str] = ()) -> Fields:
        """A mapping with these keys and no others. What is no mapping has none of them."""
        if self.is_absent:
            return Fields(self, {})
        if not isinstance(self.value, dict):
            self._unlike("a mapping")
            return Fields(self, {})
        for key in self.value:
            if key not in known:
                Place(None, self.faults, (*self.path, str(key))).fail(f"unknown key {key!r}", suggest(str(key), known))
        for key in required:
            if key not in self.value:
                self.fail(f"{self.where} lacks {key!r}")
        return Fields(self, self.value)

    def entries(self, pattern: re.Pattern[str], meaning: str) -> Iterator[tuple[str, Place]]:
        """The entries of a mapping whose keys are names; a name that does not match is a fault."""
        if self.is_absent:
            return
        if not isinstance(self.value, dict):
            self._unlike("a mapping", "write `{}` when there is none" if self.value is None else "")
            return
        for key, value in self.value.items():
            below = Place(value, self.faults, (*self.path, str(key)))
            if not isinstance(key, str) or not pattern.fullmatch(key):
                below.fail(f"{key!r} cannot be a name here", meaning)
            yield str(key), below

    def items(self) -> list[Place]:
        """The items of a list."""
        if self.is_absent:
            return []
        if not isinstance(self.value, list):
            self._unlike("a list", "write `[]` when there is none" if self.value is None else "")
            return []
        return [Place(value, self.faults, (*self.path, index)) for index, value in enumerate(self.value)]

    def text(self, default: str = "", *, pattern: str = "", hint: str = "", longest: int = 200) -> str:
        """Text of 1 to `longest` characters that the pattern matches as a whole."""
        if self.is_absent:
            return default
        if not isinstance(self.value, str):
            self._unlike("text", "put it in quotes" if isinstance(self.value, bool | int | float) else hint)
            return default
        if not self.value.strip() or len(self.value) > longest:
            self.fail(f"{self.where} must have 1 to {longest} characters", hint)
            return default
        if pattern and not re.fullmatch(pattern, self.value):
            self.fail(f"{self.where} cannot be {self.value!r}", hint)
            return default
        return self.value

    def choice(self, known: Collection[str], default: str = "") -> str:
        """One of these words."""
        word = self.text(default)
        if word != default and word not in known:
            self.fail(f"{self.where} cannot be {word!r}", suggest(word, known))
            return default
        return word

    def whole(self, default: int, low: int, high: int) -> int:
        """A whole number, both ends included."""
        if self.is_absent:
            return default
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            self._unlike("a whole number")
            return default
        if not low <= self.value <= high:
            self.fail(f"{self.where} must be {low} to {high}, not {self.value}")
            return default
        return self.value

    def flag(self, default: bool = False) -> bool:
        """`true` or `false`."""
        if self.is_absent or isinstance(self.value, bool):
            return default if self.is_absent else self.value
        self._unlike("true or false")
        return default

    def _unlike(self, wanted: str, hint: str = "") -> None:
        said = {dict: "a mapping", list: "a list", type(None): "nothing"}.get(type(self.value))
        self.fail(f"{self.where} must be {wanted}, not {said or repr(self.value)[:60]}", hint)


@dataclasses.dataclass(frozen=True, slots=True)
class Fields:
    """The values of a mapping by key; those that are not there are absent places."""

    place: Place
    values: dict[Any, Any]

    def __getitem__(self, key: str) -> Place:
        return Place(self.values.get(key, _ABSENT), self.place.faults, (*self.place.path, key))
