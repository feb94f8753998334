"""Resources that exist only in state: made from their inputs once, then remembered.

`RecordedProvider` is the whole of a provider whose resources have nothing behind them outside the checkpoint
(random values, keys, certificates); a `Recorder` is one resource type of it.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Mapping

from stackyard import errors
from stackyard.model.plans import Change, PropertyChange
from stackyard.model.registrations import CheckFailure, Invoked
from stackyard.model.values import UNKNOWN, Properties, Secret, Value, has_unknown
from stackyard.providers import base, diffing, schemas

Making = tuple[str, Properties]


def _no_faults(inputs: Properties) -> tuple[CheckFailure, ...]:
    return ()


@dataclasses.dataclass(frozen=True, slots=True)
class Recorder:
    """One resource type.

    make      inputs with their defaults → (id, computed outputs); runs in a thread
    computed  names of the outputs that `make` gives; `secrets` are those that must not be shown
    adopt     import id → (id, inputs, computed outputs); None when it cannot be imported. Raises ValueError
    faults    what is wrong beyond the schema; only called when everything is known
    derive    outputs that follow from inputs alone, known in previews too
    expired   recorded outputs, new inputs → name of the output that is out of date, or ""
    withheld  inputs that are never recorded in outputs
    """

    schema: schemas.Schema
    make: Callable[[Properties], Making]
    computed: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    adopt: Callable[[str], tuple[str, Properties, Properties]] | None = None
    faults: Callable[[Properties], tuple[CheckFailure, ...]] = _no_faults
    derive: Callable[[Properties], Properties] = dict
    expired: Callable[[Properties, Properties], str] | None = None
    withheld: tuple[str, ...] = ()


class RecordedProvider:
    """A provider of recorded resources. `functions` maps the token of each function to what computes it."""

    simulated = False

    def __init__(
        self,
        package: str,
        recorders: Mapping[str, Recorder],
        functions: Mapping[str, Callable[[Properties], Properties]] | None = None,
    ) -> None:
        self._package = package
        self._recorders = recorders
        self._functions = functions or {}

    async def configure(self, settings: base.Settings) -> None:
        """Nothing to configure."""

    async def close(self) -> None:
        """Nothing is held."""

    async def check(self, request: base.CheckRequest) -> base.Checked:
        """Validate against the schema, then across properties."""
        recorder = self._recorder(request.type)
        inputs, failures = schemas.check(recorder.schema, request.inputs, request.type)
        if not failures and not has_unknown(inputs):
            failures = recorder.faults(schemas.with_defaults(recorder.schema, inputs))
        return base.Checked(inputs, failures)

    async def diff(self, request: base.DiffRequest) -> base.Difference:
        """Compare what counts (defaults filled in), so that spelling out a default changes nothing."""
        recorder = self._recorder(request.type)
        schema = recorder.schema
        old, new = (
            recorder.derive(schemas.with_defaults(schema, inputs)) for inputs in (request.old.inputs, request.inputs)
        )
        changes = diffing.compare(old, new, ignore=request.ignore_changes, forces=schemas.replacing(schema))
        replaces = tuple(change.path for change in changes if change.forces)
        expired = recorder.expired(request.old.outputs, new) if recorder.expired else ""
        if expired:
            changes += (PropertyChange(expired, Change.UPDATE, forces=True),)
            replaces += (expired,)
        return base.Difference(changes, replaces)

    async def create(self, request: base.CreateRequest) -> base.Made:
        """Compute the outputs; in a preview they are unknown."""
        recorder = self._recorder(request.type)
        inputs = recorder.derive(schemas.with_defaults(recorder.schema, request.inputs))
        if request.preview:
            unknown = dict.fromkeys(recorder.computed, UNKNOWN)
            return base.Made(id=UNKNOWN, outputs={**_shown(recorder, inputs), **unknown})
        try:
            id_, computed = await asyncio.to_thread(recorder.make, inputs)
        except ValueError as error:
            raise errors.ProviderError(f"create of {request.type} failed: {error}") from error
        return base.Made(id=id_, outputs=_sealed(recorder, {**_shown(recorder, inputs), **computed}))

    async def read(self, request: base.ReadRequest) -> base.Made | None:
        """What is recorded is what exists; without a record the id must say it all."""
        recorder = self._recorder(request.type)
        if request.outputs:
            late = recorder.expired(request.outputs, request.inputs) if recorder.expired else ""
            outputs = {**request.outputs, **({late: True} if late else {})}
            return base.Made(request.id, _sealed(recorder, outputs), request.inputs)
        if recorder.adopt is None:
            raise errors.ProviderError(
                f"read of {request.type} failed: it exists only in state, so it cannot be imported or looked up",
                hint="create it instead",
            )
        try:
            id_, inputs, computed = await asyncio.to_thread(recorder.adopt, request.id)
        except ValueError as error:
            raise errors.ProviderError(f"read of {request.type} failed: {error}") from error
        outputs = {**recorder.derive(schemas.with_defaults(recorder.schema, inputs)), **computed}
        return base.Made(id_, _sealed(recorder, outputs), inputs)

    async def update(self, request: base.UpdateRequest) -> base.Made:
        """Record the new inputs; what was computed stays."""
        recorder = self._recorder(request.type)
        inputs = recorder.derive(schemas.with_defaults(recorder.schema, request.inputs))
        kept = {name: value for name, value in request.old.outputs.items() if name in recorder.computed}
        return base.Made(request.old.id, _sealed(recorder, {**_shown(recorder, inputs), **kept}))

    async def delete(self, request: base.DeleteRequest) -> None:
        """Nothing exists outside state."""
        self._recorder(request.resource.type)

    async def invoke(self, token: str, arguments: Properties) -> Invoked:
        """Compute a function's result; a bad argument is a failure of the call."""
        function = self._functions.get(token)
        if function is None:
            raise errors.Unsupported(f"the {self._package} provider has no function {token}")
        try:
            return Invoked(await asyncio.to_thread(function, arguments))
        except ValueError as error:
            return Invoked(failures=(CheckFailure("", str(error)),))

    async def find(self, request: base.CreateRequest) -> base.Found:
        """Never carried out as far as anybody can see: nothing exists outside state, so it is made again."""
        self._recorder(request.type)
        return base.Found(base.Presence.ABSENT)

    def _recorder(self, type_: str) -> Recorder:
        try:
            return self._recorders[type_]
        except KeyError:
            known = ", ".join(sorted(self._recorders))
            raise errors.Unsupported(
                f"the {self._package} provider has no resource type {type_}", hint=f"it has {known}"
            ) from None


def _shown(recorder: Recorder, inputs: Properties) -> Properties:
    return {name: value for name, value in inputs.items() if name not in recorder.withheld}


def _sealed(recorder: Recorder, outputs: Properties) -> Properties:
    def seal(name: str, value: Value) -> Value:
        return Secret(value) if name in recorder.secrets and value is not None else value

    return {name: seal(name, value) for name, value in outputs.items()}
