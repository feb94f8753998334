"""Attributes: key and value texts of load balancers and target groups, each a property of its own in a program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from stackyard.model.values import Properties
from stackyard.providers.aws import schemas


def told(keys: Mapping[str, str], inputs: Properties, names: Iterable[str]) -> list[dict[str, str]]:
    """The attributes of these inputs, as the service takes them."""
    given = sorted(name for name in names if name in keys and inputs.get(name) is not None)
    return [{"Key": keys[name], "Value": _text(inputs[name])} for name in given]


def seen(keys: Mapping[str, str], found: Iterable[Mapping[str, str]], outputs: Mapping[str, Any]) -> Properties:
    """The properties that described attributes come to; `outputs` are the types of the schema."""
    values = {each["Key"]: each.get("Value", "") for each in found}
    return {name: schemas.coerce(values[key], outputs[name]) for name, key in keys.items() if values.get(key)}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else schemas.coerce(value, "string")
