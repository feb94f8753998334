"""What the values of a program say, as trees: literals, references, interpolations and calls of functions.

After the reference of Pulumi YAML (pulumi.com/docs/iac/languages-sdks/yaml/yaml-language-reference).
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Iterator
from typing import Final, Protocol, TypeAlias

from stackyard.errors import Position
from stackyard.languages.yaml import functions
from stackyard.languages.yaml.loading import Key, Node, Scalar

_QUOTED: Final = re.compile(r'"((?:\\"|[^"])*)"\]')
_NUMBERED: Final = re.compile(r"([-+]?[0-9]{1,18})\]")
_SHORT: Final = re.compile(r"[^:]+:[^:]+(:[^:]+)?")

Step: TypeAlias = "str | int"


class Notes(Protocol):
    """Where faults and doubts go, with their places."""

    def complain(self, message: str, position: Position) -> None:
        """A fault: the program must not be run."""

    def warn(self, message: str, position: Position) -> None:
        """Something that Pulumi takes too, and that is likely a mistake."""

    def refer(self, stack: str, position: Position) -> str:
        """The symbol that stands for another stack, declared as if the program had a reference to it."""


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
    """A mapping; `computed` are its entries whose keys have values in them."""

    position: Position
    fields: dict[str, Expression]
    computed: tuple[tuple[Expression, Expression], ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """`fn::name: argument`."""

    position: Position
    name: str
    argument: Expression


Expression: TypeAlias = Literal | Access | Text | Items | Fields | Call


def read(node: Node, notes: Notes) -> Expression:
    """The expression that a node is. Faults and doubts go to `notes`."""
    if node.items is not None:
        return Items(node.position, tuple(read(item, notes) for item in node.items))
    if node.fields is None:
        return text(node.scalar, node.position, notes) if isinstance(node.scalar, str) else _literal(node)
    called = [key for key, _ in node.fields if key.text.lower().startswith(functions.PREFIX)]
    if called and (found := _called(node, called[0], notes)):
        return found
    return _mapping(node, notes)


def references(expression: Expression) -> Iterator[Access]:
    """Every reference in an expression."""
    if isinstance(expression, Access):
        yield expression
    elif isinstance(expression, Text):
        yield from (part for part in expression.parts if isinstance(part, Access))
    else:
        for part in parts(expression):
            yield from references(part)


def parts(expression: Expression) -> Iterator[Expression]:
    """What an expression is made of, one level down."""
    if isinstance(expression, Items):
        yield from expression.items
    elif isinstance(expression, Fields):
        yield from expression.fields.values()
        for pair in expression.computed:
            yield from pair
    elif isinstance(expression, Call):
        yield expression.argument


def _literal(node: Node) -> Literal:
    return Literal(node.position, node.scalar)


def _mapping(node: Node, notes: Notes) -> Fields:
    fields: dict[str, Expression] = {}
    computed: list[tuple[Expression, Expression]] = []
    for key, item in node.fields or ():
        name = text(key.text, key.position, notes)
        if isinstance(name, Literal):
            fields[str(name.value)] = read(item, notes)
        else:
            computed.append((name, read(item, notes)))
    return Fields(node.position, fields, tuple(computed))


def _called(node: Node, key: Key, notes: Notes) -> Expression | None:
    """The call that a mapping is; None after a fault. Pulumi takes what it does not know as data, and warns."""
    name, known = key.text[len(functions.PREFIX) :], functions.spelling(key.text)
    if node.fields is None or len(node.fields) > 1:
        notes.complain(f"{key.text} must be the only key of its mapping", key.position)
        return None
    argument = node.fields[0][1]
    if known:
        if key.text != known:
            notes.warn(f"{key.text} is spelt {known}", key.position)
        name = known[len(functions.PREFIX) :]
        said = read(argument, notes)
        call = Call(key.position, name, _lowered(said) if name == "invoke" else said)
        return _stack_output(call, notes) if call.name == "stackReference" else call
    if _SHORT.fullmatch(name):
        given = read(argument, notes) if argument.fields is not None else Fields(argument.position, {})
        return Call(key.position, name, given)
    near = difflib.get_close_matches(name, functions.NAMES, n=1)
    advice = f"is it {functions.PREFIX}{near[0]}?" if near else f"there are {', '.join(functions.NAMES)}"
    notes.complain(f"there is no function {key.text}: {advice}", key.position)
    return None


def _lowered(said: Expression) -> Expression:
    """The argument of fn::invoke with its keys in small letters: the first programs have them in capitals."""
    if not isinstance(said, Fields):
        return said
    return Fields(said.position, {key.lower(): item for key, item in said.fields.items()}, said.computed)


def _stack_output(call: Call, notes: Notes) -> Expression:
    """`fn::stackReference: [stack, output]`, which Pulumi advises against, as the reference that it stands for."""
    items = call.argument.items if isinstance(call.argument, Items) else ()
    said = [item.value for item in items if isinstance(item, Literal) and isinstance(item.value, str)]
    if len(said) != 2 or len(items) != 2:
        notes.complain("fn::stackReference takes the name of a stack and the name of an output", call.position)
        return call
    return Access(call.position, notes.refer(said[0], call.position), ("outputs", said[1]))


def text(said: str, position: Position, notes: Notes) -> Expression:
    """A text with what stands in it: `${...}` is a reference, `$$` a dollar."""
    parts: list[str | Access] = []
    plain, at = "", 0
    while (start := said.find("$", at)) >= 0:
        plain += said[at:start]
        following = said[start + 1 : start + 2]
        if following != "{":
            plain, at = plain + "$", start + (2 if following == "$" else 1)
            continue
        try:
            access, at = _access(said, start + 2, position)
        except ValueError as fault:
            notes.complain(f"{said[start:]!r} is no reference: {fault}", position)
            return Literal(position, said)
        parts.extend([plain, access] if plain else [access])
        plain = ""
    plain += said[at:]
    if not parts:
        return Literal(position, plain)
    if len(parts) == 1 and not plain and isinstance(parts[0], Access):
        return parts[0]
    return Text(position, (*parts, plain) if plain else tuple(parts))


def _access(said: str, at: int, position: Position) -> tuple[Access, int]:
    """A reference that begins at `at`, and where it is over. Names are whatever stands between dots and brackets.

    Raises ValueError with what is wrong. After pulumi/pulumi-yaml pkg/pulumiyaml/ast/property.go.
    """
    steps: list[Step] = []
    while at < len(said):
        char = said[at]
        if char == "}":
            if not steps:
                raise ValueError("it names nothing")
            if isinstance(steps[0], int):
                raise ValueError("it begins with a number")
            return Access(position, steps[0], tuple(steps[1:])), at + 1
        if char == ".":
            at += 1
        elif char == "[":
            step, at = _subscript(said, at + 1)
            steps.append(step)
        else:
            end = next((index for index in range(at, len(said)) if said[index] in ".[}"), len(said))
            steps.append(said[at:end])
            at = end
    raise ValueError("it does not end with a brace")


def _subscript(said: str, at: int) -> tuple[Step, int]:
    """What stands in brackets, and where they are over: a text in double quotes, or the number of an item."""
    if said[at : at + 1] == '"':
        quoted = _QUOTED.match(said, at)
        if quoted is None:
            raise ValueError("a name in brackets ends with a quote and a bracket")
        return quoted[1].replace('\\"', '"'), quoted.end()
    numbered = _NUMBERED.match(said, at)
    if numbered is None:
        raise ValueError("in brackets stands the number of an item, or a name in double quotes")
    return int(numbered[1]), numbered.end()
