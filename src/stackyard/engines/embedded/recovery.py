"""Before anything else: what a killed run left half done is looked into and repaired."""

from __future__ import annotations

from stackyard import errors
from stackyard.engines.embedded import builtin, marking
from stackyard.engines.embedded.actions import label
from stackyard.engines.embedded.executor import TOKEN
from stackyard.engines.embedded.record import Held
from stackyard.engines.embedded.session import Session, Stopped, now
from stackyard.model.checkpoints import Pending, PendingOperation
from stackyard.model.journals import JournalEntry, Phase
from stackyard.model.plans import Op, Operation
from stackyard.model.resources import Resource
from stackyard.providers.base import CreateRequest, Found, Made, Presence, Provider, ReadRequest

_OPS = {
    Pending.CREATING: Op.CREATE,
    Pending.UPDATING: Op.UPDATE,
    Pending.DELETING: Op.DELETE,
    Pending.READING: Op.READ,
    Pending.IMPORTING: Op.IMPORT,
}


class Recovery:
    """Resolves the pending operations of the record. A preview resolves them in memory only."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def run(self) -> None:
        """Resolve all. Raises Stopped when one cannot be told for sure; which and why has been reported."""
        pending = self._session.record.base.pending
        if not pending:
            return
        unsure = False
        for index, operation in enumerate(pending):
            try:
                await self._resolve(index, operation)
            except errors.StateError:
                raise
            except errors.StackyardError as fault:
                unsure = True
                self._report(operation, fault)
        await self._session.record.rebase()
        self._session.record.is_repaired = True
        self._session.learn_record()
        if unsure:
            raise Stopped("an earlier run was killed, and what it left is not certain")

    def _report(self, operation: PendingOperation, fault: errors.StackyardError) -> None:
        resource = operation.resource
        self._session.report.error(
            f"{label(resource)} was being changed ({operation.kind}) when an earlier run was killed,"
            f" and it cannot be told what came of it: {fault.message}",
            hint=fault.hint or "look for it yourself; `stackyard refresh` then forgets that it was being changed",
            position=self._session.position(resource),
            urn=resource.urn,
        )

    async def _resolve(self, index: int, operation: PendingOperation) -> None:
        resource, result = operation.resource, None
        if resource.custom and not resource.is_provider:
            if operation.kind is Pending.CREATING:
                result = await self._created(resource)
            elif operation.kind in {Pending.UPDATING, Pending.DELETING}:
                result = await self._looked_at(operation)
        number = self._session.record.number()
        entry = JournalEntry(number, Phase.RESOLVED, _OPS[operation.kind], old=index, resource=result)
        await self._session.record.write(entry)

    async def _created(self, pending: Resource) -> Resource | None:
        """What an interrupted creation made; None when it made nothing. Raises EngineError when that is not sure."""
        provider = await self._session.pool.ensure(pending.provider)
        token = str(pending.extra.get(TOKEN, ""))
        inputs = builtin.given(provider, pending.inputs)
        found: Found = await provider.find(CreateRequest(pending.urn, pending.type, inputs, token))
        if found.presence is Presence.ABSENT:
            return None
        if found.presence is Presence.UNSURE or found.made is None:
            self._unsure(pending, found.reason or "its provider cannot find out")
            return None
        plain = pending.replaced(extra={key: value for key, value in pending.extra.items() if key != TOKEN})
        return _with(plain, found.made).replaced(created=now(), modified=now())

    def _unsure(self, pending: Resource, reason: str) -> None:
        """A refresh forgets the intent, and says so; anything else must not go on. Raises EngineError."""
        if self._session.operation is not Operation.REFRESH:
            raise errors.EngineError(reason)
        self._session.report.warning(
            f"{label(pending)} may or may not have been made when an earlier run was killed;"
            f" that is forgotten now: {reason}",
            hint="if it exists, import it or delete it yourself",
            position=self._session.position(pending),
            urn=pending.urn,
        )

    async def _looked_at(self, operation: PendingOperation) -> Resource | None:
        """The recorded resource as it now is. One that is gone stays in the record, as waiting to be made anew,
        unless it was only waiting for its deletion."""
        held = self._recorded(operation.resource)
        if held is None:
            return None
        resource = held.resource
        provider: Provider = await self._session.pool.ensure(resource.provider)
        plain = builtin.shown(provider, resource)
        made = await provider.read(ReadRequest(resource.urn, resource.type, resource.id, plain.inputs, plain.outputs))
        if made is not None:
            return _with(resource, made)
        if not resource.delete:
            return resource.replaced(pending_replacement=True)
        await self._session.record.done(self._session.record.number(), Op.DELETE_REPLACED, None, held)
        return None

    def _recorded(self, resource: Resource) -> Held | None:
        same = (each for each in self._session.record.current() if each.resource.id == resource.id)
        return next((each for each in same if each.resource.urn in (resource.urn, *resource.aliases)), None)


def _with(resource: Resource, made: Made) -> Resource:
    inputs = resource.inputs if made.inputs is None else marking.carry(made.inputs, resource.inputs)
    changed = resource.replaced(id=made.id, inputs=inputs, init_errors=tuple(made.init_errors))
    return changed.replaced(outputs=marking.outputs(changed, made.outputs))
