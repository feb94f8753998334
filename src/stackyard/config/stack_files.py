"""`Pulumi.<stack>.yaml`: the file that configures one stack (pulumi/pulumi sdk/go/common/workspace/project.go)."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from stackyard.errors import Position
from stackyard.estate import documents, files
from stackyard.estate.documents import Node
from stackyard.kit import jsontext
from stackyard.model.diagnostics import Diagnostic, error
from stackyard.model.estates import Stack

_OCTAL: Final = re.compile(r"[-+]?0[0-7]+")
_KEYS: Final = ("secretsprovider", "encryptedkey", "encryptionsalt", "config", "environment")


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One configured value: its full key, its node, and where its key stands."""

    key: str
    node: Node
    position: Position


@dataclasses.dataclass(frozen=True, slots=True)
class StackFile:
    """What the file says. A file that does not exist says nothing; `salt` is `encryptionsalt`.

    `environment` is the list of environments that the stack's values come from, or a whole one written in place.
    """

    position: Position
    salt: str = ""
    secrets_provider: str = ""
    encrypted_key: str = ""
    config: tuple[Entry, ...] = ()
    environment: Node | None = None
    diagnostics: tuple[Diagnostic, ...] = ()


def full_key(text: str, project: str) -> str:
    """`namespace:name` of a key as written: without a namespace it is the project's; `ns:config:name` is old.

    Raises ValueError for anything else.
    """
    parts = text.split(":")
    if len(parts) == 3 and parts[1] == "config":
        del parts[1]
    if len(parts) == 1:
        parts.insert(0, project)
    if len(parts) != 2 or not all(parts):
        raise ValueError(f"{text!r} is not a configuration key: use name or namespace:name")
    return ":".join(parts)


def shown(stack: Stack) -> str:
    """The stack file's path as the user would write it: beside the project file's."""
    project = stack.project
    if project.position is None:
        return str(stack.config_path)
    relative = os.path.relpath(stack.config_path, project.path)
    return os.path.normpath(os.path.join(os.path.dirname(project.position.path), relative))


def read(stack: Stack) -> StackFile:
    """The file of a stack. Faults come as its diagnostics; what could be read is there all the same."""
    position = Position(shown(stack))
    if not os.path.lexists(stack.config_path):
        return StackFile(position)
    return parse(stack.config_path, stack.project.name, position.path)


def parse(path: Path, project: str, shown_as: str) -> StackFile:
    """The same for a path."""
    position = Position(shown_as)
    try:
        document = documents.parse(files.read(path), shown_as)
    except files.Refused as refusal:
        return StackFile(position, diagnostics=(error(refusal.message, hint=refusal.hint, position=position),))
    root, found = document.root, list(document.diagnostics)
    if root is None or root.kind == "null":
        return StackFile(position, diagnostics=tuple(found))
    if root.fields is None:
        hint = "it holds `config:` and the values below it"
        found.append(error("a stack file is a mapping", hint=hint, position=root.position))
        return StackFile(position, diagnostics=tuple(found))
    texts = {key: _text(root, key, found) for key in _KEYS[:3]}
    environment = root.fields.get("environment")
    return StackFile(
        position,
        salt=texts["encryptionsalt"],
        secrets_provider=texts["secretsprovider"],
        encrypted_key=texts["encryptedkey"],
        config=tuple(_entries(root, project, found)),
        environment=environment if environment is not None and environment.kind != "null" else None,
        diagnostics=tuple(found),
    )


def estate_salt(stacks: Iterable[Stack]) -> str:
    """The `encryptionsalt` that new stacks of an estate share: that of the first stack file that has one."""
    return next((file.salt for file in map(read, stacks) if file.salt), "")


def _text(root: Node, key: str, found: list[Diagnostic]) -> str:
    node = (root.fields or {}).get(key)
    if node is None or node.kind == "null":
        return ""
    if node.kind != "string":
        found.append(error(f"{key} must be text, not a {node.kind}", position=node.position))
        return ""
    return node.text


def _entries(root: Node, project: str, found: list[Diagnostic]) -> Iterator[Entry]:
    config = (root.fields or {}).get("config")
    if config is None or config.kind == "null":
        return
    if config.fields is None:
        found.append(error(f"config must be a mapping, not a {config.kind}", position=config.position))
        return
    first: dict[str, Position] = {}
    for text, node in config.fields.items():
        position = config.keys.get(text, node.position)
        try:
            key = full_key(text, project)
        except ValueError as fault:
            found.append(error(str(fault), position=position))
            continue
        if key in first:
            message = f"{text!r} is the same key as on line {first[key].line}"
            found.append(error(message, hint="remove one of them", position=position))
            continue
        first[key] = position
        yield Entry(key, node, position)


def ciphertext(node: Node) -> str | None:
    """What stands behind `secure:`, if the node is such a mapping."""
    if node.fields is not None and node.fields.keys() == {"secure"}:
        inner = node.fields["secure"]
        return inner.text if inner.fields is None and inner.items is None else None
    return None


def scalar(node: Node) -> str | int | float | bool | None:
    """A scalar as the CLI's decoder takes it: it knows the old octal numbers too."""
    value = node.scalar
    if isinstance(value, int) and not isinstance(value, bool) and _OCTAL.fullmatch(node.text):
        return int(node.text, 8)
    if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**64:
        return float(value)
    return value


def text_of(value: Any) -> str:
    """A plain value as the program gets it: text as it is, anything else as JSON. Nothing is empty text.

    Raises ValueError for an infinite number.
    """
    if isinstance(value, str):
        return value
    return "" if value is None else jsontext.dumps(_sorted(value), html=True)


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    if isinstance(value, float):
        if value - value != 0:
            raise ValueError(f"{value} is not a number that configuration can hold")
        return jsontext.number(value)
    return value
