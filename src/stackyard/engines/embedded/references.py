"""What a program reads of other stacks: checked, cached for one operation, and remembered for the plan."""

from __future__ import annotations

import asyncio

from stackyard import errors
from stackyard.engines.base import References, StackOutputs
from stackyard.errors import Position
from stackyard.model.plans import StackRead
from stackyard.model.registrations import OutputQuery
from stackyard.model.values import Properties, Value


class StackReads:
    """Reads of one running program. Names are resolved once; a previewed value never reaches an apply."""

    def __init__(self, references: References, dry_run: bool) -> None:
        self._references = references
        self._dry_run = dry_run
        self._asked: dict[str, asyncio.Future[StackOutputs]] = {}
        self._opened: dict[str, None] = {}
        self._reads: dict[StackRead, None] = {}
        self.previewed = False

    async def whole(self, name: str, position: Position | None = None) -> Properties:
        """All outputs of a stack, for its StackReference resource. Raises UsageError when there are none."""
        return (await self._outputs(name, position)).values

    async def output(self, query: OutputQuery) -> Value:
        """One output, or all of them; a missing one is None or, when required, a UsageError naming both places."""
        position = query.source_position
        found = await self._outputs(query.stack, position)
        self._reads[StackRead(str(found.stack), query.key or "*", query.required)] = None
        if query.key is None:
            return dict(found.values)
        if query.required and query.key not in found.values:
            known = ", ".join(sorted(found.values)) or "none"
            raise errors.UsageError(
                f"stack {found.stack} has no output {query.key!r}, which {position or 'this program'} requires;"
                f" its outputs are made in {found.origin or found.stack}",
                hint=f"its outputs are: {known}",
                position=position,
            )
        return found.values.get(query.key)

    def all(self) -> tuple[StackRead, ...]:
        """Every read so far. A stack opened without asking for single keys counts as read whole."""
        asked = {read.stack for read in self._reads}
        whole = (StackRead(stack, "*") for stack in self._opened if stack not in asked)
        return (*self._reads, *whole)

    async def _outputs(self, name: str, position: Position | None) -> StackOutputs:
        if name not in self._asked:
            self._asked[name] = asyncio.ensure_future(self._references.outputs(name))
        found = await asyncio.shield(self._asked[name])
        # Remembered even when it fails: the next run then knows what comes first.
        self._opened[str(found.stack)] = None
        if not found.exists:
            raise errors.UsageError(
                f"stack {found.stack} does not exist: it was never brought up",
                hint=f"bring up {found.stack} first, or together with this stack; when both are selected and"
                " `stackyard graph` shows no edge, declare it in the manifest: depends_on",
                position=position,
            )
        if found.previewed and not self._dry_run:
            raise errors.EngineError(
                f"the outputs of {found.stack} are only previewed and must not be used by an update",
                hint=f"bring up {found.stack} first",
                position=position,
            )
        self.previewed = self.previewed or found.previewed
        return found
