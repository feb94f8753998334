"""Hosted projects of an organization's file."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Final

from stackyard import errors
from stackyard.estate import files as sources
from stackyard.kit import files
from stackyard.operations import tenants
from stackyard.operations.hosting import Hosting
from stackyard.operations.workspace import Opening, Workspace
from stackyard.tenancy import registry, writing
from stackyard.tenancy.registry import Entry

USUAL: Final[Sequence[Mapping[str, Any]]] = (
    {"branch": "main", "environment": "prod", "services": ["schedules"]},
    {"branch": "feature/**", "environment": "dev", "name": "dev-{slug}", "expires": "72h"},
)
"""The rules of a project for which none are said."""


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """A project to be added; `rules` as the file says them, empty for the usual ones."""

    name: str
    repository: str
    manifest: str = ""
    secrets: tuple[str, ...] = ()
    variables: Mapping[str, str] = dataclasses.field(default_factory=dict)
    rules: tuple[Mapping[str, Any], ...] = ()

    def said(self) -> dict[str, Any]:
        """What the file is to say of it."""
        optional = {"manifest": self.manifest, "variables": dict(self.variables), "secrets": list(self.secrets)}
        given = {key: value for key, value in optional.items() if value}
        return {"repository": self.repository, **given, "rules": [dict(rule) for rule in self.rules or USUAL]}


async def add(opening: Opening, organization: str, wanted: Wanted) -> str:
    """Write a project into its organization's file; the file's path. Raises DiagnosedError with every fault of it."""
    async with tenants.opened(opening) as workspace:
        entry = tenants.found(Hosting(workspace), organization)
        if entry.organization is None:
            raise errors.DiagnosedError(entry.diagnostics)
        before = sources.read(entry.file)
        _write(entry, before, writing.with_project(before, wanted.name, wanted.said(), entry.path), workspace)
        return entry.path


async def remove(opening: Opening, organization: str, name: str) -> str:
    """Take a project out of its organization's file; the file's path. What is deployed of it stays until a reconcile.

    Raises ConfigError when it is not there.
    """
    async with tenants.opened(opening) as workspace:
        entry = tenants.found(Hosting(workspace), organization)
        before = sources.read(entry.file)
        _write(entry, before, writing.without_project(before, name, entry.path), workspace)
        return entry.path


def _write(entry: Entry, before: str, text: str, workspace: Workspace) -> None:
    """Write a file, unless that would make it faulty: then it is as it was, and DiagnosedError is raised."""
    files.write(entry.file, text.encode())
    after = registry.entry(entry.file, workspace.estate.root)
    if after.organization is None:
        files.write(entry.file, before.encode())
        raise errors.DiagnosedError(after.diagnostics)
