"""Templates: a folder with a `template.yaml` and `files/`, of this estate or of another team.

    description: An application of the shop
    variables:
      owner: { description: The team that owns it, default: "team-{{name}}", pattern: "team-[a-z-]+" }
    insert:
      - { file: apps/registered.py, line: "from apps import {{module}}", among: "from apps import " }

A template is data from somebody else: nothing of it is run, and nothing is read or written outside its place.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

from stackyard import errors
from stackyard.errors import Position
from stackyard.estate import documents, schema
from stackyard.estate import files as sources
from stackyard.model.diagnostics import Diagnostic
from stackyard.scaffold import rendering
from stackyard.scaffold.writing import Insertion

FILE: Final = "template.yaml"
FILES: Final = "files"
SUFFIX: Final = ".template"
"""The end of a file's name that is dropped: it keeps tools from taking `x.py.template` for a program."""
_COUNT_LIMIT: Final = 500
_BYTES_LIMIT: Final = 5 << 20
_NAME: Final = "^[A-Za-z_][A-Za-z0-9_]{0,63}$"
_TEXT: Final = {"type": "string"}
_SHAPE: Final[Mapping[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "description": {"type": "string", "description": "What it makes."},
        "variables": {
            "type": "object",
            "description": "What is asked, by name.",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "properties": {"description": _TEXT, "default": _TEXT, "pattern": _TEXT},
            },
        },
        "insert": {
            "type": "array",
            "description": "Lines that are put into files that are there.",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["file", "line"],
                "properties": {"file": _TEXT, "line": _TEXT, "among": _TEXT},
            },
        },
    },
}


@dataclasses.dataclass(frozen=True, slots=True)
class Variable:
    """What a template asks. `default` is None when it must be given; `pattern` is a regular expression of it all."""

    name: str
    description: str = ""
    default: str | None = None
    pattern: str = ""
    position: Position | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Template:
    """A template as read: its files by name with their text, names and texts still to be rendered."""

    shown: str
    description: str
    variables: tuple[Variable, ...]
    files: Mapping[str, str]
    insertions: tuple[Insertion, ...] = ()


Ask = Callable[[Variable, str | None], str]
"""Asks for a variable, proposing a default. Raises UsageError where nobody can be asked."""


def read(folder: Path, shown: str = "") -> Template:
    """Read the template in `folder`; `shown` is how messages name it.

    Raises UsageError and DiagnosedError, located: no template there, a symbolic link, too many or too large files.
    """
    shown = shown or str(folder)
    position = Position(f"{shown}/{FILE}")
    if not (folder / FILE).is_file():
        raise errors.UsageError(f"there is no {FILE} in {shown}", hint="a template is a folder with that file")
    try:
        document = documents.parse(sources.read(folder / FILE), position.path)
    except sources.Refused as refusal:
        raise errors.UsageError(refusal.message, hint=refusal.hint, position=position) from None
    found: list[Diagnostic] = list(document.diagnostics)
    data: Any = {}
    if document.root is not None and document.root.kind != "null":
        data = schema.read(document.root, _SHAPE, found.append)
    if found or data is schema.OMITTED:
        raise errors.DiagnosedError(found)
    root = document.root
    variables = [
        Variable(name, said.get("description", ""), said.get("default"), said.get("pattern", ""), place)
        for name, said in data.get("variables", {}).items()
        if (place := root.at("variables").keys.get(name, position) if root else position)
    ]
    insertions = [
        Insertion(
            each["file"], each["line"], each.get("among", ""), root.at("insert", index).position if root else None
        )
        for index, each in enumerate(data.get("insert", ()))
    ]
    _check(variables)
    return Template(
        shown, data.get("description", ""), tuple(variables), dict(_files(folder, shown)), tuple(insertions)
    )


