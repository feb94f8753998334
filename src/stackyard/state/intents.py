"""What several stacks are about to become, in one act: written down whole before the first of them is touched.

From the moment an intent is durable, its act is decided: whoever reads one of its stacks reads it as it is to be,
and whoever opens one for writing brings it there first. A part is done when the stack's checkpoint is no longer the
one that the part continues, which its hash tells.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence

from stackyard import errors
from stackyard.kit import jsontext
from stackyard.model.names import StackName
from stackyard.state import journal
from stackyard.state.base import Backend, LockInfo

VERSION = 1


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """What one stack becomes: `base` is the hash of the checkpoint before, `data` the one after; None: no stack."""

    base: str
    data: bytes | None


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
        {"stack": str(stack), "base": part.base, "checkpoint": None if part.data is None else part.data.decode()}
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


def _part(raw: Mapping[str, str | None]) -> Part:
    text = raw["checkpoint"]
    return Part(str(raw["base"]), None if text is None else text.encode())


async def current(backend: Backend, stack: StackName) -> bytes | None:
    """The checkpoint's text as it is decided to be: what an unfinished act says, else what is stored."""
    intended = await _about(backend, stack)
    data = await backend.load(stack)
    for intent in intended:
        if intent.parts[stack].base == journal.base_hash(data):
            return intent.parts[stack].data
    return data


async def settle(backend: Backend, stack: StackName, lock: LockInfo) -> str:
    """Carry the stack's part of an unfinished act out; what to tell about it, or nothing. The caller holds the lock."""
    said = ""
    for intent in await _about(backend, stack):
        part = intent.parts[stack]
        if part.base == journal.base_hash(await backend.load(stack)):
            await write(backend, stack, part, lock)
            said = f"finished what {intent.writer} had begun: {intent.about}"
        if await _is_done(backend, intent):
            await backend.forget(intent.name)
    return said


async def write(backend: Backend, stack: StackName, part: Part, lock: LockInfo) -> None:
    """Bring one stack to what its part says. Raises FencedError, OSError."""
    if part.data is None:
        await backend.delete(stack, lock)
    else:
        await backend.save(stack, part.data, lock)


async def _about(backend: Backend, stack: StackName) -> Sequence[Intent]:
    found = [decode(name, data) for name, data in (await backend.intents()).items()]
    return [intent for intent in found if stack in intent.parts]


async def _is_done(backend: Backend, intent: Intent) -> bool:
    for stack, part in intent.parts.items():
        if journal.base_hash(await backend.load(stack)) == part.base:
            return False
    return True
