"""Configuration values as the files say them, for evaluating programs: no secret is opened."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn, Protocol

from stackyard.config import stack_files, types
from stackyard.config.stack_files import StackFile
from stackyard.estate.documents import Node
from stackyard.graph.evaluation.state import Hidden
from stackyard.model.estates import Stack


class ConfigValue(Protocol):
    """Gives configuration values to the evaluation of programs."""

    def __call__(self, stack: Stack, key: str, /) -> str | None:
        """The value of a full key (`project:key`) as text, JSON for structured ones; None when it is not set.

        Raises Hidden for a secret, and for what is known only when the stack runs.
        """


class Files:
    """Values of the stack's file, then of its fleet, then the project's own, as `config.resolution` ranks them."""

    def __init__(self) -> None:
        self._read: dict[Path, StackFile] = {}

    def __call__(self, stack: Stack, key: str, /) -> str | None:
        """The value of a full key. Raises Hidden."""
        file = self._file(stack)
        for entry in file.config:
            if entry.key == key:
                return _text(entry.node.plain(), key) if not _sealed(entry.node) else _hide(f"the secret {key}")
        if file.diagnostics:
            _hide(f"the configuration value {key}, which a file with faults may give")
        project = stack.project.name
        for text, value in stack.fleet_config.items():
            if _is(text, key, project):
                return value
        for text, raw in stack.project.config.items():
            if _is(text, key, project):
                return _declared(raw, key, is_own=key.startswith(f"{project}:"))
        return None

    def _file(self, stack: Stack) -> StackFile:
        if stack.config_path not in self._read:
            self._read[stack.config_path] = stack_files.read(stack)
        return self._read[stack.config_path]


def _is(text: str, key: str, project: str) -> bool:
    try:
        return stack_files.full_key(text, project) == key
    except ValueError:
        return False


def _declared(raw: object, key: str, *, is_own: bool) -> str | None:
    try:
        declared = types.declared(raw, is_own=is_own)
    except ValueError:
        _hide(f"the configuration value {key}, whose declaration has a fault")
    if declared.secret:
        _hide(f"the secret {key}")
    return _text(declared.value, key) if declared.has_value else None


def _text(value: object, key: str) -> str:
    try:
        return stack_files.text_of(value)
    except ValueError:
        _hide(f"the configuration value {key}, which is no finite number")


def _hide(reason: str) -> NoReturn:
    raise Hidden(reason)


def _sealed(node: Node) -> bool:
    """Whether a node holds a secret."""
    if stack_files.ciphertext(node) is not None:
        return True
    inner = node.items if node.items is not None else (node.fields or {}).values()
    return any(map(_sealed, inner))
