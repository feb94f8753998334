"""What a reader of one tool's project files does."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from stackyard.model.diagnostics import Diagnostic
from stackyard.model.estates import Project


@dataclasses.dataclass(frozen=True, slots=True)
class ReadProject:
    """A project as its own file describes it; None when the file cannot be read. All of it is data."""

    project: Project | None
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class StackFile:
    """A stack that has a file: the stack's name and the file's, in the project's folder or its config folder."""

    stack: str
    file: str


class Reader(Protocol):
    """Reads the projects of one tool. Has no state; may be called from any thread."""

    tool: str
    """The tool's name."""

    files: Sequence[str]
    """File names that make a folder a project of this tool; the first that is there is the one that is read."""

    def concerns(self, name: str) -> bool:
        """Whether a file of this name is to be listed at all."""

    def project(self, text: str, folder: Path, path: str) -> ReadProject:
        """Read the project file's text. `folder` is absolute, `path` is how positions name the file."""

    def stack_files(self, listing: Sequence[str]) -> Sequence[StackFile]:
        """The stacks that a folder's file names say exist, by stack name."""

    def stack_file(self, project: Project, stack: str) -> Path:
        """Where the file of a stack would be."""
