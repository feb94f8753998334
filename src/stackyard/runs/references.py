"""Resolves a stack reference, as a program wrote it, to the other stack's outputs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from stackyard.engines.base import StackOutputs
from stackyard.errors import UsageError
from stackyard.model.estates import Estate, Stack
from stackyard.model.names import DEFAULT_ORGANIZATION, StackName
from stackyard.model.values import Properties

Recorded = Callable[[StackName], Awaitable[Properties | None]]


def resolve(estate: Estate, reader: Stack, text: str) -> StackName:
    """The stack that `text` names when `reader` says it.

    `organization/project/stack` and `project/stack` are taken as they are (`organization` also stands for
    the estate's own); a flat `stack` is one of the reader's project, else the only stack of that name in
    the estate. Raises UsageError for what is no name, or for a flat name that several stacks have.
    """
    try:
        name = StackName.parse(text, organization=estate.organization, project=reader.project.name)
    except ValueError as fault:
        raise UsageError(str(fault)) from None
    if name.organization == DEFAULT_ORGANIZATION:
        name = StackName(estate.organization, name.project, name.stack)
    if "/" in text or estate.stack(name):
        return name
    same = [stack.name for stack in estate.stacks if stack.name.stack == name.stack]
    if len(same) > 1:
        listed = ", ".join(sorted(each.short for each in same))
        raise UsageError(f"{text!r} names several stacks: {listed}", hint="write project/stack")
    return same[0] if same else name


class RunReferences:
    """The references of one run. In a preview, stacks previewed earlier in the run answer with their plan."""

    def __init__(self, estate: Estate, recorded: Recorded, previewed: Mapping[StackName, Properties]) -> None:
        self._estate = estate
        self._recorded = recorded
        self._previewed = previewed

    def of(self, reader: Stack) -> StackReferences:
        """The same, from the point of view of one stack."""
        return StackReferences(self, reader)

    async def outputs(self, reader: Stack, text: str) -> StackOutputs:
        """See `engines.base.References.outputs`."""
        name = resolve(self._estate, reader, text)
        target = self._estate.stack(name)
        origin = str(target.project.path) if target else str(name)
        if name in self._previewed:
            return StackOutputs(name, self._previewed[name], previewed=True, origin=origin)
        values = await self._recorded(name)
        return StackOutputs(name, values or {}, exists=values is not None, origin=origin)


class StackReferences:
    """`engines.base.References` for one reader."""

    def __init__(self, run: RunReferences, reader: Stack) -> None:
        self._run = run
        self._reader = reader

    async def outputs(self, name: str) -> StackOutputs:
        """The outputs of the stack that `name` means here."""
        return await self._run.outputs(self._reader, name)
