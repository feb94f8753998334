"""Makes the steps that were decided: the intent is durable before, the result after, each effect.

Follows pulumi/pulumi pkg/resource/deploy/step.go and step_executor.go. A preview goes the same way, with
providers told to change nothing and nothing written.
"""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from stackyard import errors
from stackyard.engines.embedded import builtin, marking
from stackyard.engines.embedded.actions import Action, label
from stackyard.engines.embedded.record import Held
from stackyard.engines.embedded.session import Session, Stopped, now
from stackyard.model import values
from stackyard.model.plans import Op, Plan
from stackyard.model.resources import CustomTimeouts, Resource
from stackyard.model.values import UNKNOWN, Properties
from stackyard.providers.base import CreateRequest, DeleteRequest, Made, Provider, ReadRequest, UpdateRequest

TOKEN: Final = "stackyardToken"
"""Key of `Resource.extra` under which a pending creation keeps the token that its provider was given."""

_HARMFUL: Final = {Op.REPLACE, Op.CREATE_REPLACEMENT, Op.DELETE_REPLACED, Op.DELETE, Op.READ_REPLACEMENT}
_NO_TIMEOUTS: Final = CustomTimeouts()


class Executor:
    """Runs chains of steps; at most `options.parallel` provider calls at once."""

    def __init__(self, session: Session, plan: Plan | None) -> None:
        self._session = session
        self._slots = asyncio.Semaphore(max(1, session.context.options.parallel))
        self._planned = None if plan is None else Counter((step.urn, step.op) for step in plan.steps)
        self._deleting: dict[int | None, asyncio.Event] = {}
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._effects: dict[Op, Callable[[Action], Awaitable[Held | None]]] = {
            Op.SAME: self._same,
            Op.CREATE: self._create,
            Op.CREATE_REPLACEMENT: self._create,
            Op.UPDATE: self._update,
            Op.REPLACE: self._nothing,
            Op.DELETE: self._delete,
            Op.DELETE_REPLACED: self._delete,
            Op.READ_DISCARD: self._forget,
            Op.REMOVE_PENDING_REPLACE: self._forget,
            Op.READ: self._read,
            Op.READ_REPLACEMENT: self._read,
            Op.IMPORT: self._import,
            Op.IMPORT_REPLACEMENT: self._import,
        }

    async def idle(self) -> None:
        """Returns when no step is running."""
        await self._idle.wait()

    async def run(self, chain: Sequence[Action]) -> Held | None:
        """Make the steps of one chain, one after another; answers what the last one left.

        When the caller is cancelled (its program ended), the step that runs is finished and no other begins.
        Raises Stopped when the chain may not go on, and when a step of it failed (which has been reported).
        """
        held: Held | None = None
        promises = [(action, self._promise(action)) for action in chain]
        try:
            for action, promise in promises:
                self._session.check_going()
                self._check_planned(action)
                held = await asyncio.shield(self._one(action)) or held
                promise.set()
        finally:
            for _, promise in promises:
                promise.set()
        return held

    def _promise(self, action: Action) -> asyncio.Event:
        """Set when the step is over. A later chain that makes anew what this one deletes first waits for it."""
        promise = asyncio.Event()
        if action.pending and action.old is not None:
            self._deleting[action.old.old] = promise
        return promise

    def _check_planned(self, action: Action) -> None:
        if self._planned is None or action.op not in _HARMFUL or action.resource.is_provider:
            return
        if self._planned[action.urn, action.op] > 0:
            self._planned[action.urn, action.op] -= 1
            return
        self._session.report.error(
            f"{label(action.resource)}: the update would {action.op} it, which its plan does not have",
            hint="preview again, and bring the stack up if you agree with what it shows",
            position=action.position or self._session.position(action.resource),
            urn=action.urn,
        )
        raise Stopped("the update met a step that its plan does not have")

    async def _one(self, action: Action) -> Held | None:
        self._running += 1
        self._idle.clear()
        begun = time.monotonic()
        self._session.report.started(action)
        try:
            held = await self._effects[action.op](action)
        except Exception as fault:
            self._failed(action, fault, time.monotonic() - begun)
            raise Stopped(f"{action.urn} failed") from fault
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()
        unhealthy = held.resource.init_errors if held and action.op in _MAKING else ()
        error = "; ".join(unhealthy)
        step = action.step(held.resource if held else action.new if action.op is Op.REPLACE else None)
        self._session.report.finished(step, time.monotonic() - begun, error)
        if unhealthy:
            self._unhealthy(action, unhealthy)
        return held

    def _failed(self, action: Action, fault: Exception, seconds: float) -> None:
        if isinstance(fault, errors.StateError):
            self._session.fatal = fault
            self._session.stopping.set()
        where = action.position or self._session.position(action.resource)
        self._session.broken.add(action.urn)
        self._session.report.fault(fault, position=where, urn=action.urn)
        self._session.report.finished(action.step(None), seconds, str(fault) or type(fault).__name__)

    def _unhealthy(self, action: Action, reasons: tuple[str, ...]) -> None:
        self._session.broken.add(action.urn)
        self._session.report.error(
            f"{label(action.resource)} was made but is not healthy: " + "; ".join(reasons),
            hint="it is recorded; the next update tries to finish it",
            position=action.position,
            urn=action.urn,
        )
        raise Stopped(f"{action.urn} is not healthy")

    def _keep(self, resource: Resource, number: int) -> Held:
        self._session.report.scrubber.learn(resource.inputs)
        self._session.report.scrubber.learn(resource.outputs)
        return Held(resource, of=number)

    async def _nothing(self, action: Action) -> Held | None:
        return None

    async def _same(self, action: Action) -> Held:
        old, new, number = action.recorded, action.wanted, self._session.record.number()
        outputs = marking.outputs(new, old.outputs) if new.custom else old.outputs
        resource = new.replaced(id=old.id, outputs=outputs)
        if resource.is_provider:
            await self._register_provider(resource)
        self._session.record.noted(number, Op.SAME, resource, action.old)
        return self._keep(resource, number)

    async def _create(self, action: Action) -> Held:
        number, new = self._session.record.number(), action.wanted
        await self._wait_deleted(action)
        if not new.custom:
            resource = new.replaced(created=now(), modified=now())
            self._session.record.noted(number, action.op, resource, action.old)
        elif new.is_provider:
            resource = await self._create_provider(new, action.old)
            self._session.record.noted(number, action.op, resource, action.old)
        else:
            resource = await self._make(action, new, number, action.maker)
            await self._session.record.done(number, action.op, resource, action.old)
        return self._keep(resource, number)

    async def _wait_deleted(self, action: Action) -> None:
        promise = self._deleting.get(action.old.old) if action.old else None
        if promise is not None:
            await promise.wait()
            if action.old and not self._gone(action.old):
                raise errors.EngineError(
                    f"{label(action.resource)} cannot be made anew, because it could not be deleted"
                )

    def _gone(self, held: Held) -> bool:
        current = self._session.record.refreshed(held)
        return current is None or current.resource.pending_replacement

    async def _make(self, action: Action, new: Resource, number: int, provider: Provider) -> Resource:
        dry_run, token = self._session.dry_run, secrets.token_hex(16)
        timeout = (new.custom_timeouts or _NO_TIMEOUTS).create
        inputs = builtin.given(provider, new.inputs)
        request = CreateRequest(new.urn, new.type, inputs, "" if dry_run else token, timeout, dry_run)
        await self._session.record.begin(number, action.op, new.replaced(extra={**new.extra, TOKEN: token}))
        async with self._slots:
            made = await self._refusable(provider.create(request), number, action.op)
        if not dry_run and not made.id:
            raise errors.ProviderError(f"the provider of {new.type} made {new.urn} but gave no id")
        return self._made(new, made).replaced(created=now(), modified=now())

    async def _refusable(self, call: Awaitable[Made], number: int, op: Op) -> Made:
        """Await a call. A refusal takes the intent back; after anything else it stands, to be looked into."""
        try:
            return await call
        except errors.UncertainError:
            raise
        except errors.ProviderError:
            await self._session.record.failed(number, op)
            raise

    def _made(self, new: Resource, made: Made) -> Resource:
        inputs = new.inputs if made.inputs is None else marking.carry(made.inputs, new.inputs)
        resource = new.replaced(
            id="" if made.id is UNKNOWN else made.id, inputs=inputs, init_errors=tuple(made.init_errors)
        )
        return resource.replaced(outputs=marking.outputs(resource, made.outputs))

    async def _create_provider(self, new: Resource, old: Held | None) -> Resource:
        id_ = self._session.identity("provider", new.urn, old.resource.id if old else "")
        resource = new.replaced(id=id_, outputs=_provider_outputs(new), created=now(), modified=now())
        await self._register_provider(resource)
        return resource

    async def _register_provider(self, resource: Resource) -> None:
        self._session.pool.put(resource, await self._session.pool.open(resource))

    async def _update(self, action: Action) -> Held:
        number, old = self._session.record.number(), action.recorded
        new = action.wanted.replaced(id=old.id)
        if not new.custom:
            resource = new.replaced(outputs={})
            self._session.record.noted(number, Op.UPDATE, resource, action.old)
        elif new.is_provider:
            resource = new.replaced(outputs=_provider_outputs(new), modified=now())
            await self._register_provider(resource)
            self._session.record.noted(number, Op.UPDATE, resource, action.old)
        else:
            resource = await self._change(action, old, new, number)
            await self._session.record.done(number, Op.UPDATE, resource, action.old)
        return self._keep(resource, number)

    async def _change(self, action: Action, old: Resource, new: Resource, number: int) -> Resource:
        request = UpdateRequest(
            new.urn,
            new.type,
            builtin.shown(action.maker, old),
            builtin.given(action.maker, new.inputs),
            new.ignore_changes,
            (new.custom_timeouts or _NO_TIMEOUTS).update,
            self._session.dry_run,
        )
        await self._session.record.begin(number, Op.UPDATE, new)
        async with self._slots:
            made = await self._refusable(action.maker.update(request), number, Op.UPDATE)
        resource = self._made(new, made).replaced(modified=now())
        return resource.replaced(inputs=old.inputs) if made.init_errors else resource

    async def _delete(self, action: Action) -> Held | None:
        number, old = self._session.record.number(), action.recorded
        left = old.replaced(pending_replacement=True) if action.pending else None
        if not old.custom or old.external or old.is_provider or action.spared or action.provider is None:
            self._session.record.noted(number, action.op, left, action.old)
        else:
            await self._session.record.begin(number, action.op, old, action.old)
            await self._remove(action, old, number, action.provider)
            await self._session.record.done(number, action.op, left, action.old)
        return None

    async def _remove(self, action: Action, old: Resource, number: int, provider: Provider) -> None:
        if self._session.dry_run:
            return
        timeout = (old.custom_timeouts or _NO_TIMEOUTS).delete
        async with self._slots:
            try:
                await provider.delete(DeleteRequest(builtin.shown(provider, old), timeout))
            except errors.UncertainError:
                raise
            except errors.ProviderError:
                await self._session.record.failed(number, action.op)
                raise

    async def _forget(self, action: Action) -> Held | None:
        self._session.record.noted(self._session.record.number(), action.op, None, action.old)
        return None

    async def _read(self, action: Action) -> Held:
        assert action.read is not None
        number, new = self._session.record.number(), action.wanted
        if action.read.id is UNKNOWN:
            return self._keep(new.replaced(id="", outputs={}), number)
        inputs = builtin.given(action.maker, new.inputs)
        async with self._slots:
            made = await action.maker.read(ReadRequest(new.urn, new.type, action.read.id, inputs, inputs))
        if made is None:
            raise errors.ProviderError(f"{new.type} {action.read.name!r}: there is none with the id {action.read.id!r}")
        old = action.old.resource if action.old else None
        read = self._made(new, dataclasses.replace(made, inputs=None))
        read = read.replaced(created=old.created if old else "", modified=old.modified if old else "")
        if old is None or not values.equal(old.outputs, read.outputs):
            read = read.replaced(modified=now())
        self._session.record.noted(number, action.op, read, action.old)
        return self._keep(read, number)

    async def _import(self, action: Action) -> Held:
        number, new = self._session.record.number(), action.wanted
        async with self._slots:
            made = await action.maker.read(ReadRequest(new.urn, new.type, new.import_id))
        if made is None:
            raise errors.ProviderError(f"{new.type}: there is none with the id {new.import_id!r} to import")
        found = self._made(new.replaced(inputs=dict(made.inputs or new.inputs)), made)
        resource = found.replaced(created=now(), modified=now())
        await self._session.record.done(number, action.op, resource, action.old)
        return self._keep(resource, number)


_MAKING: Final = {Op.CREATE, Op.CREATE_REPLACEMENT, Op.UPDATE, Op.READ, Op.READ_REPLACEMENT}


def _provider_outputs(resource: Resource) -> Properties:
    return {key: value for key, value in resource.inputs.items() if key != "__internal"}
