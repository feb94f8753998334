"""Carries properties into botocore's shapes and answers back into properties, by name.

`name`, `subnetIds`, `vpcConfig` meet `name`, `SubnetIds`, `VPCConfig`: case and a plural s are ignored. `names`
gives the others: dotted property path → member, `{"attributes": "AttributeDefinitions", "attributes.name":
"AttributeName"}`. What matches nothing is left out; tests hold every type to its list of unsupported inputs.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

from stackyard.model.values import Properties, Value
from stackyard.providers.aws import schemas, tagging
from stackyard.providers.aws.schemas import Schema

Names = Mapping[str, str]


def model(client: Any, operation: str) -> Any:
    """Botocore's model of a client method."""
    return client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation])


def match(name: str, members: Iterable[str]) -> str | None:
    """The member that `name` means: equal but for case, or but for a plural s."""
    found = {member.lower(): member for member in members}
    low = name.lower()
    for candidate in (low, low.removesuffix("s"), f"{low}s"):
        if candidate in found:
            return found[candidate]
    return None


def request(shape: Any, given: Properties, names: Names, path: str = "") -> dict[str, Any]:
    """The members of a structure shape that `given` fills; empty values are left out."""
    found = {}
    for name, value in given.items():
        if name.startswith("__") or value is None or value in ([], {}, ""):
            continue
        where = f"{path}.{name}" if path else name
        member = names[where] if where in names else match(name, shape.members)
        if member and member in shape.members:
            found[member] = value_for(shape.members[member], value, names, where)
    return found


def value_for(shape: Any, value: Value, names: Names, path: str) -> Any:
    """One value in the form of `shape`."""
    if shape.type_name == "structure" and isinstance(value, dict):
        return request(shape, value, names, path)
    if shape.type_name == "list" and isinstance(value, dict) and _pair(shape.member):
        return tagging.encode(value, shape)
    if shape.type_name == "list":
        items = value if isinstance(value, list) else [value]
        return [value_for(shape.member, item, names, path) for item in items]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: value_for(shape.value, item, names, path) for key, item in value.items()}
    if shape.type_name == "string":
        return json.dumps(value) if isinstance(value, dict | list) else schemas.coerce(value, "string")
    if shape.type_name in ("integer", "long"):
        return int(schemas.coerce(value, "integer"))
    if shape.type_name in ("double", "float"):
        return float(schemas.coerce(value, "number"))
    if shape.type_name == "boolean":
        return schemas.coerce(value, "boolean")
    return value


def _pair(shape: Any) -> bool:
    """Whether a structure is one entry of a map written as a list: `{Key, Value}`, `{Name, Value}`."""
    names = {name.lower() for name in getattr(shape, "members", ())}
    return len(names) == 2 and any("value" in name for name in names)


def properties(
    schema: Schema, members: Mapping[str, Any], answer: Mapping[str, Any], names: Names, path: str = ""
) -> Properties:
    """The properties of `members` (name → type) that an answered structure tells."""
    found = {}
    for name, type_ in members.items():
        where = f"{path}.{name}" if path else name
        member = names[where] if where in names else match(name, answer)
        if member and member in answer and answer[member] is not None:
            found[name] = property_of(schema, type_, answer[member], names, where)
    return found


def property_of(schema: Schema, type_: Any, value: Any, names: Names, path: str) -> Value:
    """One answered value in the declared type."""
    if isinstance(value, Mapping) and "Quantity" in value and (type_ == "any" or type_[0] == "list"):
        value = value.get("Items") or []
    if not isinstance(type_, list):
        return _primitive(value, type_)
    kind, inner = type_
    if kind == "list":
        items = value if isinstance(value, list) else [value]
        return [property_of(schema, inner, item, names, path) for item in items]
    if kind == "map" and isinstance(value, list):
        return tagging.mapping(value)
    if kind == "map":
        return {key: property_of(schema, inner, item, names, path) for key, item in value.items()}
    item = value[0] if isinstance(value, list) and value else value
    return properties(schema, schema.members(type_), item, names, path) if isinstance(item, Mapping) else None


def _primitive(value: Any, type_: str) -> Value:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, list) and type_ in ("string", "integer"):
        value = value[0] if value else None
    return None if value is None else schemas.coerce(value, type_)
