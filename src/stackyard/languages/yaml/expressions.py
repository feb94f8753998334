"""What the values of a program say, as trees: literals, references, interpolations and calls of functions.

After the reference of Pulumi YAML (pulumi.com/docs/iac/languages-sdks/yaml/yaml-language-reference).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from stackyard.errors import Position
from stackyard.languages.yaml.loading import Node, Scalar

PREFIX: Final = re.compile(r"[Ff]n::")

_ROOT: Final = re.compile(r"\s*([A-Za-z_$][\w$-]*)")
_STEP: Final = re.compile(r"\.([A-Za-z_$][\w$-]*)|\[(\d+)\]|\[\"((?:[^\"\\]|\\.)*)\"\]|\['([^']*)'\]")
_ESCAPE: Final = re.compile(r"\\(.)")

Complain: TypeAlias = Callable[[str, Position], None]
Step: TypeAlias = "str | int"


@dataclasses.dataclass(frozen=True, slots=True)
class Literal:
    """A value as it stands."""

    position: Position
    value: Scalar


@dataclasses.dataclass(frozen=True, slots=True)
class Access:
    """`${root.step[0]}`."""

    position: Position
    root: str
    steps: tuple[Step, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Text:
    """Text with values in it."""

    position: Position
    parts: tuple[str | Access, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    position: Position
    items: tuple[Expression, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Fields:
    """A mapping."""

    position: Position
    fields: dict[str, Expression]


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """`fn::name: argument`."""

    position: Position
    name: str
    argument: Expression


Expression: TypeAlias = Literal | Access | Text | Items | Fields | Call


def read(node: Node, complain: Complain) -> Expression:
    """The expression that a node is. Faults go to `complain`, with their places."""
    if node.items is not None:
        return Items(node.position, tuple(read(item, complain) for item in node.items))
    if node.fields is None:
        return _text(node.scalar, node.position, complain) if isinstance(node.scalar, str) else _literal(node)
    called = [key for key, _ in node.fields if PREFIX.match(key.text)]
    if not called:
        return Fields(node.position, {key.text: read(item, complain) for key, item in node.fields})
    key, argument = node.fields[0]
    if len(node.fields) > 1:
        complain(f"{called[0].text} must be the only key of its mapping", called[0].position)
    return Call(key.position, PREFIX.sub("", key.text), read(argument, complain))


def references(expression: Expression) -> Iterator[Access]:
    """Every reference in an expression."""
    if isinstance(expression, Access):
        yield expression
    elif isinstance(expression, Text):
        yield from (part for part in expression.parts if isinstance(part, Access))
    elif isinstance(expression, Items):
        for item in expression.items:
            yield from references(item)
    elif isinstance(expression, Fields):
        for item in expression.fields.values():
            yield from references(item)
    elif isinstance(expression, Call):
        yield from references(expression.argument)


def _literal(node: Node) -> Literal:
    return Literal(node.position, node.scalar)


def _text(text: str, position: Position, complain: Complain) -> Expression:
    parts: list[str | Access] = []
    plain, at = "", 0
    while (start := text.find("$", at)) >= 0:
        plain += text[at:start]
        if text.startswith("$${", start):
            plain, at = plain + "${", start + 3
            continue
        if not text.startswith("${", start):
            plain, at = plain + "$", start + 1
            continue
        end = _closing(text, start + 2)
        access = _access(text[start + 2 : end], position) if end >= 0 else None
        if access is None:
            complain(f"{text[start : end + 1 if end >= 0 else None]!r} is no reference", position)
            return Literal(position, text)
        parts.extend([plain, access] if plain else [access])
        plain, at = "", end + 1
    plain += text[at:]
    if not parts:
        return Literal(position, plain)
    if len(parts) == 1 and not plain and isinstance(parts[0], Access):
        return parts[0]
    return Text(position, (*parts, plain) if plain else tuple(parts))


def _closing(text: str, at: int) -> int:
    """Where the brace that is open at `at` closes: braces in quotes do not count. -1 when it does not."""
    quote = ""
    for index in range(at, len(text)):
        char = text[index]
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char == "}":
            return index
    return -1


def _access(text: str, position: Position) -> Access | None:
    text = text.strip()
    root = _ROOT.match(text)
    if root is None:
        return None
    steps: list[Step] = []
    at = root.end()
    while at < len(text):
        step = _STEP.match(text, at)
        if step is None:
            return None
        name, index, quoted, single = step.groups()
        key = name if name is not None else _ESCAPE.sub(r"\1", quoted) if quoted is not None else single
        steps.append(int(index) if index is not None else key)
        at = step.end()
    return Access(position, root[1], tuple(steps))
