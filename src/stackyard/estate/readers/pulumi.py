"""Pulumi projects: `Pulumi.yaml` and `Pulumi.<stack>.yaml` (pulumi/pulumi sdk/go/common/workspace/project.go)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from stackyard.errors import Position
from stackyard.estate import documents, files, schema
from stackyard.estate.documents import Node
from stackyard.estate.readers.base import ReadProject, StackFile
from stackyard.model import names
from stackyard.model.diagnostics import Diagnostic, error
from stackyard.model.estates import Project

_EXTENSIONS: Final = (".yaml", ".yml")
_ANY_MAPPING: Final = {"type": ["object", "null"]}
_TEXT: Final = {"type": ["string", "null"]}
# Only what we read is checked: the format is Pulumi's and gains keys without asking us.
_SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "required": ["name", "runtime"],
    "properties": {
        "name": {
            "description": "at most 100 letters, digits, '_', '-' and '.'",
            "type": "string",
            "pattern": "^[A-Za-z0-9_.-]{1,100}$",
        },
        "runtime": {
            "description": "a language such as python, or {name: python, options: {...}}",
            "type": ["string", "object"],
            "minLength": 1,
            "properties": {"name": {"type": "string", "minLength": 1}, "options": _ANY_MAPPING},
            "required": ["name"],
        },
        "main": _TEXT,
        "description": _TEXT,
        "config": {"type": ["object", "string", "null"]},
        "stackConfigDir": _TEXT,
        "backend": {"type": ["object", "null"], "properties": {"url": _TEXT}},
        "packages": _ANY_MAPPING,
    },
}


class PulumiReader:
    """Reads Pulumi projects of every language."""

    tool: str = "pulumi"
    files: Sequence[str] = ("Pulumi.yaml", "Pulumi.yml")

    def concerns(self, name: str) -> bool:
        """Whether a file of this name is to be listed at all."""
        return name.startswith("Pulumi.") and name.endswith(_EXTENSIONS)

    def project(self, text: str, folder: Path, path: str) -> ReadProject:
        """Read `Pulumi.yaml`."""
        document = documents.parse(text, path)
        found = list(document.diagnostics)
        root = document.root
        if root is None:
            empty = () if found else (error("the project file is empty", hint=_MINIMUM, position=Position(path)),)
            return ReadProject(None, (*found, *empty))
        data = schema.read(root, _SCHEMA, found.append)
        if data is schema.OMITTED or not {"name", "runtime"} <= data.keys():
            return ReadProject(None, tuple(found))
        found += _strays(root, folder)
        return ReadProject(_project(data, root, folder), tuple(found))

    def stack_files(self, listing: Sequence[str]) -> Sequence[StackFile]:
        """`Pulumi.QA.yaml` says that there is a stack QA."""
        return [
            StackFile(name[len("Pulumi.") : name.rindex(".")], name)
            for name in sorted(listing)
            if self.concerns(name) and name not in self.files
        ]

    def stack_file(self, project: Project, stack: str) -> Path:
        """`Pulumi.<stack>.yaml` in the project's folder, or in its `stackConfigDir`."""
        return project.path / project.stack_config_dir / f"Pulumi.{stack}.yaml"


_MINIMUM: Final = "it needs `name: ...` and `runtime: python`"


def _project(data: Mapping[str, Any], root: Node, folder: Path) -> Project:
    runtime = data["runtime"]
    options = (runtime.get("options") or {}) if isinstance(runtime, dict) else {}
    config = data.get("config")
    return Project(
        name=data["name"],
        path=folder,
        runtime=runtime["name"] if isinstance(runtime, dict) else runtime,
        runtime_options=options,
        main=_within(folder, data.get("main")),
        description=data.get("description") or "",
        backend_url=(data.get("backend") or {}).get("url") or "",
        # A `config` that is text is an old spelling of `stackConfigDir` (project.go, StackConfigDir).
        config=config if isinstance(config, dict) else {},
        stack_config_dir=_within(folder, data.get("stackConfigDir") or (config if isinstance(config, str) else "")),
        packages=data.get("packages") or {},
        position=root.at("name").position,
    )


def _within(folder: Path, relative: str | None) -> str:
    """`relative` when it stays inside the project, else nothing; `_strays` has the fault."""
    text = (relative or "").removeprefix("./").strip("/") if not (relative or "").startswith("/") else ""
    return text if text not in ("", ".") and files.inside(folder, text) else ""


def _strays(root: Node, folder: Path) -> list[Diagnostic]:
    """Folders and names that leave the project: pulumi refuses them for `main`, and so do we for all."""
    found = []
    for key in ("main", "stackConfigDir", "config"):
        node = root.at(key)
        if node is root or node.kind != "string" or node.text in ("", ".", "./"):
            continue
        if files.inside(folder, node.text) is None:
            hint = "name a folder below the project, and no symbolic link"
            found.append(error(f"{key} {node.text!r} leaves the project's folder", hint=hint, position=node.position))
    name = root.at("name")
    if name.text in (".", ".."):
        found.append(error(f"{name.text!r} cannot be a name", hint="use letters", position=name.position))
    return found


def checked_stack(stack: str, position: Position) -> Diagnostic | None:
    """The fault of a stack's name, if it has one."""
    if names.is_name(stack):
        return None
    hint = "use at most 100 letters, digits, '_', '-' and '.'"
    return error(f"{stack!r} cannot be the name of a stack", hint=hint, position=position)
