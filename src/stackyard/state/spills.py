"""Where a checkpoint goes that its backend would not take, and how it comes back."""

from __future__ import annotations

import json
from pathlib import Path

from stackyard import errors
from stackyard.kit import files, jsontext
from stackyard.model.names import StackName
from stackyard.state import journal, reading


def path_of(folder: Path, stack: StackName) -> Path:
    """The file of one stack."""
    return folder / f"{stack.project}.{stack.stack}.spilled.json"


def write(folder: Path, stack: StackName, base: bytes | None, data: bytes, *, journaled: bool) -> Path:
    """Keep `data`, which was to replace `base`. Its secrets are encrypted already. Raises OSError.

    `journaled` tells that the stack's journal holds the same, for whoever opens the stack elsewhere.
    """
    raw = {
        "spilled": 1,
        "stack": str(stack),
        "base": journal.base_hash(base),
        "journaled": journaled,
        "checkpoint": data.decode(),
    }
    path = path_of(folder, stack)
    files.write(path, jsontext.dumps(raw).encode(), mode=0o600)
    return path


def read(folder: Path, stack: StackName, current: bytes | None) -> bytes | None:
    """The checkpoint that was spilled and should replace `current`; None when there is none, or none is needed:
    it was saved, or somebody else has taken it back from the journal.

    Raises `errors.StateError` when the state has moved on without it: then a person must choose.
    """
    path = path_of(folder, stack)
    data = reading.read(path)
    if data is None:
        return None
    try:
        raw = json.loads(data)
        base, checkpoint = raw["base"], raw["checkpoint"].encode()
    except (ValueError, KeyError, TypeError, AttributeError):
        raise errors.StateError(f"{path} is damaged", hint="remove it to go on without it") from None
    if journal.base_hash(current) == journal.base_hash(checkpoint):
        return None
    if base != journal.base_hash(current):
        if raw.get("journaled") is True:
            return None
        raise errors.StateError(
            f"{stack}: an earlier run could not save its state and left it in {path}; "
            "since then somebody else has changed the stack",
            hint="compare the two, then remove the file (or its `checkpoint` becomes the state, by "
            "`pulumi stack import`)",
        )
    return bytes(checkpoint)


def remove(folder: Path, stack: StackName) -> None:
    """Forget what was spilled, once it is saved. Raises OSError."""
    files.remove(path_of(folder, stack))
