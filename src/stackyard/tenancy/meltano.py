"""What a project's `meltano.yml` says, as far as an activated environment needs it, and every fault of it.

Read without Meltano and without its hub: nothing of the project is run, no network is asked. Source of the format:
Meltano 4's documentation of `meltano.yml`. Keys that are of no concern here are left alone.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from stackyard.errors import Position
from stackyard.estate import documents
from stackyard.estate.documents import Node
from stackyard.model.diagnostics import Diagnostic, Severity, error, warning
from stackyard.model.resources import EMPTY
from stackyard.tenancy import crontab

KINDS: Final = ("extractors", "loaders", "mappers", "transformers", "utilities")
_UNUSED_KINDS: Final = ("orchestrators", "transforms", "files")
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_VERSION: Final = r"(===|==|~=|!=|<=|>=|<|>)[A-Za-z0-9.*+!_-]{1,64}"
_REQUIREMENT: Final = re.compile(
    rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,127}}(\[[A-Za-z0-9._,-]{{1,128}}\])?({_VERSION}(,{_VERSION})*)?"
)
_INLINE: Final = "declare it inline with `namespace` and `pip_url`: runs do not ask Meltano's hub"

Included = Callable[[str], Mapping[str, str]]


@dataclasses.dataclass(frozen=True, slots=True)
class Plugin:
    """A plugin as declared; `pip_url` and `executable` are its own or what it inherits. `home` names its folder."""

    kind: str
    name: str
    variant: str = ""
    inherit_from: str = ""
    namespace: str = ""
    pip_url: str = ""
    executable: str = ""
    home: str = ""
    position: Position | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Environment:
    """A Meltano environment. `overrides` maps a plugin's name to the settings that this environment gives it."""

    name: str
    overrides: Mapping[str, Mapping[str, Any]] = EMPTY
    position: Position | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Job:
    """A named list of what `meltano run` is given, each a plugin or several separated by spaces."""

    name: str
    tasks: tuple[str, ...]
    position: Position | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Schedule:
    """`jobs` is what `meltano run` is given; `cron` five fields in UTC, empty when it never fires by itself."""

    name: str
    interval: str
    cron: str
    jobs: tuple[str, ...]
    position: Position | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Manifest:
    """A `meltano.yml` with what it includes. `mappings` are the names under which mappers are used in jobs."""

    path: str
    environments: Mapping[str, Environment] = EMPTY
    plugins: tuple[Plugin, ...] = ()
    jobs: Mapping[str, Job] = EMPTY
    schedules: Mapping[str, Schedule] = EMPTY
    default_environment: str = ""
    includes: tuple[str, ...] = ()
    mappings: tuple[str, ...] = ()

    def plugin(self, name: str, kind: str = "") -> Plugin | None:
        """The plugin of that name (and kind, when given)."""
        return next((each for each in self.plugins if each.name == name and kind in ("", each.kind)), None)


def read(text: str, path: str, included: Included | None = None) -> tuple[Manifest | None, tuple[Diagnostic, ...]]:
    """The manifest that `text` says, or None when it has an error, and all diagnostics with file and line.

    `included` gives the repository's files (path → text) that match a pattern of `include_paths`, which is relative
    to the manifest's folder; without it they are not followed, and a warning says so.
    """
    reading = _Reading()
    root = reading.document(text, path)
    names: list[str] = []
    if root is not None:
        for pattern in reading.listed(root, "include_paths"):
            names += _include(reading, pattern, path, included)
    manifest = Manifest(
        path=path,
        environments=reading.environments(),
        plugins=reading.plugins(),
        jobs=reading.jobs(),
        schedules=reading.schedules(),
        default_environment=reading.text(root, "default_environment") if root is not None else "",
        includes=tuple(names),
        mappings=tuple(name for root in reading.roots for name in _mappings(root)),
    )
    reading.check_uses(manifest)
    faults = tuple(reading.diagnostics)
    return (None if any(each.severity is Severity.ERROR for each in faults) else manifest), faults


def installed(manifest: Manifest) -> tuple[Plugin, ...]:
    """The plugins that need a virtual environment of their own, one for each folder, in order of kind and folder."""
    homes = {(each.kind, each.home): each for each in manifest.plugins if each.pip_url and each.home == each.name}
    return tuple(homes[key] for key in sorted(homes))


