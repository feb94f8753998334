"""YAML with the position of every node, as Pulumi YAML reads it: words of YAML 1.2, aliases and merge keys."""

from __future__ import annotations

import dataclasses
import math
import re
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

from stackyard import errors
from stackyard.errors import Position

DEPTH: Final = 64
NODES: Final = 100_000

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER: Final = re.compile(
    r"(?P<sign>[-+]?)(?:0[xX](?P<hexadecimal>[0-9a-fA-F]{1,16})|0[bB](?P<binary>[01]{1,64})"
    r"|0[oO]?(?P<octal>[0-7]{1,22})|(?P<decimal>[0-9]{1,30}))"
)
_BASES: Final = {"hexadecimal": 16, "binary": 2, "octal": 8, "decimal": 10}
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]{1,30}|[0-9]{1,30}(\.[0-9]{0,30})?)([eE][-+]?[0-9]{1,3})?")
_EXACT: Final = 2**53
_TAGGED: Final = ("bool", "float", "int", "null")
_INFINITE: Final = (".inf", ".Inf", ".INF")
_WORDS: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((*_INFINITE, *(f"+{each}" for each in _INFINITE)), math.inf),
    **dict.fromkeys((f"-{each}" for each in _INFINITE), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}

Scalar: TypeAlias = "str | int | float | bool | None"


@dataclasses.dataclass(frozen=True, slots=True)
class Key:
    """A key of a mapping; it equals its text."""

    text: str
    position: Position


@dataclasses.dataclass(frozen=True, slots=True)
class Node:
    """One value: `fields` of a mapping, `items` of a list, or a `scalar`."""

    position: Position
    scalar: Scalar = None
    fields: tuple[tuple[Key, Node], ...] | None = None
    items: tuple[Node, ...] | None = None

    @property
    def kind(self) -> str:
        """`mapping`, `list`, `text`, `number`, `boolean` or `null`."""
        if self.fields is not None:
            return "mapping"
        if self.items is not None:
            return "list"
        if isinstance(self.scalar, bool):
            return "boolean"
        return "text" if isinstance(self.scalar, str) else "null" if self.scalar is None else "number"

    def get(self, name: str) -> Node | None:
        """The value under a key of a mapping."""
        return next((node for key, node in self.fields or () if key.text == name), None)


def load(path: Path) -> Node:
    """The document in a file; an empty one is null. Raises `errors.ProgramError` with its place."""
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as fault:
        raise errors.ProgramError(f"it cannot be read: {fault}", position=Position(str(path))) from fault


def parse(text: str, path: str) -> Node:
    """The document in a text; `path` is for positions. Raises `errors.ProgramError`."""
    try:
        _check_depth(text, path)
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        place = Position(path, mark.line + 1, mark.column + 1) if mark else Position(path)
        raise errors.ProgramError(f"it is no YAML: {fault.problem or fault.context}", position=place) from None
    except yaml.YAMLError as fault:
        raise errors.ProgramError(f"it is no YAML: {fault}", position=Position(path)) from None
    return Node(Position(path)) if root is None else _Reader(path).read(root, 0)


def _check_depth(text: str, path: str) -> None:
    """The composer recurses in C, so a document is measured before it is composed."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEPTH:
            line = event.start_mark.line + 1 if event.start_mark else 0
            raise errors.ProgramError(f"it is nested deeper than {DEPTH} levels", position=Position(path, line))


class _Reader:
    """Turns PyYAML's nodes into ours, aliases followed."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._count = 0

    def read(self, node: Any, depth: int) -> Node:
        place = Position(self._path, node.start_mark.line + 1, node.start_mark.column + 1)
        self._count += 1
        if depth > DEPTH or self._count > NODES:
            raise errors.ProgramError("its aliases make it too large", position=place)
        if isinstance(node, yaml.MappingNode):
            return Node(place, fields=self._fields(node, depth))
        if isinstance(node, yaml.SequenceNode):
            return Node(place, items=tuple(self.read(item, depth + 1) for item in node.value))
        return Node(place, scalar=_scalar(node))

    def _fields(self, node: Any, depth: int) -> tuple[tuple[Key, Node], ...]:
        found: dict[str, tuple[Key, Node]] = {}
        merged: dict[str, tuple[Key, Node]] = {}
        for key, value in node.value:
            place = Position(self._path, key.start_mark.line + 1, key.start_mark.column + 1)
            text = _scalar(key) if isinstance(key, yaml.ScalarNode) else None
            if not isinstance(text, str):
                raise errors.ProgramError(
                    "the keys of a mapping must be text: put this one into quotes", position=place
                )
            read = self.read(value, depth + 1)
            if text == "<<" and not key.style:
                for source in (read,) if read.items is None else read.items:
                    merged.update(
                        {each.text: (each, item) for each, item in source.fields or () if each.text not in merged}
                    )
            elif text in found:
                raise errors.ProgramError(f"the key {text!r} is given twice", position=place)
            else:
                found[text] = (Key(text, place), read)
        return tuple({**merged, **found}.values())


def _scalar(node: Any) -> Scalar:
    """The value of a scalar: quoted it is text, unless a tag says otherwise; and a tag may make text of a number."""
    quoted = bool(node.style)  # The loader in C has '' for a plain one, the one in Python None.
    kind, text = str(node.tag).rpartition(":")[2], str(node.value)
    if quoted:
        return _plain(text) if kind in _TAGGED else text
    tagged = node.end_mark.index - node.start_mark.index > len(text)
    return text if tagged and kind in ("str", "!") else _plain(text)


def _plain(text: str) -> Scalar:
    """The value of a plain scalar, by the words of YAML 1.2 and the numbers of 1.1 (gopkg.in/yaml.v3, resolve)."""
    if text in _WORDS:
        return _WORDS[text]
    digits = text.replace("_", "")
    if not text or text[0] not in "+-.0123456789":
        return text
    if found := _INTEGER.fullmatch(digits):
        kind = found.lastgroup or "decimal"
        return _number(int(found["sign"] + found[kind], _BASES[kind]))
    return _number(float(digits)) if _FLOAT.fullmatch(digits) else text


def _number(value: float) -> int | float:
    """As Pulumi YAML has it: every number is a double; here those without a fraction are integers."""
    return int(value) if abs(value) <= _EXACT and value == int(value) else float(value)
