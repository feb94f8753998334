"""What programs of an estate say twice: resources, code, configuration. Read from their files; nothing is run.

A resource is said twice when two programs write the same constructor call, whatever its layout; code when they have
the same function or class; configuration when the same key has the same value in two places. Modules that programs
share are no program's own, so they count once.
"""

from __future__ import annotations

import ast
import dataclasses
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from stackyard.config import stack_files
from stackyard.config.environments import syntax
from stackyard.estate import files
from stackyard.estate.documents import Node
from stackyard.estate.walking import PRUNED
from stackyard.kit import syntaxtrees
from stackyard.model.estates import Estate, Project

_LEAST_LINES: Final = 3
_FILES_LIMIT: Final = 2000
_SKIPPED: Final = frozenset({*PRUNED, "tests", "test"})


@dataclasses.dataclass(frozen=True, slots=True)
class Share:
    """How much there is of something, and how much of it says again what another place says."""

    said: int = 0
    again: int = 0

    def __add__(self, other: Share) -> Share:
        return Share(self.said + other.said, self.again + other.again)


@dataclasses.dataclass(frozen=True, slots=True)
class Duplication:
    """One program's part, or the whole: resource declarations, lines of functions and classes, config values."""

    name: str
    resources: Share = Share()
    lines: Share = Share()
    config: Share = Share()


def measure(estate: Estate) -> tuple[Duplication, ...]:
    """Every project with a Python program or configuration, by name; then the environments, then the whole.

    The first place that says something counts as said, each further one as said again, in the order of the list.
    """
    nested = {project.path for project in estate.projects}
    seen: dict[str, set[object]] = {"resources": set(), "lines": set(), "config": set()}
    found: list[Duplication] = []
    for project in sorted(estate.projects, key=lambda each: each.name):
        definitions = list(_definitions(_sources(project, nested - {project.path})))
        found.append(
            Duplication(
                project.name,
                _share(((text, 1) for kind, text, _ in definitions if kind == "resource"), seen["resources"]),
                _share(((text, lines) for kind, text, lines in definitions if kind == "code"), seen["lines"]),
                _share(((pair, 1) for pair in _configuration(estate, project)), seen["config"]),
            )
        )
    if environments := list(_environments(estate)):
        found.append(Duplication(syntax.FOLDER, config=_share(((each, 1) for each in environments), seen["config"])))
    return (*found, _total(found))


def _total(found: Iterable[Duplication]) -> Duplication:
    total = Duplication("all")
    for each in found:
        total = Duplication(
            "all", total.resources + each.resources, total.lines + each.lines, total.config + each.config
        )
    return total


def _share(found: Iterable[tuple[object, int]], seen: set[object]) -> Share:
    """What is said, and said again: here before, or in what was looked at before."""
    total = Share()
    for text, weight in found:
        total += Share(weight, weight if text in seen else 0)
        seen.add(text)
    return total


def _sources(project: Project, others: set[Path]) -> Iterator[Path]:
    """The program's own Python files, without its tests and what belongs to another project."""
    if project.runtime != "python":
        return
    count = 0
    for folder, directories, names in os.walk(project.path, followlinks=False):
        directories[:] = sorted(
            each
            for each in directories
            if each not in _SKIPPED and not each.startswith(".") and Path(folder, each) not in others
        )
        for name in sorted(names):
            if name.endswith(".py") and count < _FILES_LIMIT:
                count += 1
                yield Path(folder, name)


def _definitions(paths: Iterable[Path]) -> Iterator[tuple[str, str, int]]:
    """Resources, and functions and classes, of sources that can be read: kind, a normal form, lines."""
    for path in paths:
        try:
            tree = syntaxtrees.parse(files.read(path))
        except (files.Refused, SyntaxError, ValueError, RecursionError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _is_resource(node):
                yield "resource", ast.dump(node), 1
        for each in tree.body:
            lines = (each.end_lineno or each.lineno) - each.lineno + 1
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and lines >= _LEAST_LINES:
                yield "code", ast.dump(each), lines


def _is_resource(call: ast.Call) -> bool:
    """Whether it makes a resource, as far as can be seen: `Class("name", …)`, `package.module.Class("name", …)`."""
    function, first = call.func, call.args[0] if call.args else None
    name = (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )
    named = isinstance(first, ast.JoinedStr) or (isinstance(first, ast.Constant) and isinstance(first.value, str))
    known = not name.endswith(("Args", "Options", "Path", "Reference", "Error", "Exception"))
    return name[:1].isupper() and named and known and (len(call.args) > 1 or bool(call.keywords))


def _configuration(estate: Estate, project: Project) -> Iterator[tuple[str, str]]:
    """What the project's stack files say, by bare key; secrets differ each time they are written."""
    for stack in estate.stacks:
        if stack.project.name == project.name:
            for entry in stack_files.read(stack).config:
                yield from _leaves(entry.key.removeprefix(f"{project.name}:"), entry.node)


def _environments(estate: Estate) -> Iterator[tuple[str, str]]:
    """What the environments' own `pulumiConfig` say; what is interpolated is said where it is written."""
    for name in syntax.names(estate.root):
        made = syntax.read(estate.root, name)
        config = made.values.fields.get("pulumiConfig") if made and made.values and made.values.fields else None
        for key, node in (config.fields or {}).items() if config else ():
            own = {project.name for project in estate.projects}
            prefix, colon, bare = key.partition(":")
            yield from _leaves(bare if colon and prefix in own else key, node)


def _leaves(key: str, node: Node) -> Iterator[tuple[str, str]]:
    if stack_files.ciphertext(node) is not None or "${" in node.text:
        return
    if node.fields is not None:
        for name, below in node.fields.items():
            yield from _leaves(f"{key}.{name}", below)
    elif node.items is not None:
        yield key, str(node.plain())
    else:
        yield key, node.text
