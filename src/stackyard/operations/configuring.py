"""config: a stack's configuration, where each value comes from, and editing its file."""

from __future__ import annotations

import dataclasses

from stackyard.config import editing, resolution
from stackyard.errors import Position
from stackyard.operations import outputs
from stackyard.operations.workspace import Workspace


@dataclasses.dataclass(frozen=True, slots=True)
class Setting:
    """One resolved value as text, whether it is secret, and where it was written."""

    key: str
    value: str
    secret: bool
    origin: Position | None


def settings(workspace: Workspace, name: str) -> tuple[Setting, ...]:
    """Everything that the programs of a stack see, sorted by key. Raises DiagnosedError for what is wrong."""
    resolved = resolution.resolve(outputs.one(workspace, name), workspace.secrets)
    return tuple(
        Setting(key, value, key in resolved.secret_keys, resolved.origins.get(key))
        for key, value in sorted(resolved.values.items())
    )


def get(workspace: Workspace, name: str, key: str, *, is_path: bool) -> tuple[str, bool]:
    """One value as text, and whether it is secret. Raises ConfigError when it is not set."""
    return editing.get_value(outputs.one(workspace, name), key, workspace.secrets, is_path=is_path)


def put(workspace: Workspace, name: str, key: str, value: str, *, secret: bool, is_path: bool) -> str:
    """Set one value in the stack's file, keeping its comments; the key's full name."""
    return editing.set_value(
        outputs.one(workspace, name), key, value, workspace.secrets, secret=secret, is_path=is_path
    )


def remove(workspace: Workspace, name: str, key: str, *, is_path: bool) -> bool:
    """Remove one value from the stack's file; whether it was there."""
    return editing.remove(outputs.one(workspace, name), key, is_path=is_path)
