"""Hands a program what its environments give: variables, and files that are there while it runs."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from stackyard.config.environments.values import Value, text_of


class TemporaryFiles:
    """Files that environments give to programs, in a folder that only their owner may read, until `remove`."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._paths: dict[tuple[str, str, str], Path] = {}

    def variables(self, stack: str, files: Mapping[str, Value]) -> dict[str, str]:
        """The variables that hold the paths of a stack's files. Each is written once. Blocks."""
        return {name: str(self._path(stack, name, text_of(value))) for name, value in files.items()}

    def _path(self, stack: str, name: str, text: str) -> Path:
        if (stack, name, text) not in self._paths:
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="stackyard-environment-"))
            descriptor, path = tempfile.mkstemp(dir=self._folder, prefix=f"{name}-")
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            self._paths[stack, name, text] = Path(path)
        return self._paths[stack, name, text]

    def remove(self) -> None:
        """Remove them all."""
        if self._folder is not None:
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(self._folder)
        self._folder = None
        self._paths.clear()


def variables(values: Mapping[str, Value]) -> dict[str, str]:
    """Environment variables as text."""
    return {name: text_of(value) for name, value in values.items()}
