"""The values of a program's settings.

Pulumi reads what a stack's configuration has by its looks alone (pulumi/pulumi-yaml pkg/server/server.go, Run). So it
is here for keys that a program does not declare; a declared type decides for the others, and text stays text.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from stackyard.languages.base import Program
from stackyard.languages.yaml.loading import Node
from stackyard.languages.yaml.programs import Setting
from stackyard.model.values import Secret, Value

_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT: Final = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?")
_TRUTHS: Final = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}


def names(program: Program) -> set[str]:
    """The names by which a program may refer to what its stack's configuration has."""
    own = f"{program.project}:"
    return {key.removeprefix(own) for key in program.config} | set(program.config)


def given(name: str, program: Program) -> Value:
    """What the configuration has under a name that is declared nowhere. Raises KeyError."""
    key = name if name in program.config else f"{program.project}:{name}"
    return _hidden(by_looks(program.config[key]), key, program)


def value(setting: Setting, program: Program) -> Value:
    """What the configuration has for a setting, None for nothing. Raises ValueError when it is of another type."""
    key = f"{program.project}:{setting.key or setting.name}"
    said = program.config.get(key)
    if said is None:
        return None
    found = _typed(said, setting.type, key)
    return Secret(found) if setting.secret else _hidden(found, key, program)


def plain(node: Node) -> Any:
    """A node as data."""
    if node.fields is not None:
        return {key.text: plain(item) for key, item in node.fields}
    if node.items is not None:
        return [plain(item) for item in node.items]
    return node.scalar


def by_looks(said: str) -> Value:
    """The number, truth, list or mapping that a text looks like; digits after a leading zero are text."""
    if len(said) > 1 and said.startswith("0") and not said.startswith("0."):
        return said
    if _INTEGER.fullmatch(said):
        return int(said)
    if said in _TRUTHS:
        return _TRUTHS[said]
    if _FLOAT.fullmatch(said):
        number = float(said)
        return int(number) if number.is_integer() else number
    try:
        return json.loads(said)
    except ValueError:
        return said


def _hidden(found: Value, key: str, program: Program) -> Value:
    return Secret(found) if key in program.secret_keys else found


def _typed(said: str, type_: str, key: str) -> Value:
    if type_ in ("", "string"):
        return said if type_ else by_looks(said)
    if type_.startswith("commadelimitedlist"):
        return said.split(",")
    if type_ == "boolean" and said in _TRUTHS:
        return _TRUTHS[said]
    expected: dict[str, tuple[type, ...]] = {"integer": (int,), "number": (int, float), "object": (dict,)}
    whole = _INTEGER.fullmatch(said) is not None
    found = int(said) if type_ in ("integer", "number") and whole else by_looks(said)
    wrong = isinstance(found, bool) or not isinstance(found, expected.get(type_, (list,)))
    if type_ == "boolean" or wrong or (type_ == "integer" and not whole):
        raise ValueError(f"{key} must be of type {type_}")
    return found
