"""Replacements that delete first: which dependents must go before, and in what order."""

from __future__ import annotations

from stackyard.engines.embedded import builtin
from stackyard.engines.embedded.actions import Action, label
from stackyard.engines.embedded.record import Held
from stackyard.engines.embedded.session import Refused, Session
from stackyard.errors import Position
from stackyard.model import paths, urns
from stackyard.model.plans import Op
from stackyard.model.resources import Resource
from stackyard.model.values import UNKNOWN
from stackyard.providers.base import DiffRequest


class Replacing:
    """Deletes that come before a replacement.

    deleted   URNs of resources already condemned whose replacement was not registered yet, with the reasons
    condemned every URN condemned so far: what is deletedWith one of them needs no call of its own
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.deleted: dict[str, tuple[str, ...]] = {}
        self.condemned: set[str] = set()
        self._indexes: set[int | None] = set()

    async def deletes(self, old: Held, position: Position | None) -> list[Action]:
        """The steps that delete `old`, after everything that would be replaced with it, last dependents first."""
        dependents = [*await self._dependents(old), *self._cascades(old)]
        self.condemned.add(old.resource.urn)
        actions = []
        for held, reasons in reversed(dependents):
            if held.old in self._indexes:
                continue
            self._check_protected(held.resource, old.resource, position)
            self._indexes.add(held.old)
            self.condemned.add(held.resource.urn)
            if not held.resource.delete:
                self.deleted[held.resource.urn] = reasons
            actions.append(await self._action(held, reasons, position))
        if not old.resource.pending_replacement:
            self._indexes.add(old.old)
            actions.append(await self._action(old, (), position))
        return actions

    async def _action(self, held: Held, reasons: tuple[str, ...], position: Position | None) -> Action:
        resource = held.resource
        provider = await self._session.pool.ensure(resource.provider) if resource.provider else None
        gone = resource.pending_replacement or resource.deleted_with in self.condemned
        spared = resource.retain_on_delete or gone
        return Action(
            Op.DELETE_REPLACED,
            held,
            None,
            provider,
            reasons=reasons,
            pending=not resource.delete,
            spared=spared,
            position=position,
        )

    def _check_protected(self, dependent: Resource, root: Resource, position: Position | None) -> None:
        if not dependent.protect or dependent.delete:
            return
        self._session.report.error(
            f"{label(dependent)} must be replaced together with {label(root)}, but it is protected",
            hint="remove `protect` from it in the program first",
            position=position,
            urn=dependent.urn,
        )
        raise Refused("a protected resource cannot be replaced")

    async def _dependents(self, root: Held) -> list[tuple[Held, tuple[str, ...]]]:
        """Recorded resources that a new `root` would force to be replaced, in their recorded order."""
        reached, replaced = {root.resource.urn}, {root.resource.urn}
        found = []
        for held in self._session.record.current():
            if held.old is None or root.old is None or held.old <= root.old or held.old in self._session.operated:
                continue
            if not _depends(held.resource, reached):
                continue
            reached.add(held.resource.urn)
            reasons = await self._must_replace(held.resource, replaced)
            if reasons is not None:
                replaced.add(held.resource.urn)
                found.append((held, reasons))
        return found

    async def _must_replace(self, resource: Resource, replaced: set[str]) -> tuple[str, ...] | None:
        if not resource.custom or resource.external:
            return None
        if resource.provider and urns.split_provider_reference(resource.provider)[0] in replaced:
            return ("provider",)
        if resource.deleted_with in replaced:
            return ("deletedWith",)
        touched = {key for key, names in resource.property_dependencies.items() if not replaced.isdisjoint(names)}
        if resource.is_provider or touched.isdisjoint(resource.inputs):
            return None
        provider = await self._session.pool.ensure(resource.provider)
        plain = builtin.shown(provider, resource)
        inputs = {key: UNKNOWN if key in touched else value for key, value in plain.inputs.items()}
        diff = await provider.diff(DiffRequest(resource.urn, resource.type, plain, inputs, resource.ignore_changes))
        forcing = [paths.parse(pattern) for pattern in resource.replace_on_changes]
        hits = (c.path for c in diff.changes if any(paths.matches(p, paths.parse(c.path)) for p in forcing))
        return tuple(dict.fromkeys((*diff.replaces, *hits))) or None

    def _cascades(self, root: Held) -> list[tuple[Held, tuple[str, ...]]]:
        """Recorded resources that say they are deleted or replaced with `root`."""
        urn = root.resource.urn
        return [
            (held, ())
            for held in self._session.olds.values()
            if held.old not in self._session.operated
            and (held.resource.deleted_with == urn or urn in held.resource.replace_with)
        ]


def _depends(resource: Resource, reached: set[str]) -> bool:
    needs = {*resource.dependencies, *resource.replace_with, resource.deleted_with}
    for dependencies in resource.property_dependencies.values():
        needs.update(dependencies)
    if resource.provider:
        needs.add(urns.split_provider_reference(resource.provider)[0])
    return not needs.isdisjoint(reached)
