"""Reads resource types out of an installed Pulumi SDK, as text: nothing of it is imported or run.

The layout is what `pulumi-language-python` generates: the package's `__init__` registers each token with a
module and a class; `<Class>Args` tells the inputs, the class itself the outputs.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib.machinery
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from stackyard.kit import syntaxtrees
from stackyard.providers.schemas import Field, Kind, Schema

_PREFIXES: Final = ("pulumi_", "pulumiverse_", "")
_REPLACES: Final = re.compile(
    r"forces? (a )?(new|replace|re-?creat)|creates? a new resource|force a new", re.IGNORECASE
)
_SCALARS: Final = {"str": Kind.STRING, "int": Kind.INTEGER, "float": Kind.NUMBER, "bool": Kind.BOOLEAN}
_WRAPPERS: Final = {"Input", "Output", "Awaitable"}
_FILES: Final = {"Asset", "Archive"}


@dataclasses.dataclass(frozen=True, slots=True)
class ResourceType:
    """What an SDK says of one type. An output that may be absent is not `required`."""

    inputs: Schema
    outputs: Schema


@dataclasses.dataclass(frozen=True, slots=True)
class Package:
    """One installed SDK: the folder of its Python package."""

    name: str
    folder: Path

    def resource(self, token: str) -> ResourceType | None:
        """The type behind a token, or None when the SDK registers no such token."""
        return _resource(self.folder, token)


def find(package: str, search: tuple[str, ...]) -> Package | None:
    """The SDK of a Pulumi package in the folders of `search` (as in `sys.path`), or None."""
    for prefix in _PREFIXES:
        name = prefix + package.replace("-", "_")
        spec = importlib.machinery.PathFinder.find_spec(name, list(search))
        origin = Path(spec.origin) if spec and spec.origin else None
        if origin and origin.name == "__init__.py" and (prefix or (origin.parent / "pulumi-plugin.json").exists()):
            return Package(name, origin.parent)
    return None


@functools.lru_cache(maxsize=4096)
def _resource(folder: Path, token: str) -> ResourceType | None:
    text = _text(folder / "__init__.py")
    match = re.search(rf'"{re.escape(token)}":\s*"(\w+)"', text)
    if not match:
        return None
    module = text.rfind('"fqn": "', 0, match.start())
    fqn = text[module + len('"fqn": "') :].partition('"')[0]
    where = folder.parent.joinpath(*fqn.split("."))
    path = _file_of(where, match[1])
    if path is None:
        return None
    outputs = _properties(path, match[1], where)
    inputs = _properties(path, f"{match[1]}Args", where)
    return ResourceType(inputs, {name: field for name, field in outputs.items() if name not in {"id", "urn"}})


@functools.lru_cache(maxsize=64)
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _file_of(folder: Path, name: str) -> Path | None:
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    likely = (folder / f"{snake}.py", folder / f"{name}.py")
    paths = [path for path in likely if path.exists()] or sorted(folder.glob("*.py"))
    return next((path for path in paths if re.search(rf"^class {name}\(pulumi\.", _text(path), re.MULTILINE)), None)


def _class(path: Path, name: str) -> ast.ClassDef | None:
    """One class of a file that may be megabytes long: only its own lines are parsed."""
    text = _text(path)
    start = re.search(rf"^class {re.escape(name)}\b.*:$", text, re.MULTILINE)
    if not start:
        return None
    end = re.compile(r"^[^\s#)]", re.MULTILINE).search(text, start.end())
    tree = syntaxtrees.parse(text[start.start() : end.start() if end else len(text)])
    body = tree.body[0]
    return body if isinstance(body, ast.ClassDef) else None


@functools.lru_cache(maxsize=4096)
def _properties(path: Path, name: str, folder: Path) -> Schema:
    """The properties of a class by their wire names."""
    definition = _class(path, name)
    if definition is None:
        return {}
    required = _required(definition)
    found: dict[str, Field] = {}
    for member in definition.body:
        wire = _wire_name(member)
        if isinstance(member, ast.FunctionDef) and wire:
            field, optional = _field(member.returns, folder)
            needed = member.name in required if required is not None else not optional
            replaces = bool(_REPLACES.search(ast.get_docstring(member) or ""))
            found[wire] = dataclasses.replace(field, required=needed, replaces=replaces)
    return found


def _required(definition: ast.ClassDef) -> frozenset[str] | None:
    """The arguments of an input class that have no default; None for a resource class."""
    if definition.bases and not isinstance(definition.bases[0], ast.Name):
        return None
    for member in definition.body:
        if isinstance(member, ast.FunctionDef) and member.name == "__init__":
            pairs = zip(member.args.kwonlyargs, member.args.kw_defaults, strict=True)
            return frozenset(argument.arg for argument, default in pairs if default is None)
    return frozenset()


def _wire_name(member: ast.stmt) -> str:
    """`getter(name="queueUrl")` gives `queueUrl`, a plain getter the function's name, anything else nothing."""
    if not isinstance(member, ast.FunctionDef):
        return ""
    for decorator in member.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else None
        target = call.func if call else decorator
        if isinstance(target, ast.Attribute) and target.attr == "getter":
            named = [word.value for word in call.keywords if word.arg == "name"] if call else []
            constant = named[0] if named else None
            return str(constant.value) if isinstance(constant, ast.Constant) else member.name
    return ""


