"""What the SDK says of a type: property names, their types, which are required; and checks of values against it.

`schema.json` is made by tools/scaffold_aws.py from pulumi_aws. A type is a word (`string`, `integer`, `number`,
`boolean`, `asset`, `any`) or `["list", T]`, `["map", T]`, `["object", name]`.
"""

from __future__ import annotations

import dataclasses
import datetime
import difflib
import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from stackyard.model import paths
from stackyard.model.registrations import CheckFailure
from stackyard.model.values import UNKNOWN, Archive, Asset, Properties, ResourceReference, Secret, Value

Type: TypeAlias = Any


@dataclasses.dataclass(frozen=True, slots=True)
class Schema:
    """One resource type. `objects` are the nested types of its service by name."""

    inputs: Mapping[str, Type]
    required: frozenset[str]
    outputs: Mapping[str, Type]
    secrets: frozenset[str]
    objects: Mapping[str, Any]

    def members(self, type_: Type, *, inputs: bool = False) -> Mapping[str, Type]:
        """The properties of a nested object type (empty for anything else)."""
        if not (isinstance(type_, list) and type_[0] == "object"):
            return {}
        found = self.objects[type_[1]]
        first, second = ("inputs", "outputs") if inputs else ("outputs", "inputs")
        members: Mapping[str, Type] = found.get(first) or found.get(second) or {}
        return members


@dataclasses.dataclass(frozen=True, slots=True)
class FunctionSchema:
    """One function: its arguments and results."""

    inputs: Mapping[str, Type]
    outputs: Mapping[str, Type]
    objects: Mapping[str, Any]


def read(document: Mapping[str, Any], name: str) -> Schema:
    """The schema of one resource type of a service's document."""
    entry = document["types"][name]
    return Schema(
        entry["inputs"],
        frozenset(entry["required"]),
        entry["outputs"],
        frozenset(entry.get("secrets", ())),
        document["objects"],
    )


def read_function(document: Mapping[str, Any], name: str) -> FunctionSchema:
    """The schema of one function of a service's document."""
    entry = document["functions"][name]
    return FunctionSchema(entry["inputs"], entry["outputs"], document["objects"])


def check(schema: Schema, inputs: Properties) -> tuple[Properties, list[CheckFailure]]:
    """`inputs` with values brought to their declared types and nulls dropped, and what does not fit."""
    checker = _Checker(schema)
    checked = checker.properties(inputs, schema.inputs, schema.required, ())
    return checked, checker.failures


def check_arguments(schema: FunctionSchema, arguments: Properties) -> tuple[Properties, list[CheckFailure]]:
    """The same for the arguments of a function, which says itself what it cannot do without."""
    return check(Schema(schema.inputs, frozenset(), schema.outputs, frozenset(), schema.objects), arguments)


class _Checker:
    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.failures: list[CheckFailure] = []

    def fail(self, path: paths.Path, reason: str) -> None:
        self.failures.append(CheckFailure(paths.render(path), reason))

    def properties(
        self, given: Properties, members: Mapping[str, Type], required: frozenset[str], path: paths.Path
    ) -> Properties:
        found = {}
        for name, value in given.items():
            if name.startswith("__"):
                found[name] = value
            elif name not in members:
                self.unknown_name(name, members, path)
            elif value is not None:
                found[name] = self.value(value, members[name], (*path, name))
        for name in sorted(required - found.keys()):
            self.fail((*path, name), "is required")
        return found

    def unknown_name(self, name: str, members: Mapping[str, Type], path: paths.Path) -> None:
        near = difflib.get_close_matches(name, members, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        self.fail((*path, name), f"is not a property of this type{hint}")

    def value(self, value: Value, type_: Type, path: paths.Path) -> Value:
        if value is UNKNOWN or type_ == "any" or value is None:
            return value
        if isinstance(value, ResourceReference) and type_ == "string":
            return value.id
        if isinstance(value, Secret):
            return Secret(self.value(value.value, type_, path))
        if isinstance(type_, list):
            return self.container(value, type_, path)
        if type_ == "asset":
            if not isinstance(value, Asset | Archive):
                self.fail(path, "must be an asset or archive")
            return value
        return self.primitive(value, type_, path)

    def container(self, value: Value, type_: Type, path: paths.Path) -> Value:
        shape, inner = type_
        if shape == "list" and isinstance(value, list):
            return [self.value(item, inner, (*path, index)) for index, item in enumerate(value)]
        if shape == "map" and isinstance(value, dict):
            return {k: self.value(v, inner, (*path, k)) for k, v in value.items() if v is not None}
        if shape == "object" and isinstance(value, dict):
            members = self.schema.members(type_, inputs=True)
            required = frozenset(self.schema.objects[inner].get("required", ()))
            return self.properties(value, members, required, path)
        self.fail(path, f"must be a{'n' if shape == 'object' else ''} {shape}")
        return value

    def primitive(self, value: Value, type_: str, path: paths.Path) -> Value:
        try:
            if isinstance(value, dict | list):
                raise ValueError
            return coerce(value, type_)
        except (ValueError, TypeError):
            self.fail(path, f"must be a{'n' if type_ == 'integer' else ''} {type_}, not {type(value).__name__}")
            return value


def coerce(value: Value, type_: str) -> Value:
    """A primitive brought to the declared type, as Terraform converts. Raises ValueError when it cannot be."""
    if type_ == "string":
        return _text(value)
    if type_ == "boolean":
        return _boolean(value)
    if type_ in ("integer", "number"):
        if isinstance(value, bool):
            raise ValueError(value)
        number = float(value)
        if type_ == "integer" and not number.is_integer():
            raise ValueError(value)
        return int(number) if number.is_integer() else number
    return value


def _text(value: Value) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, dict | list):
        return json.dumps(value, separators=(",", ":"))
    raise ValueError(value)


def _boolean(value: Value) -> bool:
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if isinstance(value, bool):
        return value
    raise ValueError(value)
