"""Checks a hosted project against its repository: what its rules name must be there. Asks git; runs nothing of it."""

from __future__ import annotations

from collections.abc import Callable

from stackyard.errors import Position, SourceError, Unreachable
from stackyard.estate import documents
from stackyard.model import diagnostics
from stackyard.model.diagnostics import Diagnostic
from stackyard.model.tenants import HostedProject, Rule
from stackyard.tenancy import meltano, rules, sources
from stackyard.tenancy.registry import Entry
from stackyard.tenancy.sources import Commit

Locate = Callable[[int, str], Position | None]


def check(entry: Entry, project: HostedProject) -> tuple[Diagnostic, ...]:
    """The faults of a project at its repository's default branch, and what its rules name that is not there.

    A repository that cannot be asked is a warning. Positions are in the organization's file where the fault is that
    file's, else `organization/project:path`. Blocks.
    """
    label, place = f"{entry.name}/{project.name}", ("projects", project.name)
    try:
        head = sources.head(project.repository)
        if not head:
            message = f"{label}: its repository has no default branch"
            return (diagnostics.warning(message, hint="push one", position=entry.position(*place)),)
        return _checked(entry, project, sources.fetch(project.repository, head))
    except Unreachable as fault:
        where = entry.position(*place, "repository")
        return (diagnostics.warning(f"{label}: {fault.message}", hint=fault.hint, position=where),)
    except SourceError as fault:
        where = entry.position(*place, "manifest")
        return (diagnostics.error(f"{label}: {fault.message}", hint=fault.hint, position=where),)


def _checked(entry: Entry, project: HostedProject, commit: Commit) -> tuple[Diagnostic, ...]:
    label = f"{entry.name}/{project.name}"
    its_rules, locate, told = _rules(entry, project, commit)
    manifest, found = meltano.read(
        commit.text(project.manifest), f"{label}:{project.manifest}", commit.included(project.manifest)
    )
    told += found
    return told if manifest is None else (*told, *rules.check_manifest(its_rules, manifest, locate))


def _rules(
    entry: Entry, project: HostedProject, commit: Commit
) -> tuple[tuple[Rule, ...], Locate, tuple[Diagnostic, ...]]:
    """The rules that count, where each stands, and what is wrong with them."""
    label = f"{entry.name}/{project.name}"
    if project.rules or rules.PLACE not in commit.paths():
        told: tuple[Diagnostic, ...] = ()
        if not project.rules:
            hint = f"write `rules:` here, or {rules.PLACE} into the repository"
            where = entry.position("projects", project.name)
            told = (
                diagnostics.warning(f"{label} has no rules: no ref becomes an environment", hint=hint, position=where),
            )
        return project.rules, lambda order, key: entry.position("projects", project.name, "rules", order, key), told
    path, text = f"{label}:{rules.PLACE}", commit.text(rules.PLACE)
    found, told = rules.read_repository(text, path)
    root = documents.parse(text, path).root
    return found, lambda order, key: root.at("rules", order, key).position if root else Position(path), told