def _field(annotation: ast.expr | None, folder: Path) -> tuple[Field, bool]:
    """The field an annotation describes, and whether it may be absent."""
    if isinstance(annotation, ast.Subscript):
        outer = _last_name(annotation.value)
        if outer in _WRAPPERS:
            return _field(annotation.slice, folder)
        if outer == "Optional":
            return _field(annotation.slice, folder)[0], True
        if outer in {"Sequence", "List", "list"}:
            return Field(Kind.LIST, items=_field(annotation.slice, folder)[0]), False
        if outer in {"Mapping", "Dict", "dict"} and isinstance(annotation.slice, ast.Tuple):
            return Field(Kind.MAP, items=_field(annotation.slice.elts[1], folder)[0]), False
        if outer == "Union" and isinstance(annotation.slice, ast.Tuple):
            return _union(annotation.slice.elts, folder), False
        return Field(), False
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return _object(annotation.value, folder), False
    return Field(_SCALARS.get(_last_name(annotation), _file_kind(annotation))), False


def _file_kind(annotation: ast.expr | None) -> Kind:
    return Kind.ASSET if _last_name(annotation) in _FILES else Kind.ANY


def _last_name(expression: ast.expr | None) -> str:
    if isinstance(expression, ast.Attribute):
        return expression.attr
    return expression.id if isinstance(expression, ast.Name) else ""


def _union(members: list[ast.expr], folder: Path) -> Field:
    """`XArgs | XArgsDict` is one object, assets and archives are one kind; any other choice is left unchecked."""
    texts = [m.value for m in members if isinstance(m, ast.Constant) and isinstance(m.value, str)]
    if len(texts) == len(members) == 2 and texts[1] == f"{texts[0]}Dict":
        return _object(texts[0], folder)
    if all(_last_name(member) in _FILES for member in members):
        return Field(Kind.ASSET)
    return Field()


def _object(name: str, folder: Path) -> Field:
    """A class named in quotes: `XArgs`, `outputs.X`. Enums and classes of other modules are left unchecked."""
    module, _, short = name.rpartition(".")
    if module not in {"", "outputs"} or (not module and not short.endswith("Args")):
        return Field()
    path = folder / ("outputs.py" if module else "_inputs.py")
    return Field(Kind.OBJECT, fields=lambda: _nested(path, short, folder))


def _nested(path: Path, name: str, folder: Path) -> Mapping[str, Field]:
    found = _properties(path, name, folder)
    if path.name != "outputs.py":
        return found
    return {name: dataclasses.replace(field, replaces=False) for name, field in found.items()}
