"""Resolves a stack reference, as a program wrote it, to the other stack's outputs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from stackyard import errors
from stackyard.engines.base import StackOutputs
from stackyard.graph import naming
from stackyard.model.estates import Estate, Stack
from stackyard.model.names import StackName
from stackyard.model.values import Properties

Recorded = Callable[[StackName], Awaitable[Properties | None]]
Asked = Mapping[tuple[StackName, StackName], frozenset[str]]
"""By reader and target, the only outputs that the reader asks for, where its source tells."""


class RunReferences:
    """The references of one run. In a preview, stacks previewed earlier in the run answer with their plan."""

    def __init__(
        self, estate: Estate, recorded: Recorded, previewed: Mapping[StackName, Properties], asked: Asked | None = None
    ) -> None:
        self._estate = estate
        self._namer = naming.Namer(estate)
        self._recorded = recorded
        self._previewed = previewed
        self._asked = asked or {}

    def of(self, reader: Stack) -> StackReferences:
        """The same, from the point of view of one stack."""
        return StackReferences(self, reader)

    async def outputs(self, reader: Stack, text: str) -> StackOutputs:
        """See `engines.base.References.outputs`."""
        try:
            name = self._namer.resolve(text, reader.name)
        except ValueError as fault:
            raise errors.UsageError(str(fault), hint="write organization/project/stack") from None
        target = self._estate.stack(name)
        origin = str(target.project.path) if target else str(name)
        keys = self._asked.get((reader.name, name))
        if name in self._previewed:
            return StackOutputs(name, self._previewed[name], previewed=True, origin=origin, keys=keys)
        values = await self._recorded(name)
        return StackOutputs(name, values or {}, exists=values is not None, origin=origin, keys=keys)


class StackReferences:
    """`engines.base.References` for one reader."""

    def __init__(self, run: RunReferences, reader: Stack) -> None:
        self._run = run
        self._reader = reader

    async def outputs(self, name: str) -> StackOutputs:
        """The outputs of the stack that `name` means here."""
        return await self._run.outputs(self._reader, name)
