"""Small estates as data, for tests of the graph and of selections."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from stackyard.errors import Position
from stackyard.model.estates import Estate, Evidence, EvidenceKind, Layer, Project, Reference, Stack
from stackyard.model.names import StackName

ROOT = Path("/estate")


def name(short: str) -> StackName:
    return StackName.parse(short, organization="acme")


def reference(
    reader: str, target: str, kind: EvidenceKind = EvidenceKind.EVALUATED, *, line: int = 1, conditional: bool = False
) -> Reference:
    position = None if kind is EvidenceKind.RECORDED else Position(f"{reader.partition('/')[0]}/__main__.py", line, 1)
    return Reference(name(reader), name(target), (Evidence(kind, position, conditional),))


def estate(
    stacks: Iterable[str],
    declared: Iterable[Reference] = (),
    *,
    layers: Mapping[str, str] | None = None,
    tags: Mapping[str, tuple[str, ...]] | None = None,
    entries: Mapping[str, str] | None = None,
) -> Estate:
    """An estate of `project/stack` names; `layers` and `tags` are by project, `entries` by stack."""
    layers, tags, entries = layers or {}, tags or {}, entries or {}
    order = [Layer(each, index) for index, each in enumerate(dict.fromkeys(layers.values()))]
    projects: dict[str, Project] = {}
    found = []
    for short in stacks:
        own = name(short)
        project = projects.setdefault(
            own.project,
            Project(own.project, ROOT / "apps" / own.project, layer=layers.get(own.project, "")),
        )
        found.append(
            Stack(own, project, project.path, tags=tags.get(own.project, ()), fleet_entry=entries.get(short, ""))
        )
    return Estate(
        ROOT,
        "acme",
        layers=tuple(order),
        projects=tuple(projects.values()),
        stacks=tuple(found),
        declared=tuple(declared),
    )
