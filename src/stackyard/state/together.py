"""Several stacks of one backend, locked and open, that change in one act: all of them, or none.

The order of things: locks (by name), copies of the states before, the intent, the states, the end of the intent. A
kill before the intent leaves everything as it was; after it, the next to open any of the stacks finishes its part.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from stackyard import errors
from stackyard.kit import files
from stackyard.model.checkpoints import Checkpoint
from stackyard.model.names import StackName
from stackyard.state import integrity, intents, journal
from stackyard.state.base import Backend
from stackyard.state.intents import Intent, Part
from stackyard.state.stacks import OpenStack

Open = Callable[[StackName], Awaitable[OpenStack]]


class Together:
    """The open stacks. Made by `open_together`; `close` is called once, whatever happened."""

    def __init__(self, backend: Backend, opened: Mapping[StackName, OpenStack]) -> None:
        self._backend = backend
        self._opened = opened

    @property
    def checkpoints(self) -> Mapping[StackName, Checkpoint]:
        """The states as they are now, secrets decrypted."""
        return {stack: each.checkpoint for stack, each in self._opened.items()}

    @property
    def notes(self) -> Sequence[str]:
        """What was found on opening and the user should know."""
        return [f"{stack.short}: {note}" for stack, each in self._opened.items() for note in each.notes]

    async def commit(
        self,
        after: Mapping[StackName, Checkpoint | None],
        about: str,
        copies: Path,
        renamed: Mapping[StackName, tuple[Path, Path]] | None = None,
    ) -> Path:
        """Give each stack its new state (None: it ends), all or none, and say where the states before lie.

        about   what is done, for whoever has to finish it
        copies  a folder in which one for this act is made
        renamed files that make stacks begin or end, and what they are called from then on

        Raises IntegrityError and SecretsError before anything is written, FencedError, and StateError when the
        store fails; after that the next command that opens one of the stacks finishes what was decided.
        """
        changes = {stack: await self._part(stack, checkpoint, renamed or {}) for stack, checkpoint in after.items()}
        parts = {stack: part for stack, part in changes.items() if part is not None}
        name = f"{datetime.datetime.now(datetime.UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"
        held = {stack: self._opened[stack].lock for stack in sorted(parts)}
        intent = Intent(name, about, str(next(iter(held.values()))) if held else "", parts)
        try:
            await asyncio.to_thread(self._keep, copies / name, parts)
            if held:
                await self._backend.intend(name, intents.encode(intent), held)
            for stack in held:
                await intents.write(self._backend, stack, parts[stack], held[stack])
            await self._backend.forget(name)
        except OSError as error:
            raise errors.StateError(
                f"{about}: the state cannot be written: {error.strerror or error}",
                hint=f"the states before are in {copies / name}; what was decided, the next command finishes",
            ) from error
        return copies / name

    async def _part(
        self, stack: StackName, checkpoint: Checkpoint | None, renamed: Mapping[StackName, tuple[Path, Path]]
    ) -> Part | None:
        """What the stack becomes; None when that is what it is."""
        opened = self._opened[stack]
        if checkpoint is opened.checkpoint or (checkpoint is None and opened.base is None):
            return None
        base, found = journal.base_hash(opened.base), renamed.get(stack)
        file = (str(found[0]), str(found[1])) if found else None
        if checkpoint is None:
            return Part(base, None, file)
        integrity.verify(checkpoint, stack.short)
        return Part(base, await asyncio.to_thread(opened.encoded, checkpoint), file)

    def _keep(self, folder: Path, stacks: Mapping[StackName, Part]) -> None:
        for stack in stacks:
            data = self._opened[stack].base
            if data is not None:
                files.write(folder / f"{stack.project}.{stack.stack}.json", data, mode=0o600)

    async def close(self) -> None:
        """Give every lock back."""
        async with contextlib.AsyncExitStack() as ending:
            for opened in self._opened.values():
                ending.push_async_callback(opened.close)


async def open_together(backend: Backend, stacks: Sequence[StackName], opening: Open) -> Together:
    """Lock and open all of them in the order of their names. Raises as `opening` does; then no lock stays."""
    opened: dict[StackName, OpenStack] = {}
    try:
        for stack in sorted(set(stacks)):
            opened[stack] = await opening(stack)
    except BaseException:
        await Together(backend, opened).close()
        raise
    return Together(backend, opened)
