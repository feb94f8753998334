"""check: everything that is wrong with an estate and can be told without running a program, in one go."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from stackyard.config import stack_files
from stackyard.estate import documents, files, schema
from stackyard.graph import contracts, graphs, references, selection
from stackyard.graph.graphs import StackGraph
from stackyard.model.diagnostics import Diagnostic, Severity, warning
from stackyard.model.estates import Estate, Project, Reference, Stack
from stackyard.model.names import StackName
from stackyard.operations.workspace import Workspace

# What Pulumi's own project file may hold (pulumi/pulumi sdk/go/common/workspace/project.json).
_PROJECT_KEYS: Final = frozenset(
    {"name", "runtime", "main", "description", "author", "website", "license", "config", "stackConfigDir", "template",
     "backend", "options", "plugins", "packages", "requiredPulumiVersion", "resources", "outputs", "variables",
     "configuration", "components", "pulumi"}
)  # fmt: skip
_STACK_KEYS: Final = frozenset({"config", "environment", "encryptionsalt", "encryptedkey", "secretsprovider"})


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """How much was looked at, and everything that was found, each once."""

    stacks: int
    references: int
    diagnostics: tuple[Diagnostic, ...]

    @property
    def exit_code(self) -> int:
        """1 when an error was found, else 0."""
        return int(any(found.severity is Severity.ERROR for found in self.diagnostics))


async def check(workspace: Workspace, select: Sequence[str] = (), exclude: Sequence[str] = ()) -> Report:
    """Check the selected stacks (default: all): their files, names, layers, cycles, references and contracts.

    Nothing is run and no secret is opened. What is wrong with the estate as a whole is told whatever is selected.
    Raises UsageError and StackNotFound for a selection that means nothing.
    """
    estate = workspace.estate
    graph = await asyncio.to_thread(_graph, workspace)
    chosen = {pick.stack.name: pick.stack for pick in selection.select(graph, select, exclude).picks}
    recorded = await _recorded(workspace, graph)
    found = [*workspace.diagnostics, *_names(estate), *_project_files(chosen.values())]
    of_graph = [*graph.diagnostics, *_strangers(graph), *contracts.of_sources(graph, recorded)]
    shorts = {name.short for name in chosen}
    found += [each for each in of_graph if not each.stack or each.stack in shorts]
    edges = sum(reference.reader in chosen for reference in graph.references)
    return Report(len(chosen), edges, tuple(dict.fromkeys(found)))


def _graph(workspace: Workspace) -> StackGraph:
    """The graph of what could be read, although other files of the estate have faults."""
    evaluation = references.evaluate(workspace.estate)
    ledger = workspace.ledger
    return graphs.build(workspace.estate, evaluation, ledger.reads(), check=False, required=ledger.needs())


async def _recorded(workspace: Workspace, graph: StackGraph) -> Mapping[StackName, Collection[str]]:
    """The outputs of stacks that are up, for those read ones whose source does not tell what they export."""
    wanted = {need.target for need in contracts.needs(graph)}
    dark = [name for name in sorted(wanted) if name not in graph.exports or graph.exports[name].open_]
    found = await asyncio.gather(*(workspace.peek(name) for name in dark))
    return {name: each.outputs.keys() for name, each in zip(dark, found, strict=True) if each and each.root}


def _strangers(graph: StackGraph) -> Iterator[Diagnostic]:
    """References to a stack that a project of this estate does not have. Other projects are nobody's business here."""
    own = {project.name for project in graph.estate.projects}
    for reference in graph.references:
        if reference.external and reference.target.project in own:
            yield _stranger(graph, reference)


def _stranger(graph: StackGraph, reference: Reference) -> Diagnostic:
    target = reference.target
    there = sorted(each.name.stack for each in graph.estate.stacks if each.name.project == target.project)
    position = next((each.position for each in reference.evidence if each.position), None)
    message = f"{reference.reader.short} reads {target}, and the project {target.project} has no such stack here"
    hint = f"it has {', '.join(there) or 'none'}"
    if target.organization != graph.estate.organization:
        hint = f"the organization of this estate is {graph.estate.organization}"
    return warning(message, hint=hint, position=position, stack=reference.reader.short)


def _names(estate: Estate) -> Iterator[Diagnostic]:
    """Names that people take for one another: they differ in case, or in `-` and `_`, only."""
    projects = {project.name: project for project in estate.projects}
    for name, others in _alike(projects):
        message = f"the project {name!r} is easily taken for {others[0]!r}"
        yield warning(message, hint=_APART, position=projects[name].position)
    stages: dict[str, Stack] = {}
    for stack in estate.stacks:
        if not stack.fleet_entry:
            stages.setdefault(stack.name.stack, stack)
    for name, others in _alike(stages):
        stack = stages[name]
        message = f"the stack {stack.name.short} is named {name!r}, and others are named {others[0]!r}"
        position = stack.project.position
        yield warning(message, hint="one name for one stage", position=position, stack=stack.name.short)


_APART: Final = "give them names that differ by more than case, '-' and '_'"


def _alike(names: Collection[str]) -> Iterator[tuple[str, list[str]]]:
    alike = collections.defaultdict(list)
    for name in names:
        alike[name.casefold().replace("-", "_")].append(name)
    for first, *others in alike.values():
        yield from ((name, [first]) for name in others)


def _project_files(stacks: Collection[Stack]) -> Iterator[Diagnostic]:
    """What Pulumi does not know in project and stack files: it ignores it, so a mistyped key is never noticed."""
    projects: dict[str, Project] = {stack.project.name: stack.project for stack in stacks}
    for project in projects.values():
        if project.position is not None:
            file = project.path / project.position.path.rpartition("/")[2]
            yield from _unknown(file, project.position.path, _PROJECT_KEYS)
    for path, shown in dict.fromkeys((stack.config_path, stack_files.shown(stack)) for stack in stacks):
        if path.is_file():
            yield from _unknown(path, shown, _STACK_KEYS)


def _unknown(path: object, shown: str, known: frozenset[str]) -> Iterator[Diagnostic]:
    try:
        document = documents.parse(files.read(str(path)), shown)
    except files.Refused:
        return  # Whoever reads the file for its meaning has said so.
    root = document.root
    for key, position in (root.keys if root is not None else {}).items():
        if key not in known:
            hint = schema.suggest(key, known) or f"known are: {', '.join(sorted(known))}"
            yield warning(f"{key!r} is no key of this file, and nobody reads it", hint=hint, position=position)
