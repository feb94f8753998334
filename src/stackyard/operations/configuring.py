"""config: a stack's configuration, where each value comes from, and editing its file."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from stackyard import errors
from stackyard.config import editing, explaining, exporting, resolution, stack_files
from stackyard.config.environments import sealing, syntax
from stackyard.config.environments.sealing import Encrypted
from stackyard.config.environments.values import Value
from stackyard.config.explaining import Explanation, Repetition
from stackyard.model.diagnostics import Diagnostic
from stackyard.operations import outputs
from stackyard.operations.workspace import Workspace


@dataclasses.dataclass(frozen=True, slots=True)
class Explained:
    """What the programs of a stack see, why, and what is worth telling though it stops nothing.

    `variables` are those of the program's environment that its environments give; `files` hold paths.
    """

    stack: str
    values: tuple[Explanation, ...]
    variables: tuple[Explanation, ...] = ()
    files: tuple[Explanation, ...] = ()
    notes: tuple[Diagnostic, ...] = ()


def explain(workspace: Workspace, name: str, key: str = "") -> Explained:
    """Everything that the programs of a stack see, sorted by key, or one key. Raises DiagnosedError, ConfigError."""
    stack = outputs.one(workspace, name)
    resolved = resolution.resolve(stack, workspace.secrets)
    full = ""
    if key:
        try:
            full = stack_files.full_key(key, stack.project.name)
        except ValueError as fault:
            raise errors.ConfigError(str(fault)) from None
        if full not in resolved.values:
            known = ", ".join(sorted(resolved.values))
            raise errors.ConfigError(f"nothing gives `{full}` to {stack.name.short}", hint=f"it has: {known or 'none'}")
    found = explaining.explain(resolved, full)
    if key:
        return Explained(stack.name.short, found)
    return Explained(
        stack.name.short, found, _texts(resolved.variables), _texts(resolved.files, hidden=True), resolved.notes
    )


def _texts(found: Mapping[str, Value], *, hidden: bool = False) -> tuple[Explanation, ...]:
    return tuple(explaining.of(name, value, secret=hidden) for name, value in sorted(found.items()))


def repetitions(workspace: Workspace) -> tuple[Repetition, ...]:
    """Configuration values that the files of the estate say more than once."""
    found = {
        stack.name.short: explaining.explain(resolution.resolve(stack, workspace.secrets))
        for stack in workspace.estate.stacks
    }
    return explaining.repetitions(found)


def encrypt(workspace: Workspace, names: Sequence[str]) -> tuple[Encrypted, ...]:
    """Encrypt every plain secret of these environments, by default of all. Returns those that were changed."""
    root = workspace.estate.root
    wanted = names or syntax.names(root)
    return tuple(done for done in (sealing.encrypt(root, name, workspace.secrets) for name in wanted) if done.secrets)


def exported(workspace: Workspace, name: str) -> str:
    """The whole configuration of a stack as the text of a stack file, environments resolved, secrets encrypted."""
    stack = outputs.one(workspace, name)
    return exporting.stack_file(stack, resolution.resolve(stack, workspace.secrets), workspace.secrets)


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
