"""What stands in an environment's file, and in its strings."""

from __future__ import annotations

import dataclasses
import functools
import os
import re
from pathlib import Path
from typing import Final

from stackyard.config.environments import functions
from stackyard.errors import Position
from stackyard.estate import documents, files
from stackyard.estate.documents import Node
from stackyard.model import paths
from stackyard.model.diagnostics import Diagnostic, error, warning

FOLDER: Final = "environments"
EXTENSION: Final = ".yaml"
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}){0,4}")
_ACCESS: Final = re.compile(r'((?:[^"}$]|"(?:[^"\\]|\\.)*")*)\}')
_KEYS: Final = ("imports", "values")


@dataclasses.dataclass(frozen=True, slots=True)
class Import:
    """One imported environment. Without `merge` it is only there to be referred to."""

    name: str
    position: Position
    merge: bool = True


@dataclasses.dataclass(frozen=True, slots=True)
class Definition:
    """An environment as written. `values` is None when it has none."""

    position: Position
    imports: tuple[Import, ...] = ()
    values: Node | None = None
    diagnostics: tuple[Diagnostic, ...] = ()


class Malformed(ValueError):
    """A string whose interpolation cannot be read."""


def is_name(text: str) -> bool:
    """Whether an environment can be called so: up to five parts with slashes between them."""
    return bool(_NAME.fullmatch(text)) and ".." not in text


def shown(name: str) -> str:
    """The path of an environment's file, relative to the estate's root."""
    return f"{FOLDER}/{name}{EXTENSION}"


def names(root: Path) -> tuple[str, ...]:
    """The environments that there are, sorted."""
    folder = root / FOLDER
    found = (path.relative_to(folder).as_posix() for path in folder.rglob(f"*{EXTENSION}"))
    return tuple(sorted(filter(is_name, (path.removesuffix(EXTENSION) for path in found))))


def read(root: Path, name: str) -> Definition | None:
    """The environment `name` of the estate at `root`; None when there is no such file."""
    path = files.inside(root, shown(name))
    try:
        if path is None:
            raise files.Refused("symbolic links are not followed", "put the file itself here")
        if not os.path.lexists(path):
            return None
        status = os.stat(path, follow_symlinks=False)
        return _read(path, shown(name), status.st_mtime_ns, status.st_size, status.st_ino)
    except files.Refused as refusal:
        position = Position(shown(name))
        return Definition(position, diagnostics=(error(refusal.message, hint=refusal.hint, position=position),))


@functools.lru_cache(maxsize=1024)
def _read(path: Path, shown_as: str, _modified: int, _size: int, _inode: int) -> Definition:
    document = documents.parse(files.read(path), shown_as)
    found = list(document.diagnostics)
    if document.root is None or document.root.kind == "null":
        return Definition(Position(shown_as), diagnostics=tuple(found))
    made = definition(document.root)
    return dataclasses.replace(made, diagnostics=(*found, *made.diagnostics))


def definition(root: Node) -> Definition:
    """What a document says: a mapping with `imports` and `values`, or, in a stack file, only a list of imports."""
    found: list[Diagnostic] = []
    if root.items is not None:
        return Definition(root.position, tuple(_imports(root, found)), diagnostics=tuple(found))
    if root.fields is None:
        hint = "it holds `imports:` (a list of environments) and `values:`"
        return Definition(root.position, diagnostics=(error(_SHAPE, hint=hint, position=root.position),))
    for key in root.fields.keys() - set(_KEYS):
        hint = "values stand below `values:`"
        found.append(warning(f"unknown key {key!r} in an environment", hint=hint, position=root.keys.get(key)))
    imports, values = root.fields.get("imports"), root.fields.get("values")
    if values is not None and values.kind == "null":
        values = None
    if values is not None and values.fields is None:
        found.append(error(f"values must be a mapping, not a {values.kind}", position=values.position))
        values = None
    if values is not None and functions.called(values) is not None:
        found.append(error("values must be a mapping, not a function's result", position=values.position))
        values = None
    listed = tuple(_imports(imports, found)) if imports is not None and imports.kind != "null" else ()
    return Definition(root.position, listed, values, tuple(found))


_SHAPE: Final = "an environment is a mapping"


def _imports(node: Node, found: list[Diagnostic]) -> list[Import]:
    if node.items is None:
        found.append(error(f"imports must be a list, not a {node.kind}", position=node.position))
        return []
    listed = []
    for item in node.items:
        name, merge = item.text, True
        if item.fields is not None and len(item.fields) == 1:
            name, options = next(iter(item.fields.items()))
            merge = options.at("merge").scalar is not False
            if options.kind != "null" and not (options.fields and options.fields.keys() == {"merge"}):
                found.append(error("an import has the one option `merge`", position=options.position))
                continue
        if not is_name(name):
            hint = f"it names a file below {FOLDER}/, such as base or stages/production; versions are git's"
            found.append(error(f"{name!r} cannot be the name of an environment", hint=hint, position=item.position))
            continue
        listed.append(Import(name, item.position, merge))
    return listed


def parts_of(text: str) -> list[str | paths.Path]:
    """Literal text and the paths of `${…}` in turn; `$$` is a dollar. Raises Malformed."""
    parts: list[str | paths.Path] = []
    literal: list[str] = []
    index = 0
    while (dollar := text.find("$", index)) >= 0:
        literal.append(text[index:dollar])
        if text.startswith("$$", dollar):
            literal.append("$")
            index = dollar + 2
        elif text.startswith("${", dollar):
            match = _ACCESS.match(text, dollar + 2)
            if match is None:
                raise Malformed("an interpolation is not closed: write ${name}, or $$ for a dollar")
            if any(literal):
                parts.append("".join(literal))
            literal = []
            parts.append(_path(match[1]))
            index = match.end()
        else:
            literal.append("$")
            index = dollar + 1
    literal.append(text[index:])
    return [*parts, "".join(literal)] if any(literal) else parts


def _path(text: str) -> paths.Path:
    try:
        path = paths.parse(text.strip())
    except ValueError as fault:
        raise Malformed(str(fault)) from None
    if not path or "*" in path or not isinstance(path[0], str):
        raise Malformed(f"${{{text}}} names no value: write ${{name.of[0].value}}")
    return path
