"""What a program reads of other stacks: checked, cached for one operation, and remembered for the plan."""

from __future__ import annotations

import asyncio

from stackyard import errors
from stackyard.engines.base import References, StackOutputs
from stackyard.errors import Position
from stackyard.model import values
from stackyard.model.plans import StackRead
from stackyard.model.registrations import OutputQuery
from stackyard.model.values import Properties, Value


class StackReads:
    """Reads of one running program. Names are resolved once; a previewed value never reaches an apply."""

    def __init__(self, references: References, dry_run: bool) -> None:
        self._references = references
        self._dry_run = dry_run
        self._asked: dict[str, asyncio.Future[StackOutputs]] = {}
        self._opened: dict[str, frozenset[str] | None] = {}
        self._reads: dict[StackRead, None] = {}
        self.previewed = False

    async def whole(self, name: str, position: Position | None = None) -> Properties:
        """All outputs of a stack, for its StackReference resource. Raises UsageError when there are none.

        Unknown ones that the program's source does not ask for are left out: an SDK that is given the whole takes
        all of it for unknown when a part is.
        """
        found = await self._outputs(name, position)
        keys = found.keys
        if keys is None:
            return found.values
        return {key: value for key, value in found.values.items() if key in keys or not values.has_unknown(value)}

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
        """Every read so far. Of a stack opened without asking for single keys, what the source tells, or else all."""
        asked = {read.stack for read in self._reads}
        opened = ((stack, keys or ("*",)) for stack, keys in self._opened.items() if stack not in asked)
        return (*self._reads, *(StackRead(stack, key) for stack, keys in opened for key in sorted(keys)))

    async def _outputs(self, name: str, position: Position | None) -> StackOutputs:
        if name not in self._asked:
            self._asked[name] = asyncio.ensure_future(self._references.outputs(name))
        found = await asyncio.shield(self._asked[name])
        # Remembered even when it fails: the next run then knows what comes first.
        self._opened[str(found.stack)] = found.keys
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
