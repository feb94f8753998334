"""Configuration values as the stacks' own files give them, for when nobody gives better ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from stackyard.estate import documents, files
from stackyard.graph.evaluation.state import Hidden
from stackyard.model.estates import Stack


class ConfigValue(Protocol):
    """Gives configuration values to the evaluation of programs."""

    def __call__(self, stack: Stack, key: str, /) -> str | None:
        """The value of a full key (`project:key`) as text, JSON for structured ones; None when it is not set.

        Raises Hidden for a secret, and for what is known only when the stack runs.
        """


class Files:
    """Values of `Pulumi.<stack>.yaml`, then of the fleet, then the project's own; secrets are not opened."""

    def __init__(self) -> None:
        self._read: dict[Path, Mapping[str, Any]] = {}

    def __call__(self, stack: Stack, key: str, /) -> str | None:
        """The value of a full key."""
        document = self._document(stack.config_path)
        given = document.get("config")
        config = given if isinstance(given, dict) else {}
        project, _, short = key.partition(":")
        names = [key, short] if project == stack.project.name else [key]
        for name in names:
            if name in config:
                return _text(config[name], key)
        if document.get("environment"):
            raise Hidden(f"the configuration value {key}, which an environment may give")
        for name in names:
            if name in stack.fleet_config:
                return stack.fleet_config[name]
        for name in names:
            if name in stack.project.config:
                return _default(stack.project.config[name], key)
        return None

    def _document(self, path: Path) -> Mapping[str, Any]:
        if path not in self._read:
            try:
                root = documents.parse(files.read(path), path.name).root
            except files.Refused:
                root = None
            plain = root.plain() if root is not None else None
            self._read[path] = plain if isinstance(plain, dict) else {}
        return self._read[path]


def _default(declared: Any, key: str) -> str | None:
    """A value of the project file: written plainly, or with a type (`value`, `default`)."""
    if isinstance(declared, dict) and declared.keys() & {"type", "value", "default", "secret", "description", "items"}:
        if declared.get("secret"):
            raise Hidden(f"the secret {key}")
        value = declared.get("value", declared.get("default"))
        return None if value is None else _text(value, key)
    return _text(declared, key)


def _text(value: Any, key: str) -> str:
    if isinstance(value, str):
        return value
    if _secret(value):
        raise Hidden(f"the secret {key}")
    return "" if value is None else json.dumps(value, separators=(",", ":"))


def _secret(value: Any) -> bool:
    if isinstance(value, dict):
        return "secure" in value or any(map(_secret, value.values()))
    return isinstance(value, list) and any(map(_secret, value))
