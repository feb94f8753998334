"""Brings the record in line with what really exists.

Follows RefreshStep of pulumi/pulumi pkg/resource/deploy/step.go.
"""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Sequence
from typing import Final

from stackyard.engines.embedded import builtin, marking
from stackyard.engines.embedded.executor import Executor
from stackyard.engines.embedded.record import Held
from stackyard.engines.embedded.session import Session, Stopped, now
from stackyard.model import values
from stackyard.model.plans import Op, Operation, PropertyChange, Step
from stackyard.model.resources import Resource
from stackyard.providers import diffing
from stackyard.providers.base import Made, ReadRequest

_SUSPICIOUS: Final = 3


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """A resource as it was found, None when it is gone, and how long looking took."""

    resource: Resource | None
    seconds: float


class Refresh:
    """Reads every resource of the record, in parallel; then drops what is gone."""

    def __init__(self, session: Session, executor: Executor) -> None:
        self._session = session
        self._slots = asyncio.Semaphore(max(1, session.context.options.parallel))

    async def run(self) -> None:
        """Read all. Raises Stopped when any read failed or nothing may start; what was read is recorded."""
        held = [each for each in self._session.record.current() if _is_readable(each.resource)]
        results = await asyncio.gather(*(self._one(each) for each in held), return_exceptions=True)
        self._check_place(results)
        for each, found in zip(held, results, strict=True):
            if isinstance(found, Finding):
                self._record(each, found)
        await self._session.record.rebase()
        self._session.learn_record()
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _one(self, held: Held) -> Finding:
        self._session.check_going()
        begun, old = time.monotonic(), held.resource
        try:
            made = await self._read(old)
        except Exception as fault:
            self._session.report.fault(fault, position=self._session.position(old), urn=old.urn)
            raise Stopped(f"{old.urn} could not be read") from fault
        return Finding(None if made is None else _refreshed(old, made), time.monotonic() - begun)

    def _check_place(self, results: Sequence[Finding | BaseException]) -> None:
        """In a real cloud, when nothing at all is found, the likely fault is where we looked."""
        stack, gone = self._session.context.stack, [isinstance(r, Finding) and r.resource is None for r in results]
        if stack.cloud == "embedded" or len(gone) < _SUSPICIOUS or not all(gone):
            return
        self._session.report.error(
            f"none of the {len(gone)} recorded resources of {stack.name.short} was found; nothing was forgotten",
            hint="check account, region and credentials; if everything is really gone, destroy the stack",
        )
        raise Stopped("nothing was found")

    def _record(self, held: Held, found: Finding) -> None:
        old, new = held.resource, found.resource
        changes = () if new is None or old.external else diffing.compare(old.outputs, new.outputs)
        self._session.record.noted(self._session.record.number(), Op.REFRESH, new, held)
        step = Step(self._op(new, changes), old.urn, old.type, old, new, changes)
        self._session.report.finished(step, found.seconds)

    async def _read(self, old: Resource) -> Made | None:
        provider = await self._session.pool.ensure(old.provider)
        plain = builtin.shown(provider, old)
        async with self._slots:
            return await provider.read(ReadRequest(old.urn, old.type, old.id, plain.inputs, plain.outputs))

    def _op(self, new: Resource | None, changes: tuple[PropertyChange, ...]) -> Op:
        """In a refresh, what becomes of the record; before an update, only that it was refreshed."""
        if self._session.operation is not Operation.REFRESH:
            return Op.REFRESH
        if new is None:
            return Op.DELETE
        return Op.UPDATE if changes else Op.SAME


def _is_readable(resource: Resource) -> bool:
    return resource.custom and not resource.is_provider and not resource.pending_replacement


def _refreshed(old: Resource, made: Made) -> Resource:
    inputs = old.inputs if made.inputs is None else marking.carry(made.inputs, old.inputs)
    new = old.replaced(id=made.id, inputs=inputs, init_errors=tuple(made.init_errors))
    new = new.replaced(outputs=marking.outputs(new, made.outputs))
    changed = not values.equal(old.outputs, new.outputs) or not values.equal(old.inputs, new.inputs)
    return new.replaced(modified=now()) if changed else new
