"""state ls, show and move: a stack's record, and single resources of it that another stack takes over."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from stackyard import errors
from stackyard.model import urns
from stackyard.model.checkpoints import Checkpoint
from stackyard.model.estates import Stack
from stackyard.model.resources import Resource
from stackyard.model.urns import URN
from stackyard.operations import bridges, outputs, splitting
from stackyard.operations.bridges import Bridge
from stackyard.operations.workspace import Workspace
from stackyard.state import regrouping
from stackyard.state.regrouping import Assignment


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """What to move, from where to where: URNs (or `type::name`), or globs of types and names, and what comes along."""

    source: str
    target: str
    resources: Sequence[str] = ()
    types: Sequence[str] = ()
    names: Sequence[str] = ()
    parents: bool = False
    dependents: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Proposal:
    """What would move (old URN, new URN), and what crosses the cut."""

    source: Stack
    target: Stack
    moves: Sequence[tuple[str, str]]
    bridges: Sequence[Bridge]


@dataclasses.dataclass(frozen=True, slots=True)
class Move:
    """What was done: where the states before lie (None: nothing was done), and what was noticed."""

    proposal: Proposal
    copies: Path | None = None
    notes: Sequence[str] = ()


Decide = Callable[[Proposal], bool]


async def recorded(workspace: Workspace, name: str) -> tuple[Stack, Checkpoint]:
    """A stack and its record, secrets sealed. Raises StackNotFound when there is none."""
    stack = outputs.one(workspace, name)
    checkpoint = await workspace.peek(stack.name)
    if checkpoint is None:
        raise errors.StackNotFound(f"{stack.name.short} has no state", hint=f"stackyard up {stack.name.short}")
    return stack, checkpoint


async def one(workspace: Workspace, name: str, text: str) -> Resource:
    """One recorded resource, by its URN, `type::name` or name. Raises UsageError when there is not exactly one."""
    stack, checkpoint = await recorded(workspace, name)
    found = [each for each in checkpoint.resources if text in _names(each)]
    if len(found) != 1:
        many = "several resources" if found else "no resource"
        hint = f"stackyard state ls {stack.name.short}"
        raise errors.UsageError(f"{stack.name.short} has {many} called {text!r}", hint=hint)
    return found[0]


def _names(resource: Resource) -> set[str]:
    urn = URN(resource.urn)
    return {resource.urn, f"{urn.type}::{urn.name}", urn.name, *([resource.id] if resource.id else [])}


async def move(workspace: Workspace, request: Request, decide: Decide) -> Move:
    """Work out what would move and, if `decide` says so, move it: both states change, or none.

    Raises UsageError when one of the stacks is in the middle of something, or a name is taken.
    """
    source, target = (outputs.one(workspace, name) for name in (request.source, request.target))
    if source.name == target.name:
        raise errors.UsageError(f"{source.name.short} is both where from and where to")
    await splitting.refuse_unfinished(workspace, (source, target))
    opened = await splitting.open_together(workspace, [source, target])
    try:
        before = opened.checkpoints
        for stack, checkpoint in before.items():
            regrouping.check(stack, checkpoint)
        found = regrouping.selected(
            before[source.name],
            request.resources,
            types=request.types,
            names=request.names,
            parents=request.parents,
            dependents=request.dependents,
        )
        made = [Assignment(source.name, urn, target.name) for urn in found]
        regrouped = regrouping.regrouped(before, made)
        known = {stack: {each.urn: each for each in state.resources} for stack, state in before.items()}
        stacks = {source.name: source, target.name: target}
        crossing = bridges.bridges(regrouped.cuts, known, {}, stacks, workspace.estate.root)
        moves = [(urn, regrouped.places[source.name, urn][1]) for urn in found]
        proposal = Proposal(source, target, moves, crossing)
        if not decide(proposal):
            return Move(proposal, notes=opened.notes)
        about = f"{len(moves)} resources of {source.name.short} to {target.name.short}"
        kept = await opened.commit(regrouped.after, about, workspace.folder / splitting.COPIES)
        return Move(proposal, kept, opened.notes)
    finally:
        await opened.close()


def label(resource: Resource) -> str:
    """What a resource is, for lists."""
    if resource.type == urns.STACK_TYPE:
        return "the stack"
    marks = [
        text
        for text, is_so in (
            ("protected", resource.protect),
            ("only read", resource.external),
            ("to be deleted", resource.delete),
            ("provider", resource.is_provider),
        )
        if is_so
    ]
    return ", ".join(marks)
