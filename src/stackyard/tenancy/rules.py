"""Rules: which ref becomes which environment, and whether the project has what they name."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from stackyard.errors import Position
from stackyard.estate import documents
from stackyard.model import diagnostics, refs, tenants
from stackyard.model.diagnostics import Diagnostic
from stackyard.model.plain import suggest
from stackyard.model.tenants import Rule
from stackyard.tenancy.meltano import Manifest

PLACE: Final = ".stackyard/rules.yaml"
"""Where a repository keeps its rules when the organization's file has none for it."""
_KINDS: Final = {"refs/heads/": "branch", "refs/tags/": "tag"}


@dataclasses.dataclass(frozen=True, slots=True)
class Match:
    """The rule that decides about a ref, its place among the rules, and the name of the environment it makes."""

    rule: Rule
    order: int
    name: str


def match(rules: Sequence[Rule], ref: str) -> Match | None:
    """The first rule that matches a full ref name (`refs/heads/main`); None when none does, or for other refs."""
    for prefix, kind in _KINDS.items():
        if ref.startswith(prefix):
            short = ref.removeprefix(prefix)
            for order, rule in enumerate(rules):
                if rule.kind == kind and refs.matches(rule.pattern, short):
                    return Match(rule, order, refs.environment_name(rule.name, short))
    return None


def read_repository(text: str, path: str = PLACE) -> tuple[tuple[Rule, ...], tuple[Diagnostic, ...]]:
    """The rules of a repository's own file, none when it has a fault; every fault with its position."""
    document = documents.parse(text, path)
    if document.diagnostics:
        return (), document.diagnostics
    root = document.root
    found, faults = tenants.read_rules(root.plain() if root else None)

    def position(place: tuple[str | int, ...]) -> Position:
        return root.at(*place).position if root else Position(path, 1)

    return found, tuple(diagnostics.error(f.message, hint=f.hint, position=position(f.path)) for f in faults)


def check_manifest(
    rules: Sequence[Rule], manifest: Manifest, position: Callable[[int, str], Position | None]
) -> tuple[Diagnostic, ...]:
    """What the rules name and the project lacks. `position` says where a rule's key stands: `(0, "environment")`."""
    return tuple(fault for order, rule in enumerate(rules) for fault in _lacking(order, rule, manifest, position))


def _lacking(
    order: int, rule: Rule, manifest: Manifest, position: Callable[[int, str], Position | None]
) -> Iterator[Diagnostic]:
    if rule.environment not in manifest.environments:
        known = manifest.environments
        hint = suggest(rule.environment, list(known)) if known else f"{manifest.path} has no environments"
        message = f"{manifest.path} has no environment {rule.environment!r}"
        yield diagnostics.error(message, hint=hint, position=position(order, "environment"))
    if "schedules" in rule.services and not any(each.cron for each in manifest.schedules.values()):
        message = f"{manifest.path} has no schedule that fires by itself"
        hint = "leave the service `schedules` out, or give the project a schedule with an interval"
        yield diagnostics.error(message, hint=hint, position=position(order, "services"))