def _check(variables: list[Variable]) -> None:
    for each in variables:
        try:
            re.compile(each.pattern)
        except re.error as fault:
            raise errors.UsageError(f"malformed pattern: {fault}", position=each.position) from None
        if not re.match(_NAME, each.name):
            raise errors.UsageError(f"{each.name!r} cannot be a variable's name", position=each.position)


def _files(folder: Path, shown: str) -> Iterator[tuple[str, str]]:
    """The files below `files/` by their names in it."""
    base, total, count = folder / FILES, 0, 0
    if base.is_symlink():
        raise errors.UsageError("symbolic links are not followed", position=Position(f"{shown}/{FILES}"))
    for root, directories, names in os.walk(base, followlinks=False):
        directories.sort()
        for name in sorted(names + [each for each in directories if os.path.islink(os.path.join(root, each))]):
            path = Path(root, name)
            relative = path.relative_to(base).as_posix()
            position = Position(f"{shown}/{FILES}/{relative}")
            try:
                text = sources.read(path)
            except sources.Refused as refusal:
                raise errors.UsageError(refusal.message, hint=refusal.hint, position=position) from None
            count, total = count + 1, total + len(text)
            if count > _COUNT_LIMIT or total > _BYTES_LIMIT:
                hint = f"at most {_COUNT_LIMIT} files of {_BYTES_LIMIT >> 20} MiB together"
                raise errors.UsageError("the template is too large", hint=hint, position=position)
            yield relative, text


def answered(template: Template, given: Mapping[str, str], own: Mapping[str, str], ask: Ask) -> dict[str, str]:
    """The value of every variable: `own` (the name's forms), then `given`, then the default or who is asked.

    Raises UsageError for a value of a variable that the template does not have, or that does not fit its pattern.
    """
    known = {each.name for each in template.variables}
    for name in given:
        if name not in known:
            raise errors.UsageError(
                f"the template has no variable {name!r}",
                hint=schema.suggest(name, known),
                position=Position(f"{template.shown}/{FILE}"),
            )
    values = dict(own)
    for variable in template.variables:
        default = variable.default
        if default is not None:
            default = rendering.render(default, values, f"{template.shown}/{FILE}")
        value = given[variable.name] if variable.name in given else ask(variable, default)
        if not re.fullmatch(variable.pattern or "(?s:.*)", value):
            raise errors.UsageError(
                f"{value!a} cannot be `{variable.name}`",
                hint=f"it must be of the pattern {variable.pattern}",
                position=variable.position,
            )
        values[variable.name] = value
    return values


def rendered(template: Template, values: Mapping[str, str]) -> tuple[dict[str, str], tuple[Insertion, ...]]:
    """The files to write, by name, and the lines to insert. Raises UsageError for a name that leads elsewhere."""
    made: dict[str, str] = {}
    for name, text in template.files.items():
        shown = f"{template.shown}/{FILES}/{name}"
        target = rendering.render(name, values, shown).removesuffix(SUFFIX)
        _stay(target, shown)
        if target in made:
            raise errors.UsageError(f"the template makes {target} twice", position=Position(shown))
        made[target] = rendering.render(text, values, shown)
    inserted = []
    for each in template.insertions:
        shown = f"{template.shown}/{FILE}"
        target = rendering.render(each.file, values, shown)
        _stay(target, shown)
        line, among = (rendering.render(text, values, shown) for text in (each.line, each.among))
        if "\n" in line:
            raise errors.UsageError("a line has no line's end in it", position=each.position)
        inserted.append(Insertion(target, line, among, each.position))
    return made, tuple(inserted)


def _stay(target: str, shown: str) -> None:
    parts = PurePosixPath(target).parts
    stays = bool(parts) and not target.startswith("/") and "\\" not in target and "\0" not in target
    if not stays or any(part in ("..", ".git") or part.lower() == ".git" for part in parts):
        hint = "a template writes below the folder it is used in, and not into .git"
        raise errors.UsageError(f"{target!a} is not a place for a file", hint=hint, position=Position(shown))
