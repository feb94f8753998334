"""Writes tenants' files: a new one, complete and commented, and one changed value that leaves the rest as it was."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Final

from stackyard.errors import ConfigError, Position
from stackyard.estate import documents
from stackyard.estate.documents import Node
from stackyard.kit import files

SCHEMA: Final = "tenant.schema.json"
"""The published schema's file: in this package, and in the folder of a registry, for editors."""
TEMPLATE: Final = "tenant.template.yaml"
_PLAIN: Final = re.compile(r"[A-Za-z](?:[A-Za-z0-9 ._@-]*[A-Za-z0-9])?")
_WORDS: Final = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def fresh(name: str, *, display_name: str = "", owner: str, billing: str = "") -> str:
    """The text of a new organization's file."""
    template = string.Template(resources.files("stackyard.tenancy").joinpath(TEMPLATE).read_text(encoding="utf-8"))
    return template.substitute(
        name=name,
        display_name=_scalar(display_name or name),
        owner=_scalar(owner),
        billing=_scalar(billing or owner),
    )


def create(folder: Path, name: str, text: str) -> Path:
    """Write a new file and, beside it, the schema for editors; the path. Raises ConfigError when there is one already.

    Either the file is whole, or it is not there.
    """
    path = folder / f"{name}.yaml"
    if path.exists() or path.is_symlink():
        raise ConfigError(f"there is a file for {name} already", hint="edit it", position=Position(str(path)))
    published = resources.files("stackyard.tenancy").joinpath(SCHEMA).read_bytes()
    schema = folder / SCHEMA
    if not schema.exists() or schema.read_bytes() != published:
        files.write(schema, published)
    files.write(path, text.encode())
    return path


def with_flag(text: str, key: str, value: bool, path: str) -> str:
    """The text with a top-level key set to true or false; every other character stays as it was.

    `path` is how faults name the file. Raises ConfigError when that cannot be done without changing something else.
    """
    root = documents.parse(text, path).root
    word = "true" if value else "false"
    node = root.fields.get(key) if root is not None and root.fields is not None else None
    if root is None or root.fields is None:
        changed = text
    elif node is None:
        changed = f"{text}{'' if text.endswith(chr(10)) else chr(10)}{key}: {word}\n"
    else:
        changed = _replaced(text, node, word)
    after = documents.parse(changed, path)
    expected = {**root.plain(), key: value} if root is not None and isinstance(root.plain(), dict) else None  # type: ignore[dict-item]
    if after.diagnostics or after.root is None or after.root.plain() != expected:
        raise ConfigError(f"`{key}` cannot be set by a small change", hint="edit it by hand", position=Position(path))
    return changed


def with_project(text: str, name: str, project: Mapping[str, Any], path: str) -> str:
    """The text with one project more, above the others; every other character stays as it was.

    `project` is what the file is to say of it. Raises ConfigError when it is there already, or cannot be added so.
    """
    root = documents.parse(text, path).root
    plain = root.plain() if root is not None else None
    if root is None or root.fields is None or not isinstance(plain, dict):
        raise ConfigError(
            "not an organization's file", hint="`stackyard tenant check` says why", position=Position(path)
        )
    node, before = root.fields.get("projects"), plain.get("projects") or {}
    if not isinstance(before, dict) or name in before:
        there = node.position if node is not None else Position(path)
        raise ConfigError(f"project {name!r} is there already", hint="edit it by hand", position=there)
    block = "".join(f"  {line}\n" for line in _block({name: project}))
    lines = text.splitlines(keepends=True)
    if node is None:
        changed = f"{text}{'' if text.endswith(chr(10)) else chr(10)}projects:\n{block}"
    else:
        row = root.keys["projects"].line - 1
        if not before:
            lines[row] = re.sub(r"^projects:\s*(\{\s*\}|~|null)?", "projects:", lines[row])
        changed = "".join([*lines[: row + 1], block, *lines[row + 1 :]])
    after = documents.parse(changed, path)
    if (
        after.diagnostics
        or after.root is None
        or after.root.plain() != {**plain, "projects": {**before, name: project}}
    ):
        raise ConfigError(
            "a project cannot be added by a small change", hint="edit it by hand", position=Position(path)
        )
    return changed


def without_project(text: str, name: str, path: str) -> str:
    """The text without one project; every other line stays as it was. `projects: {}` is left of the last one.

    Raises ConfigError when it is not there, or cannot be taken out so.
    """
    root = documents.parse(text, path).root
    plain = root.plain() if root is not None else None
    node = root.fields.get("projects") if root is not None and root.fields is not None else None
    if node is None or not isinstance(plain, dict) or name not in node.keys:
        known = ", ".join(node.keys) if node is not None else ""
        hint = f"there are: {known}" if known else "there are no projects"
        raise ConfigError(
            f"there is no project {name!r}", hint=hint, position=node.position if node else Position(path)
        )
    rest = {key: each for key, each in node.plain().items() if key != name}  # type: ignore[union-attr]
    lines, key = text.splitlines(keepends=True), node.keys[name]
    end = key.line
    while end < len(lines) and (not lines[end].strip() or _indentation(lines[end]) >= key.column):
        end += 1
    while not lines[end - 1].strip():
        end -= 1
    if not rest:
        assert root is not None
        row = root.keys["projects"].line - 1
        lines[row] = lines[row].replace("projects:", "projects: {}", 1)
    changed = "".join([*lines[: key.line - 1], *lines[end:]])
    after = documents.parse(changed, path)
    if after.diagnostics or after.root is None or after.root.plain() != {**plain, "projects": rest}:
        raise ConfigError("a project cannot be taken out by a small change", hint="edit it by hand", position=key)
    return changed


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _block(value: Mapping[str, Any], indent: str = "") -> list[str]:
    """A mapping as lines of YAML: mappings in block style, what is in lists in flow style."""
    lines = []
    for key, item in value.items():
        if isinstance(item, Mapping):
            lines += [f"{indent}{key}:", *_block(item, indent + "  ")]
        elif isinstance(item, list) and item and isinstance(item[0], Mapping):
            lines += [f"{indent}{key}:", *(f"{indent}  - {_flow(each)}" for each in item)]
        else:
            lines.append(f"{indent}{key}: {_flow(item)}")
    return lines


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return _scalar(value) if isinstance(value, str) else json.dumps(value)


def _replaced(text: str, node: Node, word: str) -> str:
    """The text with one plain scalar replaced."""
    lines = text.splitlines(keepends=True)
    row, column = node.position.line - 1, node.position.column - 1
    line = lines[row]
    if line[column : column + len(node.text)] == node.text:
        lines[row] = line[:column] + word + line[column + len(node.text) :]
    return "".join(lines)


def _scalar(text: str) -> str:
    """Text as a YAML scalar that every reader takes for that text, in block and in flow style."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)
