"""Stack files for stacks that come out of others, and those of stacks that are no more: kept aside, not removed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import yaml

from stackyard import errors
from stackyard.config import stack_files
from stackyard.kit import files
from stackyard.model.estates import Project, Stack

ASIDE: Final = ".retired"
"""What the name of a retired stack's file ends with; so it is no stack of the estate, until it is taken back."""


PROPOSED: Final = ".proposed"
"""The same for a file of a stack that is not decided on."""


def path_of(project: Project, stack: str) -> Path:
    """Where the file of a project's stack lies."""
    return project.path / project.stack_config_dir / f"Pulumi.{stack}.yaml"


class StackCopies:
    """Files of stacks that are only proposed: beside the place of the real ones, which they become or not."""

    def __init__(self) -> None:
        self._made: list[Path] = []

    def propose(self, project: Project, stack: str, model: Stack) -> tuple[Path, str]:
        """Write the file of a stack that has none; where it lies for now, and how it was made.

        A retired one is taken back. Else it says what `model` says, with the keys of the model's project as this
        project's; secrets stay readable, because the salt goes with them. Raises ConfigError.
        """
        path = path_of(project, stack)
        retired, proposed = path.with_name(path.name + ASIDE), path.with_name(path.name + PROPOSED)
        self._made.append(proposed)
        if retired.is_file():
            files.write(proposed, retired.read_bytes())
            return proposed, "taken back"
        files.write(proposed, _copied(model, project.name).encode())
        return proposed, f"made from {stack_files.shown(model)}"

    def withdraw(self) -> None:
        """Remove those that came to nothing."""
        files.remove(*self._made)


def aside(stack: Stack) -> tuple[Path, Path]:
    """Where the file of a stack lies, and where it is put when the stack ends."""
    return stack.config_path, stack.config_path.with_name(stack.config_path.name + ASIDE)


def is_proposed(stack: Stack) -> bool:
    """Whether the stack is known from a proposed file."""
    return stack.config_path.name.endswith(PROPOSED)


def placed(stack: Stack) -> tuple[Path, Path]:
    """Where the proposed file of a stack lies, and what it is called once the stack is decided on."""
    return stack.config_path, path_of(stack.project, stack.name.stack)


def _copied(model: Stack, project: str) -> str:
    if not os.path.lexists(model.config_path):
        return "config: {}\n"
    try:
        raw: Any = yaml.safe_load(model.config_path.read_text(encoding="utf-8")) or {}
        config = {
            _named(str(key), model.project.name, project): value for key, value in (raw.get("config") or {}).items()
        }
    except (yaml.YAMLError, AttributeError, ValueError, UnicodeDecodeError) as fault:
        raise errors.ConfigError(f"{stack_files.shown(model)} cannot be copied: {fault}") from None
    raw["config"] = config
    return str(yaml.safe_dump(raw, sort_keys=False, allow_unicode=True))


def _named(key: str, old: str, new: str) -> str:
    namespace, _, name = stack_files.full_key(key, old).partition(":")
    return f"{new if namespace == old else namespace}:{name}"
