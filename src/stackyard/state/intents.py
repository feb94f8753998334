"""What several stacks are about to become, in one act: written down whole before the first of them is touched.

From the moment an intent is durable, its act is decided: whoever reads one of its stacks reads it as it is to be,
and whoever opens one for writing brings it there first. A part is done when the stack's checkpoint is no longer the
one that the part continues, which its hash tells. The file that makes it a stack of its estate comes and goes with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from stackyard import errors
from stackyard.kit import jsontext
from stackyard.model.names import StackName
from stackyard.state import journal
from stackyard.state.base import Backend, Checkpoints, Intents, LockInfo

VERSION = 1


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """What one stack becomes: `base` is the hash of the checkpoint before, `data` the one after; None: it ends.

    `file`: one that is renamed with it, from what to what: where a stack begins or ends, that makes it one or none.
    """

    base: str
    data: bytes | None
    file: tuple[str, str] | None = None

    @property
    def is_renamed(self) -> bool:
        """Whether there is no file any more that is to be renamed."""
        return self.file is None or not os.path.lexists(self.file[0])


@dataclasses.dataclass(frozen=True, slots=True)
class Intent:
    """One act over several stacks. `writer` tells who began it, `about` what it is, for messages."""

    name: str
    about: str
    writer: str
    parts: Mapping[StackName, Part]


def encode(intent: Intent) -> bytes:
    """The document of an intent; its secrets are encrypted already, each by its stack's key."""
    parts = [
        {
            "stack": str(stack),
            "base": part.base,
            "checkpoint": None if part.data is None else part.data.decode(),
            **({"file": list(part.file)} if part.file else {}),
        }
        for stack, part in intent.parts.items()
    ]
    return jsontext.dumps({"intent": VERSION, "about": intent.about, "writer": intent.writer, "parts": parts}).encode()


def decode(name: str, data: bytes) -> Intent:
    """The intent of a document. Raises `errors.StateError` for a damaged or newer one."""
    try:
        raw = json.loads(data)
        if raw["intent"] != VERSION:
            raise errors.StateError(f"the intent {name} is of a newer Stackyard", hint="use that one")
        parts = {StackName.parse(each["stack"]): _part(each) for each in raw["parts"]}
        return Intent(name, str(raw["about"]), str(raw["writer"]), parts)
    except (KeyError, TypeError, ValueError, AttributeError):
        hint = "it lies in .pulumi/stackyard; the copies of the states before it are named by the run that made it"
        raise errors.StateError(f"the intent {name} is damaged", hint=hint) from None


def _part(raw: Mapping[str, Any]) -> Part:
    text, file = raw["checkpoint"], raw.get("file")
    return Part(str(raw["base"]), None if text is None else text.encode(), (file[0], file[1]) if file else None)


async def current(backend: Backend, stack: StackName) -> bytes | None:
    """The checkpoint's text as it is decided to be: what an unfinished act says, else what is stored."""
    intended = await _about(backend, stack)
    data = await backend.load(stack)
    for intent in intended:
        if intent.parts[stack].base == journal.base_hash(data):
            return intent.parts[stack].data
    return data


async def settle(backend: Backend, stack: StackName, lock: LockInfo) -> str:
    """Carry the stack's part of an unfinished act out; what to tell about it, or nothing. The caller holds the lock.

    So are the other parts of that act, where nobody holds their stacks. Raises StateError when this stack has ended.
    """
    said = ""
    for intent in await _about(backend, stack):
        part = intent.parts[stack]
        if await _is_left(backend, stack, part):
            await write(backend, stack, part, lock)
            said = f"finished what {intent.writer} had begun: {intent.about}"
        await _settle_others(backend, intent, stack)
        await _forget_finished(backend, intent)
        if part.data is None:
            hint = "its resources are in other stacks now; preview again" + (
                f"; its file is {part.file[1]}" if part.file else ""
            )
            raise errors.StateError(f"{stack.short} has ended: {intent.about}", hint=hint)
    return said


async def finish(backend: Backend) -> tuple[str, ...]:
    """Carry every unfinished act out; what to tell. Raises LockedError when somebody works on one of the stacks."""
    said = []
    for name, data in (await backend.intents()).items():
        intent = decode(name, data)
        for stack, part in sorted(intent.parts.items()):
            if await _is_left(backend, stack, part):
                await _alone(backend, stack, part)
        await _forget_finished(backend, intent)
        said.append(f"finished what {intent.writer} had begun: {intent.about}")
    return tuple(said)


async def write(backend: Checkpoints, stack: StackName, part: Part, lock: LockInfo) -> None:
    """Bring one stack to what its part says. Raises FencedError, OSError."""
    if part.base == journal.base_hash(await backend.load(stack)):
        if part.data is None:
            await backend.delete(stack, lock)
        else:
            await backend.save(stack, part.data, lock)
    if part.file is not None and not part.is_renamed:
        await asyncio.to_thread(os.rename, *part.file)


async def _alone(backend: Backend, stack: StackName, part: Part) -> None:
    lock = await backend.lock(stack)
    try:
        if await _is_left(backend, stack, part):
            await write(backend, stack, part, lock)
    finally:
        await backend.unlock(stack, lock)


async def _settle_others(backend: Backend, intent: Intent, mine: StackName) -> None:
    for stack, part in intent.parts.items():
        if stack != mine and await _is_left(backend, stack, part):
            with contextlib.suppress(errors.LockedError):  # its holder does it, being about to open it
                await _alone(backend, stack, part)


async def _about(backend: Intents, stack: StackName) -> Sequence[Intent]:
    found = [decode(name, data) for name, data in (await backend.intents()).items()]
    return [intent for intent in found if stack in intent.parts]


async def _is_left(backend: Checkpoints, stack: StackName, part: Part) -> bool:
    return journal.base_hash(await backend.load(stack)) == part.base or not part.is_renamed


async def _forget_finished(backend: Backend, intent: Intent) -> None:
    for stack, part in intent.parts.items():
        if await _is_left(backend, stack, part):
            return
    await backend.forget(intent.name)
