"""Journal entries and their lines. Secrets in a line are encrypted as they are in a checkpoint.

A journal begins with a header that names the checkpoint it continues, by the hash of its text. Entries
under a header of another checkpoint are of the past, and are never replayed.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from stackyard import errors
from stackyard.kit import jsontext
from stackyard.model.journals import JournalEntry, Phase
from stackyard.model.plans import Op
from stackyard.model.resources import EMPTY
from stackyard.state.base import LockInfo
from stackyard.state.codec import Codec

VERSION: Final = 1


def base_hash(checkpoint: bytes | None) -> str:
    """What names a checkpoint's text in a header; of nothing, for a stack that has none yet."""
    return hashlib.sha256(checkpoint or b"").hexdigest()


@dataclasses.dataclass(frozen=True, slots=True)
class Journal:
    """The part of a journal that continues one checkpoint: raw entries, and what its header says.

    `provider` is the `secrets_providers` object of the first secret, where the checkpoint had none.
    """

    entries: tuple[Mapping[str, Any], ...] = ()
    provider: Mapping[str, Any] = EMPTY
    writer: str = ""

    def __bool__(self) -> bool:
        return bool(self.entries)


def header(checkpoint: bytes | None, lock: LockInfo) -> bytes:
    """The first line of a run's entries."""
    raw = {"journal": VERSION, "base": base_hash(checkpoint), "fence": lock.fence, "writer": str(lock)}
    if lock.took_over:
        raw["took_over"] = lock.took_over
    return jsontext.dumps(raw).encode()


def encode(entry: JournalEntry, codec: Codec, provider: Mapping[str, Any] = EMPTY) -> bytes:
    """One line, without its end. `provider` is added when given. Raises `errors.SecretsError`."""
    raw: dict[str, Any] = {"n": entry.number, "phase": entry.phase.value, "op": entry.op.value}
    if entry.old is not None:
        raw["old"] = entry.old
    if entry.of is not None:
        raw["of"] = entry.of
    if entry.resource is not None:
        raw["resource"] = codec.write(entry.resource)
    if provider:
        raw["secrets_providers"] = dict(provider)
    return jsontext.dumps(raw).encode()


def decode(raw: Mapping[str, Any], codec: Codec) -> JournalEntry:
    """The entry of a parsed line. Raises `errors.StateError` for a malformed one."""
    try:
        resource = raw.get("resource")
        return JournalEntry(
            number=raw["n"],
            phase=Phase(raw["phase"]),
            op=Op(raw["op"]),
            old=raw.get("old"),
            of=raw.get("of"),
            resource=codec.read(resource) if resource is not None else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise errors.StateError(f"a journal entry is malformed ({type(error).__name__}: {error})") from None


def since(lines: Sequence[bytes], checkpoint: bytes | None, origin: str = "") -> Journal:
    """The entries that continue `checkpoint`: those under the last header, if that names it.

    Raises `errors.StateError`, naming `origin` and the line, for a line that is not one of ours.
    """
    head: Mapping[str, Any] = EMPTY
    entries: list[Mapping[str, Any]] = []
    for number, line in enumerate(lines, 1):
        raw = _parsed(line, number, origin)
        if "journal" in raw:
            head, entries = raw, []
            if raw["journal"] != VERSION:
                raise errors.StateError(f"{origin or 'the journal'} is of a newer Stackyard", hint="use that one")
        else:
            entries.append(raw)
    if head.get("base") != base_hash(checkpoint):
        return Journal()
    provider = next((raw["secrets_providers"] for raw in entries if "secrets_providers" in raw), EMPTY)
    return Journal(tuple(entries), provider, str(head.get("writer", "")))


def _parsed(line: bytes, number: int, origin: str) -> Mapping[str, Any]:
    try:
        raw = json.loads(line)
    except (ValueError, RecursionError):
        raw = None
    if not isinstance(raw, dict):
        raise errors.StateError(
            f"{origin or 'the journal'}: line {number} is damaged",
            hint="the disk or somebody changed it; what stands before that line can be kept by cutting the rest off",
        )
    return raw