def lock_key(manifest: Manifest, python: str, meltano_version: str) -> str:
    """32 hex digits that name the plugins to install: equal keys mean equal installations.

    `python` is `3.11`; what does not change an installation (settings, order, other keys) does not change the key.
    """
    plugins = [[each.kind, each.home, each.pip_url.split()] for each in installed(manifest)]
    text = json.dumps(["1", python, meltano_version, plugins])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _include(reading: _Reading, pattern: Node, path: str, included: Included | None) -> list[str]:
    glob = pattern.text
    if not glob or glob.startswith("/") or ".." in glob.split("/") or "\0" in glob:
        hint = "give a path below the manifest's folder"
        reading.diagnostics.append(error(f"{glob!r} leaves the project", hint=hint, position=pattern.position))
        return []
    if included is None:
        reading.diagnostics.append(warning(f"include_paths {glob!r} is not followed here", position=pattern.position))
        return []
    found = {name: text for name, text in sorted(included(glob).items()) if name != path}
    for name, text in found.items():
        reading.document(text, name)
    return list(found)


class _Reading:
    """Faults are collected here, in the order of the text."""

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []
        self.roots: list[Node] = []

    def document(self, text: str, path: str) -> Node | None:
        document = documents.parse(text, path)
        self.diagnostics += document.diagnostics
        root = document.root
        if root is None or root.fields is None:
            if not document.diagnostics:
                self.diagnostics.append(error("is not a mapping of Meltano's keys", position=Position(path, 1)))
            return None
        self.roots.append(root)
        return root

    def fault(self, message: str, node: Node, hint: str = "") -> None:
        self.diagnostics.append(error(message, hint=hint, position=node.position))

    def listed(self, node: Node, key: str) -> list[Node]:
        """The items of a list under `key`; an absent or null one is empty."""
        value = (node.fields or {}).get(key)
        if value is None or value.kind == "null":
            return []
        if value.items is None:
            self.fault(f"{key} is a {value.kind}, not a list", value)
            return []
        return value.items

    def text(self, node: Node, key: str) -> str:
        value = (node.fields or {}).get(key)
        if value is None or value.kind == "null":
            return ""
        if value.fields is not None or value.items is not None:
            self.fault(f"{key} is a {value.kind}, not text", value)
            return ""
        return value.text

    def named(self, key: str, what: str, roots: list[Node] | None = None) -> Iterator[tuple[str, Node]]:
        """The mappings of a list that have a good name, each name once."""
        seen: dict[str, Node] = {}
        for root in self.roots if roots is None else roots:
            for item in self.listed(root, key):
                if item.fields is None or "name" not in item.fields:
                    self.fault(f"{what} without a name", item)
                    continue
                name = self.text(item, "name")
                if not _NAME.fullmatch(name):
                    self.fault(f"{name!r} cannot be the name of {what}", item.fields["name"],
                               "use letters, digits, `_`, `.` and `-`")  # fmt: skip
                elif name in seen:
                    self.fault(f"{what} {name!r} is declared twice: also at {seen[name].position}", item)
                else:
                    seen[name] = item
                    yield name, item

    def environments(self) -> dict[str, Environment]:
        return {
            name: Environment(name, self.overrides(item), item.position)
            for name, item in self.named("environments", "an environment")
        }

    def overrides(self, item: Node) -> dict[str, Mapping[str, Any]]:
        plugins = item.at("config", "plugins")
        found: dict[str, Mapping[str, Any]] = {}
        for kind in KINDS if item.fields and "config" in item.fields else ():
            for name, plugin in self.named(kind, "a plugin", [plugins]):
                config = (plugin.fields or {}).get("config")
                plain = config.plain() if config is not None else {}
                found[name] = plain if isinstance(plain, dict) else {}
        return found

    def plugins(self) -> tuple[Plugin, ...]:
        nodes: dict[tuple[str, str], Node] = {}
        sections = [root.fields["plugins"] for root in self.roots if root.fields and "plugins" in root.fields]
        for section in sections:
            if section.fields is None and section.kind != "null":
                self.fault(f"plugins is a {section.kind}, not a mapping of kinds", section)
            for kind in section.fields or {}:
                if kind not in (*KINDS, *_UNUSED_KINDS):
                    self.fault(f"{kind!r} is no kind of plugin", section.at(kind), f"kinds are {', '.join(KINDS)}")
        for kind in KINDS:
            for name, item in self.named(kind, "a plugin", sections):
                nodes[kind, name] = item
        return tuple(self.plugin(kind, name, nodes) for kind, name in nodes)

    def plugin(self, kind: str, name: str, nodes: Mapping[tuple[str, str], Node]) -> Plugin:
        item = nodes[kind, name]
        given = {key: self.text(item, key) for key in ("variant", "inherit_from", "namespace", "pip_url", "executable")}
        chain = self.ancestors(kind, name, nodes)
        for key in ("pip_url", "executable", "namespace", "variant"):
            given[key] = next((found for each in chain if (found := self.text(each, key))), "")
        own = self.text(item, "pip_url")
        home = name
        for parent in chain[1:]:
            if own and own != self.text(parent, "pip_url"):
                break
            home, own = self.text(parent, "name"), self.text(parent, "pip_url")
        self.check_plugin(kind, name, item, given)
        return Plugin(kind, name, home=home, position=item.position, **given)

    def ancestors(self, kind: str, name: str, nodes: Mapping[tuple[str, str], Node]) -> list[Node]:
        """The plugin's own node, then what it inherits from, nearest first."""
        chain, names = [nodes[kind, name]], {name}
        while parent := self.text(chain[-1], "inherit_from"):
            if parent in names:
                self.fault(f"{name} inherits from itself", chain[-1])
                break
            if (kind, parent) not in nodes:
                self.fault(f"{parent!r}, which {name} inherits from, is not among the {kind}", chain[-1], _INLINE)
                break
            names.add(parent)
            chain.append(nodes[kind, parent])
        return chain

    def check_plugin(self, kind: str, name: str, item: Node, given: Mapping[str, str]) -> None:
        if given["inherit_from"] and not (item.fields or {}).get("pip_url"):
            return  # what it inherits is checked where it is written
        what = kind.removesuffix("s") if kind != "utilities" else "utility"
        if not given["namespace"]:
            self.fault(f"{what} {name} has no namespace", item, _INLINE)
        if not given["pip_url"]:
            if kind not in ("mappers", "utilities") or not given["executable"]:
                self.fault(f"{what} {name} has no pip_url", item, _INLINE)
            return
        url = item.at("pip_url")
        if "$" in given["pip_url"]:
            self.fault("pip_url takes a variable: what is installed must be known before the run", url)
            return
        for part in given["pip_url"].split():
            if not _REQUIREMENT.fullmatch(part):
                hint = "name packages as in `tap-x==1.2.3`; sources, URLs and options are not installed"
                self.fault(f"{part!r} is no requirement of the package index", url, hint)
            elif "==" not in part or "*" in part:
                message = f"{part} is not pinned: the version is the newest of the day it is first installed"
                self.diagnostics.append(warning(message, hint="pin it with ==", position=url.position))
        if "python" in (item.fields or {}):
            self.fault(f"{name} asks for a Python of its own", item.at("python"), "runs have one Python; remove it")

    def jobs(self) -> dict[str, Job]:
        found = {}
        for name, item in self.named("jobs", "a job"):
            tasks: list[str] = []
            for task in self.listed(item, "tasks"):
                tasks.append(" ".join(each.text for each in task.items) if task.items is not None else task.text)
            if not tasks:
                self.fault(f"job {name} has no tasks", item)
            found[name] = Job(name, tuple(tasks), item.position)
        return found

    def schedules(self) -> dict[str, Schedule]:
        found = {}
        for name, item in self.named("schedules", "a schedule"):
            interval, cron = self.text(item, "interval"), ""
            try:
                cron = crontab.cron(interval)
            except crontab.IntervalError as fault:
                self.fault(str(fault), item.at("interval"))
            found[name] = Schedule(name, interval, cron, self.scheduled(name, item), item.position)
        return found

    def scheduled(self, name: str, item: Node) -> tuple[str, ...]:
        """What the schedule gives to `meltano run`."""
        if job := self.text(item, "job"):
            return (job,)
        extractor, loader = self.text(item, "extractor"), self.text(item, "loader")
        if not (extractor and loader):
            self.fault(f"schedule {name} names no job, and no extractor with a loader", item)
            return ()
        if self.text(item, "transform") not in ("", "skip"):
            self.fault(f"schedule {name} transforms", item.at("transform"), "write a job with the transformer's task")
        return (extractor, loader)

    def check_uses(self, manifest: Manifest) -> None:
        """Names that jobs, schedules and the default environment use must exist."""
        plugins = {each.name for each in manifest.plugins}
        for job in manifest.jobs.values():
            for word in (word for task in job.tasks for word in task.split()):
                known = word.partition(":")[0] in plugins or word in manifest.mappings
                if not known:
                    message = f"job {job.name} runs {word!r}, which is no plugin here"
                    self.diagnostics.append(error(message, position=job.position))
        for schedule in manifest.schedules.values():
            for word in schedule.jobs:
                if word not in manifest.jobs and word not in plugins:
                    message = f"schedule {schedule.name} runs {word!r}, which is no job or plugin here"
                    self.diagnostics.append(error(message, position=schedule.position))
        wanted = manifest.default_environment
        if wanted and wanted not in manifest.environments:
            position = self.roots[0].at("default_environment").position
            self.diagnostics.append(error(f"there is no environment {wanted!r}", position=position))


def _mappings(root: Node) -> Iterator[str]:
    """The names under which mappers' mappings are used in jobs."""
    for mapper in root.at("plugins", "mappers").items or ():
        for mapping in mapper.at("mappings").items or ():
            yield mapping.at("name").text
