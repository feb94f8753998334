"""Configuration values as the files say them, for evaluating programs: no secret is opened."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn, Protocol

from stackyard.config import stack_files, types
from stackyard.config.environments import consuming
from stackyard.config.environments.consuming import Consumed
from stackyard.config.environments.evaluation import Library
from stackyard.config.environments.values import Value
from stackyard.config.stack_files import StackFile
from stackyard.estate.documents import Node
from stackyard.graph.evaluation.state import Hidden
from stackyard.model.estates import Stack
from stackyard.model.names import StackName


class ConfigValue(Protocol):
    """Gives configuration values to the evaluation of programs."""

    def __call__(self, stack: Stack, key: str, /) -> str | None:
        """The value of a full key (`project:key`) as text, JSON for structured ones; None when it is not set.

        Raises Hidden for a secret, and for what is known only when the stack runs.
        """


class Files:
    """Values of the stack's file, its fleet, its environments and its project, as `config.resolution` ranks them."""

    def __init__(self) -> None:
        self._read: dict[Path, StackFile] = {}
        self._consumed: dict[StackName, Consumed] = {}

    def __call__(self, stack: Stack, key: str, /) -> str | None:
        """The value of a full key. Raises Hidden."""
        file = self._file(stack)
        environment = self._environment(stack, file).get(key)
        for entry in file.config:
            if entry.key == key:
                if entry.node.fields is not None and environment is not None and environment.fields is not None:
                    _hide(f"the configuration value {key}, which a file and an environment make together")
                return _text(entry.node.plain(), key) if not _sealed(entry.node) else _hide(f"the secret {key}")
        if file.diagnostics:
            _hide(f"the configuration value {key}, which a file with faults may give")
        project = stack.project.name
        for text, value in stack.fleet_config.items():
            if _is(text, key, project):
                return value
        if environment is not None:
            if environment.missing or environment.is_secret:
                _hide(f"the configuration value {key}, which is secret or has a fault")
            return _text(environment.plain(), key)
        for text, raw in stack.project.config.items():
            if _is(text, key, project):
                return _declared(raw, key, is_own=key.startswith(f"{project}:"))
        return None

    def _file(self, stack: Stack) -> StackFile:
        if stack.config_path not in self._read:
            self._read[stack.config_path] = stack_files.read(stack)
        return self._read[stack.config_path]

    def _environment(self, stack: Stack, file: StackFile) -> Mapping[str, Value]:
        """What the stack's environments give; faults are told when the stack is run."""
        if stack.name not in self._consumed:
            library = Library(consuming.root_of(stack))
            self._consumed[stack.name] = consuming.consume(stack, file, library)
        return self._consumed[stack.name].config


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
