"""An estate as data: layers, projects, stacks, and the references between stacks."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stackyard.errors import Position
from stackyard.model.names import StackName
from stackyard.model.resources import EMPTY


@dataclasses.dataclass(frozen=True, slots=True)
class Layer:
    """An ordered band of projects; `order` 0 is the lowest. `paths` are globs of project folders."""

    name: str
    order: int
    paths: tuple[str, ...] = ()
    position: Position | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Fleet:
    """One project deployed once per file of a registry folder, or once per item of each file.

    `registry` is a folder relative to the estate's root; each `*.yaml` in it is an entry, named by its stem.
    `stack` is a pattern such as `{entry}.Production`. `config` are config values given to each stack, in
    which `{entry}` and `{entry_path}` are replaced. `own_accounts`: each entry is of an organization with an account
    of its own, named by the entry up to its first dot. `each` names a mapping in the files: there is a stack for
    each of its keys, which replaces `{item}`.
    """

    project: str
    registry: str
    stack: str = "{entry}"
    config: Mapping[str, str] = EMPTY
    position: Position | None = None
    own_accounts: bool = False
    each: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Project:
    """One program on disk. `path` is its folder, absolute; `config` is the project file's config section.

    `runtime` is `python`, `nodejs`, `go`, `yaml`; `runtime_options` are the rest of that section.
    `main` is the program's folder or file, relative to `path`, empty for `path` itself.
    """

    name: str
    path: Path
    engine: str = "embedded"
    layer: str = ""
    runtime: str = "python"
    runtime_options: Mapping[str, Any] = EMPTY
    main: str = ""
    description: str = ""
    backend_url: str = ""
    config: Mapping[str, Any] = EMPTY
    stack_config_dir: str = ""
    tags: tuple[str, ...] = ()
    packages: Mapping[str, Any] = EMPTY
    position: Position | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Stack:
    """One deployable instance of a project, the node of the graph.

    `cloud` is `embedded` or `aws`. `config_path` is its `Pulumi.<stack>.yaml`, which need not exist.
    `fleet_entry` names the registry entry of a fleet's stack, `fleet_item` the item in it, if the fleet is by item;
    `fleet_config` is what the fleet gives it, and `fleet_position` is where the manifest says so.
    `tenant` is the organization whose account its resources live in, empty for the estate's own.
    `environments` are the configuration environments that the manifest gives it, and where it says so.
    """

    name: StackName
    project: Project
    config_path: Path
    cloud: str = "embedded"
    tags: tuple[str, ...] = ()
    fleet_entry: str = ""
    fleet_config: Mapping[str, str] = EMPTY
    tenant: str = ""
    fleet_position: Position | None = None
    fleet_item: str = ""
    environments: tuple[tuple[str, Position], ...] = ()

    @property
    def layer(self) -> str:
        return self.project.layer


class EvidenceKind(enum.StrEnum):
    """How we know that one stack reads another."""

    DECLARED = "declared"
    EVALUATED = "evaluated"
    RECORDED = "recorded"


@dataclasses.dataclass(frozen=True, slots=True)
class OutputRead:
    """One output that a program reads of another stack, and where. `required`: it fails when the output is missing."""

    key: str
    position: Position | None = None
    required: bool = False
    conditional: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Evidence:
    """One reason for an edge: where it stands, whether it is conditional, and which output keys are read.

    `keys` may be `*` for all of them; `reads` are the single reads whose key is known.
    """

    kind: EvidenceKind
    position: Position | None = None
    conditional: bool = False
    keys: tuple[str, ...] = ()
    reads: tuple[OutputRead, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Reference:
    """The edge of the graph: `reader` reads outputs of `target`. `external`: the target is not in the estate."""

    reader: StackName
    target: StackName
    evidence: tuple[Evidence, ...]
    external: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Estate:
    """Everything that was discovered. `root` is absolute; `manifest` is None for a folder without one.

    `sources` are folders, relative to `root`, that programs import shared modules from.
    """

    root: Path
    organization: str
    manifest: Path | None = None
    backend_url: str = ""
    account: str = ""
    layers: tuple[Layer, ...] = ()
    projects: tuple[Project, ...] = ()
    fleets: tuple[Fleet, ...] = ()
    stacks: tuple[Stack, ...] = ()
    declared: tuple[Reference, ...] = ()
    sources: tuple[str, ...] = ()

    def stack(self, name: StackName) -> Stack | None:
        """The stack of that name, if it is in the estate."""
        return next((stack for stack in self.stacks if stack.name == name), None)
