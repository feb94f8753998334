"""The values of a program's settings."""

from __future__ import annotations

import json
from typing import Any

from stackyard.languages.base import Program
from stackyard.languages.yaml.loading import Node
from stackyard.languages.yaml.programs import Setting
from stackyard.model.values import Secret, Value


def value(setting: Setting, program: Program) -> Value:
    """The value of a setting in a stack, of its type. Raises ValueError when there is none, or one of another type."""
    key = f"{program.project}:{setting.name}"
    text = program.config.get(key)
    if text is None:
        if setting.default is None:
            raise ValueError(f"the configuration lacks {key}: `stackyard config set {setting.name}`")
        found: Value = plain(setting.default)
    else:
        found = _parsed(text, setting.type, key)
    return Secret(found) if setting.secret or key in program.secret_keys else found


def plain(node: Node) -> Any:
    """A node as data."""
    if node.fields is not None:
        return {key.text: plain(item) for key, item in node.fields}
    if node.items is not None:
        return [plain(item) for item in node.items]
    return node.scalar


def _parsed(text: str, type_: str, key: str) -> Value:
    if type_ == "string":
        return text
    if type_.startswith("commadelimitedlist"):
        return text.split(",")
    expected: dict[str, tuple[type, ...]] = {
        "integer": (int,),
        "number": (int, float),
        "boolean": (bool,),
        "object": (dict,),
    }
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    types = expected.get(type_, (list,))
    if not isinstance(found, types) or (isinstance(found, bool) and bool not in types):
        raise ValueError(f"{key} must be of type {type_}")
    return found
