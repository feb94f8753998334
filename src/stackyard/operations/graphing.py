"""graph and why: the graph of stacks as data, with the evidence for every edge."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from stackyard.graph import duplication as duplications
from stackyard.graph import selection
from stackyard.graph.duplication import Duplication
from stackyard.model.diagnostics import Diagnostic
from stackyard.model.estates import Reference, Stack
from stackyard.operations import outputs
from stackyard.operations.workspace import Workspace


@dataclasses.dataclass(frozen=True, slots=True)
class Drawing:
    """The selected stacks, the references between them and to stacks outside the estate, and what is unclear."""

    stacks: tuple[Stack, ...]
    references: tuple[Reference, ...]
    diagnostics: tuple[Diagnostic, ...]


def draw(workspace: Workspace, select: Sequence[str] = (), exclude: Sequence[str] = ()) -> Drawing:
    """The graph of the selected stacks (default: all). Cycles and layer violations are drawn and reported too."""
    graph = workspace.unchecked_graph
    stacks = tuple(pick.stack for pick in selection.select(graph, select, exclude).picks)
    names = {stack.name for stack in stacks}
    found = [each for each in graph.references if each.reader in names and (each.external or each.target in names)]
    return Drawing(stacks, tuple(found), graph.diagnostics)


def duplication(workspace: Workspace) -> tuple[Duplication, ...]:
    """What the estate's programs say twice, by program; the last is the whole."""
    workspace.check()
    return duplications.measure(workspace.estate)


@dataclasses.dataclass(frozen=True, slots=True)
class Reasons:
    """Why a stack stands where it does: what it reads, and who reads it."""

    stack: Stack
    reads: tuple[Reference, ...]
    read_by: tuple[Reference, ...]


def why(workspace: Workspace, name: str) -> Reasons:
    """The evidence for every edge of one stack."""
    stack = outputs.one(workspace, name)
    references = workspace.unchecked_graph.references
    return Reasons(
        stack,
        tuple(each for each in references if each.reader == stack.name),
        tuple(each for each in references if each.target == stack.name and each.reader != stack.name),
    )
