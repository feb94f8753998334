"""What a resource's inputs look like, and what is wrong with the ones that were given.

Scalars are converted as the Terraform bridge does it ("8" for 8, "true" for true, 8 for "8"); everything else that
does not fit is a located failure. Unknown values fit everywhere.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Mapping
from typing import Any, Final

from stackyard.model import paths
from stackyard.model.registrations import CheckFailure
from stackyard.model.values import UNKNOWN, Archive, Asset, Properties, Secret, Value


class Kind(enum.StrEnum):
    """The shape of a value."""

    STRING = "a string"
    INTEGER = "an integer"
    NUMBER = "a number"
    BOOLEAN = "a boolean"
    LIST = "a list"
    MAP = "a mapping"
    OBJECT = "an object"
    ASSET = "an asset or archive"
    ANY = "anything"


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """One property. `items` is what a list or mapping holds; `fields` gives an object's own, when it is needed.

    `replaces`: a change of it forces a replacement. `choices`: the only values allowed. `default`: what counts
    when it is absent (recorded in outputs, never written into inputs).
    """

    kind: Kind = Kind.ANY
    required: bool = False
    replaces: bool = False
    default: Value = None
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    items: Field | None = None
    fields: Callable[[], Mapping[str, Field]] | None = None


Schema = Mapping[str, Field]


def check(schema: Schema, inputs: Properties, subject: str) -> tuple[Properties, tuple[CheckFailure, ...]]:
    """The inputs with scalars converted and Nones dropped, and every failure. `subject` names the type in messages."""
    failures: list[CheckFailure] = []
    checked = _members(schema, inputs, (), subject, failures)
    return checked, tuple(failures)


def with_defaults(schema: Schema, inputs: Properties) -> Properties:
    """The inputs that count: those given, and the default of each that is absent."""
    given = {key: value for key, value in inputs.items() if value is not None and not key.startswith("__")}
    defaults = {name: field.default for name, field in schema.items() if field.default is not None}
    return {**defaults, **given}


def replacing(schema: Schema) -> tuple[str, ...]:
    """The names whose change forces a replacement."""
    return tuple(name for name, field in schema.items() if field.replaces)


def _members(
    schema: Schema, given: Properties, path: paths.Path, subject: str, failures: list[CheckFailure]
) -> Properties:
    def fail(name: str, reason: str) -> None:
        failures.append(CheckFailure(paths.render((*path, name)), reason))

    checked: Properties = {}
    for name, value in given.items():
        field = schema.get(name)
        if name.startswith("__"):
            checked[name] = value
        elif field is None:
            fail(name, f"{subject} has no property {name!r}{_nearest(name, schema)}")
        elif value is not None:
            checked[name] = _value(field, value, (*path, name), subject, failures)
    for name, field in schema.items():
        if field.required and given.get(name) is None:
            fail(name, f"missing required property {name!r} of {subject}")
    return checked


def _nearest(name: str, schema: Schema) -> str:
    wanted = name.replace("_", "").lower()
    found = next((known for known in schema if known.lower() == wanted), "")
    return f"; did you mean {found!r}?" if found else ""


def _value(field: Field, value: Value, path: paths.Path, subject: str, failures: list[CheckFailure]) -> Value:
    if value is UNKNOWN or field.kind is Kind.ANY or value is None:
        return value
    if isinstance(value, Secret):
        return Secret(_value(field, value.value, path, subject, failures))
    if field.kind in _SCALARS:
        return _scalar(field, value, path, failures)
    if field.kind is Kind.LIST and isinstance(value, list):
        inner = field.items or Field()
        return [_value(inner, item, (*path, index), subject, failures) for index, item in enumerate(value)]
    if field.kind is Kind.MAP and isinstance(value, dict):
        inner = field.items or Field()
        return {key: _value(inner, item, (*path, key), subject, failures) for key, item in value.items()}
    if field.kind is Kind.OBJECT and isinstance(value, dict):
        return _members(field.fields(), value, path, subject, failures) if field.fields else value
    if field.kind is Kind.ASSET and isinstance(value, (Asset, Archive)):
        return value
    failures.append(CheckFailure(paths.render(path), f"expected {field.kind}, got {describe(value)}"))
    return value


_UNFIT: Final = object()


def _scalar(field: Field, value: Value, path: paths.Path, failures: list[CheckFailure]) -> Value:
    converted = _SCALARS[field.kind](value)
    if converted is _UNFIT:
        reason = f"expected {field.kind}, got {describe(value)}"
    elif field.choices and converted not in field.choices:
        reason = f"expected one of {', '.join(field.choices)}"
    elif field.minimum is not None and converted < field.minimum:
        reason = f"expected at least {field.minimum}, got {converted}"
    else:
        return converted
    failures.append(CheckFailure(paths.render(path), reason))
    return value


def describe(value: Value) -> str:
    """The kind of a value in words; never the value, which may be secret."""
    kinds: tuple[tuple[Any, str], ...] = (
        (bool, "a boolean"),
        (int, "an integer"),
        (float, "a number"),
        (str, "a string"),
        (list, "a list"),
        (dict, "a mapping"),
        ((Asset, Archive), "an asset or archive"),
    )
    return next((text for kind, text in kinds if isinstance(value, kind)), "something else")


def _to_string(value: Value) -> Value:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, (str, int, float)) else _UNFIT


def _to_number(value: Value) -> Value:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    try:
        return float(value) if isinstance(value, str) else _UNFIT
    except ValueError:
        return _UNFIT


def _to_integer(value: Value) -> Value:
    number = _to_number(value)
    if isinstance(number, float):
        return int(number) if number.is_integer() else _UNFIT
    return number


def _to_boolean(value: Value) -> Value:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value, _UNFIT) if isinstance(value, str) else _UNFIT


_SCALARS: Final[Mapping[Kind, Callable[[Value], Value]]] = {
    Kind.STRING: _to_string,
    Kind.INTEGER: _to_integer,
    Kind.NUMBER: _to_number,
    Kind.BOOLEAN: _to_boolean,
}
