"""Deletes what the program no longer wants, dependents first.

Follows GenerateDeletes and ScheduleDeletes of pulumi/pulumi pkg/resource/deploy/step_generator.go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from stackyard.engines.embedded.actions import Action, label
from stackyard.engines.embedded.executor import Executor
from stackyard.engines.embedded.record import Held
from stackyard.engines.embedded.session import Session, Stopped
from stackyard.model.plans import Op
from stackyard.model.resources import Resource, edges

_CALLED = {Op.DELETE, Op.DELETE_REPLACED}


class Deletion:
    """The deletes at the end of an update, or all those of a destroy."""

    def __init__(self, session: Session, executor: Executor) -> None:
        self._session = session
        self._executor = executor

    async def run(self) -> None:
        """Delete layer by layer. Nothing is deleted when anything that is to be deleted is protected."""
        condemned = [held for held in self._session.record.current() if self._is_condemned(held)]
        ops = {held.old: _op(held.resource) for held in condemned}
        if self._report_protected([held for held in condemned if ops[held.old] is Op.DELETE]):
            return
        gone = {held.resource.urn for held in condemned if ops[held.old] in _CALLED}
        for layer in layers(condemned):
            actions = [await self._action(held, ops[held.old], gone) for held in layer if not self._is_needed(held)]
            results = await asyncio.gather(*(self._executor.run([a]) for a in actions), return_exceptions=True)
            self._judge(results)

    def _judge(self, results: Sequence[Held | BaseException | None]) -> None:
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, Stopped):
                raise result
        if any(isinstance(result, Stopped) for result in results) and not self._goes_on():
            raise Stopped("the update stopped, because a deletion failed")

    def _goes_on(self) -> bool:
        going = self._session.context.options.continue_on_error
        return going and not self._session.cancelled and self._session.fatal is None

    def _is_condemned(self, held: Held) -> bool:
        return held.resource.delete or held.old not in self._session.operated

    def _is_needed(self, held: Held) -> bool:
        """Under `continue_on_error`: whether something that is still there, because it failed, needs it."""
        broken = self._session.broken
        if not broken:
            return False
        current = [each.resource for each in self._session.record.current() if each.resource.urn in broken]
        return any(held.resource.urn in edges(resource) for resource in current)

    def _report_protected(self, condemned: Sequence[Held]) -> bool:
        protected = [held.resource for held in condemned if held.resource.protect]
        for resource in protected:
            self._session.report.error(
                f"{label(resource)} must not be deleted: it is protected",
                hint="remove `protect` from it in the program and bring the stack up first",
                position=self._session.position(resource),
                urn=resource.urn,
            )
        return bool(protected)

    async def _action(self, held: Held, op: Op, gone: set[str]) -> Action:
        resource = held.resource
        called = op in _CALLED and resource.custom and not resource.is_provider and bool(resource.provider)
        provider = await self._session.pool.ensure(resource.provider) if called else None
        spared = resource.retain_on_delete or (bool(resource.deleted_with) and resource.deleted_with in gone)
        return Action(op, held, None, provider, spared=spared, position=self._session.position(resource))


def _op(resource: Resource) -> Op:
    if resource.external:
        return Op.READ_DISCARD
    if resource.delete:
        return Op.DELETE_REPLACED
    return Op.REMOVE_PENDING_REPLACE if resource.pending_replacement else Op.DELETE


def layers(condemned: Sequence[Held]) -> list[list[Held]]:
    """The same resources, in layers that may each be deleted at once, dependents before what they need.

    `condemned` is in recorded order. A dependency on a component is one on its children before it, too; a
    parent is only itself.
    """
    exact: dict[str, list[int]] = {}
    within: dict[str, list[int]] = {}
    components: dict[str, str] = {}
    depths: list[int] = []
    for index, held in enumerate(condemned):
        resource = held.resource
        needed = set(exact.get(resource.parent, ()))
        for urn in edges(resource.replaced(parent="")):
            needed.update(exact.get(urn, ()), within.get(urn, ()))
        depths.append(1 + max((depths[found] for found in needed), default=-1))
        exact.setdefault(resource.urn, []).append(index)
        around = resource.parent
        while around in components:
            within.setdefault(around, []).append(index)
            around = components[around]
        if not resource.custom:
            components[resource.urn] = resource.parent
    found: list[list[Held]] = [[] for _ in range(max(depths, default=-1) + 1)]
    for held, depth in zip(condemned, depths, strict=True):
        found[depth].append(held)
    return [list(reversed(layer)) for layer in reversed(found)]
