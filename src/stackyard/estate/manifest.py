"""`stackyard.yaml`: what one estate is made of. Its shape is `stackyard.schema.json`, by which it is read."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Final

from stackyard.errors import Position
from stackyard.estate import documents, files, schema
from stackyard.estate.documents import Node
from stackyard.kit import globs
from stackyard.model import names
from stackyard.model.diagnostics import Diagnostic, error
from stackyard.model.estates import Fleet, Layer
from stackyard.model.resources import EMPTY

FILE: Final = "stackyard.yaml"


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """Settings of the stacks that `pattern` (project/stack or a glob of it) names. `cloud` empty: not set here.

    `environments` are bundles of configuration values by name, the later over the earlier.
    """

    pattern: str
    cloud: str = ""
    tags: tuple[str, ...] = ()
    depends_on: tuple[tuple[str, Position], ...] = ()
    position: Position | None = None
    environments: tuple[tuple[str, Position], ...] = ()

    def names(self, short: str) -> bool:
        """Whether the stack `short` (project/stack) is meant."""
        return globs.matches(self.pattern, short)


@dataclasses.dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest as read. Globs are of folders relative to the root and cover what is below them.

    `engines`, `tags` and `layer_tags` map a name to globs, a tag to globs, a layer to its tags.
    """

    organization: str = names.DEFAULT_ORGANIZATION
    account: str = ""
    backend_url: str = ""
    engines: Mapping[str, tuple[str, ...]] = EMPTY
    layers: tuple[Layer, ...] = ()
    layer_tags: Mapping[str, tuple[str, ...]] = EMPTY
    paths: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    fleets: tuple[Fleet, ...] = ()
    rules: tuple[Rule, ...] = ()
    tags: Mapping[str, tuple[str, ...]] = EMPTY

    def engine(self, folder: str) -> str:
        """The engine of the project in `folder`."""
        return next((name for name, paths in self.engines.items() if _covered(paths, folder)), "embedded")

    def layer(self, folder: str) -> str:
        """The layer of the project in `folder`, empty when it is in none. The first that names it wins."""
        return next((layer.name for layer in self.layers if _covered(layer.paths, folder)), "")

    def project_tags(self, folder: str) -> tuple[str, ...]:
        """The tags of the project in `folder`, its layer's included, sorted."""
        own = {tag for tag, paths in self.tags.items() if _covered(paths, folder)}
        return tuple(sorted(own.union(self.layer_tags.get(self.layer(folder), ()))))

    def looks_into(self, folder: str) -> bool:
        """Whether a project in `folder` belongs to the estate, as far as `discovery.paths` says."""
        return not self.paths or _covered(self.paths, folder)

    def ignores(self, folder: str) -> bool:
        """Whether `folder` and all below it is left out."""
        return _covered(self.ignore, folder)


def _covered(patterns: tuple[str, ...], folder: str) -> bool:
    return any(globs.covers(pattern, folder) for pattern in patterns)


@functools.cache
def published_schema() -> Mapping[str, Any]:
    """The JSON Schema of the manifest, as shipped."""
    text = resources.files("stackyard.estate").joinpath("stackyard.schema.json").read_text(encoding="utf-8")
    loaded: Mapping[str, Any] = json.loads(text)
    return loaded


def read(file: Path, path: str) -> tuple[Manifest, tuple[Diagnostic, ...]]:
    """Read a manifest file; `path` is how positions name it. Faulty parts are reported and left out."""
    try:
        text = files.read(file)
    except files.Refused as refusal:
        return Manifest(), (error(refusal.message, hint=refusal.hint, position=Position(path)),)
    return parse(text, path)


def parse(text: str, path: str) -> tuple[Manifest, tuple[Diagnostic, ...]]:
    """Read a manifest's text."""
    document = documents.parse(text, path)
    found = list(document.diagnostics)
    if document.root is None or document.root.kind == "null":
        return Manifest(), tuple(found)
    data = schema.read(document.root, published_schema(), found.append)
    if data is schema.OMITTED:
        return Manifest(), tuple(found)
    found += _doubles(document.root)
    return _built(data, document.root), tuple(found)


def _built(data: Mapping[str, Any], root: Node) -> Manifest:
    discovery = data.get("discovery", {})
    whole_layers = [layer for layer in data.get("layers", ()) if "name" in layer]
    return Manifest(
        organization=data.get("organization", names.DEFAULT_ORGANIZATION),
        account=data.get("account", ""),
        backend_url=data.get("backend", {}).get("url", ""),
        engines={name: tuple(paths) for name, paths in data.get("engines", {}).items()},
        layers=tuple(
            Layer(layer["name"], order, tuple(layer.get("paths", ())), root.at("layers", order).position)
            for order, layer in enumerate(whole_layers)
        ),
        layer_tags={layer["name"]: tuple(layer.get("tags", ())) for layer in whole_layers},
        paths=tuple(discovery.get("paths", ())),
        ignore=tuple(discovery.get("ignore", ())),
        sources=tuple(discovery.get("sources", ())),
        fleets=tuple(_fleets(root)),
        rules=tuple(_rule(root, pattern, rule) for pattern, rule in data.get("stacks", {}).items()),
        tags={tag: tuple(paths) for tag, paths in data.get("tags", {}).items()},
    )


def _fleets(root: Node) -> list[Fleet]:
    """The fleets that are whole, read again one by one so that each keeps its own position."""
    rule = published_schema()["properties"]["fleets"]["items"]
    found = []
    for node in root.at("fleets").items or ():
        faults: list[Diagnostic] = []
        data = schema.read(node, {**rule, "$defs": published_schema()["$defs"]}, faults.append)
        if not faults:
            stack, config = data.get("stack", "{entry}"), data.get("config", {})
            own = data.get("accounts") == "own"
            each = data.get("each", "")
            found.append(Fleet(data["project"], data["registry"], stack, config, node.position, own, each))
    return found


def _rule(root: Node, pattern: str, data: Mapping[str, Any]) -> Rule:
    node = root.at("stacks", pattern)
    return Rule(
        pattern,
        data.get("cloud", ""),
        tuple(data.get("tags", ())),
        _placed(node, data, "depends_on"),
        root.at("stacks").keys.get(pattern, node.position),
        _placed(node, data, "environment"),
    )


def _placed(node: Node, data: Mapping[str, Any], key: str) -> tuple[tuple[str, Position], ...]:
    """The texts of a list and where each stands."""
    places = [item.position for item in node.at(key).items or () if item.kind == "string" and item.text]
    return tuple(zip(data.get(key, ()), places, strict=True))


def _doubles(root: Node) -> list[Diagnostic]:
    seen: dict[str, Position] = {}
    found = []
    for node in root.at("layers").items or ():
        name = node.at("name")
        if name is node or name.kind != "string":
            continue
        if name.text in seen:
            message = f"layer {name.text!r} is there twice: also on line {seen[name.text].line}"
            found.append(error(message, hint="give each layer its own name", position=name.position))
        seen.setdefault(name.text, name.position)
    return found
