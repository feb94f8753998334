"""ls: the stacks of an estate and what is known of each, without running anything."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from stackyard.estate import discovery
from stackyard.graph import selection
from stackyard.model import urns
from stackyard.model.estates import Stack
from stackyard.model.resources import Resource
from stackyard.operations.workspace import Workspace


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One stack. `status`: `up`, `failed` (its last update), `empty` (destroyed), `interrupted` (a run was
    killed), `new` (never brought up). `resources`: see `counted`."""

    stack: Stack
    status: str
    resources: int
    updated: str


async def rows(workspace: Workspace, select: Sequence[str] = (), exclude: Sequence[str] = ()) -> tuple[Row, ...]:
    """The selected stacks in order of layer and name. Without a selection the graph is not worked out."""
    workspace.check()
    stacks = list(workspace.estate.stacks)
    if select or exclude:
        stacks = [pick.stack for pick in selection.select(workspace.unchecked_graph, select, exclude).picks]
    order = {layer.name: layer.order for layer in workspace.estate.layers}
    stacks.sort(key=lambda stack: (order.get(stack.layer, -1), stack.name))
    failed = workspace.ledger.failed()
    return tuple([await _row(workspace, stack, failed) for stack in stacks])


async def _row(workspace: Workspace, stack: Stack, failed: Collection[str]) -> Row:
    checkpoint = await workspace.peek(stack.name)
    if checkpoint is None:
        return Row(stack, "new", 0, "")
    interrupted = checkpoint.pending or await workspace.unfinished(stack)
    good = "up" if checkpoint.root else "empty"
    status = "interrupted" if interrupted else "failed" if stack.name.short in failed else good
    return Row(stack, status, counted(checkpoint.resources), checkpoint.time)


def counted(resources: Iterable[Resource]) -> int:
    """How many resources a stack has, as `up` and `destroy` count them.

    The stack itself and its components are among them. Default providers, what is only read, and what a replacement
    has still to delete are not.
    """
    return sum(1 for each in resources if not (each.external or each.delete or urns.is_internal(each.urn)))


def names(directory: str | None) -> list[str]:
    """Short names of every stack, for shell completion; empty where there is no estate."""
    found = discovery.discover(Path(directory or "."))
    projects = {stack.project.name for stack in found.estate.stacks}
    return sorted({*projects, *(stack.name.short for stack in found.estate.stacks)})
