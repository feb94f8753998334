"""What a stack takes from its environments: configuration, variables of its program, temporary files."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from stackyard.config import stack_files
from stackyard.config.environments import syntax
from stackyard.config.environments.evaluation import Library
from stackyard.config.environments.syntax import Import
from stackyard.config.environments.values import Value, text_of
from stackyard.config.stack_files import StackFile
from stackyard.estate import documents
from stackyard.model.diagnostics import Diagnostic, error
from stackyard.model.estates import Stack
from stackyard.model.resources import EMPTY

CONFIG: Final = "pulumiConfig"
VARIABLES: Final = "environmentVariables"
FILES: Final = "files"
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")


@dataclasses.dataclass(frozen=True, slots=True)
class Consumed:
    """What environments come to for one stack.

    config     values by full key
    variables  environment variables of the program
    files      contents by the name of the variable that is to hold the file's path
    """

    config: Mapping[str, Value] = EMPTY
    variables: Mapping[str, Value] = EMPTY
    files: Mapping[str, Value] = EMPTY


def root_of(stack: Stack) -> Path:
    """The estate's root: the folder that positions are relative to."""
    project = stack.project
    depth = len(PurePosixPath(project.position.path).parts) if project.position else 1
    return project.path.parents[depth - 2] if depth > 1 else project.path


def imports_of(stack: Stack, found: list[Diagnostic]) -> tuple[Import, ...]:
    """The environments that the manifest gives a stack; faults go to `found`. Its file's own are in the file."""
    listed = []
    for name, position in stack.environments:
        if syntax.is_name(name):
            listed.append(Import(name, position))
        else:
            hint = f"it names a file below {syntax.FOLDER}/, such as base or stages/production"
            found.append(error(f"{name!r} cannot be the name of an environment", hint=hint, position=position))
    return tuple(listed)


def consume(stack: Stack, file: StackFile, library: Library) -> Consumed:
    """The environments of a stack, evaluated. Faults gather in `library.found`."""
    if file.environment is None and not stack.environments:
        return Consumed()
    imports = imports_of(stack, library.found)
    last = _in_place(file.environment) if file.environment is not None else None
    value = library.compose(imports, last)
    fields = (value.fields if value is not None else None) or {}
    return Consumed(
        dict(_config(fields.get(CONFIG), stack, library.found)),
        dict(_texts(VARIABLES, fields.get(VARIABLES), library.found)),
        dict(_texts(FILES, fields.get(FILES), library.found)),
    )


def _in_place(node: documents.Node) -> syntax.Definition:
    if node.kind in ("mapping", "list"):
        return syntax.definition(node)
    hint = "write a list: `environment: [base]`"
    fault = error(f"environment must be a list, not a {node.kind}", hint=hint, position=node.position)
    return syntax.Definition(node.position, diagnostics=(fault,))


def _config(value: Value | None, stack: Stack, found: list[Diagnostic]) -> Iterator[tuple[str, Value]]:
    if value is None or (value.missing and value.fields is None):
        return
    if value.fields is None:
        found.append(error(f"{CONFIG} must be a mapping", position=value.position))
        return
    for text, each in value.fields.items():
        try:
            yield stack_files.full_key(text, stack.project.name), each
        except ValueError as fault:
            found.append(error(str(fault), position=each.position))


def _texts(name: str, value: Value | None, found: list[Diagnostic]) -> Iterator[tuple[str, Value]]:
    if value is None or (value.missing and value.fields is None):
        return
    if value.fields is None:
        found.append(error(f"{name} must be a mapping", position=value.position))
        return
    for key, each in value.fields.items():
        if not _VARIABLE.fullmatch(key):
            hint = "use letters, digits and '_', and no digit first"
            found.append(error(f"{key!r} cannot be a variable's name", hint=hint, position=each.position))
        elif isinstance(each.data, dict | list):
            found.append(error(f"{name}.{key} must be text", hint="use fn::toJSON", position=each.position))
        elif "\0" in text_of(each):
            found.append(error(f"{name}.{key} holds a NUL character", position=each.position))
        elif each.missing is None:
            yield key, each
