"""The provider of the package `pulumi`: StackReference, Stash, and functions on other stacks.

Follows pulumi/pulumi pkg/resource/deploy/builtins.go. Nothing it does has an effect outside the record.
"""

from __future__ import annotations

import uuid
from typing import Final

from stackyard import errors
from stackyard.engines.embedded.references import StackReads
from stackyard.model import urns, values
from stackyard.model.plans import Change, PropertyChange
from stackyard.model.registrations import CheckFailure, Invoked
from stackyard.model.resources import Resource
from stackyard.model.values import UNKNOWN, Properties, Value
from stackyard.providers.base import (
    Checked,
    CheckRequest,
    CreateRequest,
    DeleteRequest,
    Difference,
    DiffRequest,
    Found,
    Made,
    Presence,
    Provider,
    ReadRequest,
    Settings,
    UpdateRequest,
)

PACKAGE: Final = "pulumi"
STASH_TYPE: Final = "pulumi:index:Stash"
_INPUTS: Final = {urns.REFERENCE_TYPE: "name", STASH_TYPE: "input"}


class Builtins:
    """Resources that the engine itself provides, for one operation on one stack. It is given secrets as secrets."""

    simulated = False

    def __init__(self, reads: StackReads) -> None:
        self._reads = reads

    async def configure(self, settings: Settings) -> None:
        """It has no settings."""

    async def close(self) -> None:
        """It has nothing to let go of."""

    async def check(self, request: CheckRequest) -> Checked:
        """Each type has one input, which must be given."""
        wanted = self._input(request.type)
        failures = [CheckFailure(key, f'unknown property "{key}"') for key in request.inputs if key != wanted]
        if wanted not in request.inputs:
            failures.append(CheckFailure(wanted, f'missing required property "{wanted}"'))
        return Checked(request.inputs, tuple(failures))

    async def diff(self, request: DiffRequest) -> Difference:
        """A changed name of a stack is another reference; a stash is updated, also when only its secrecy changed."""
        key = self._input(request.type)
        old, new = request.old.inputs.get(key), request.inputs.get(key)
        if values.equal(old, new) and values.equal(values.mask(old), values.mask(new)):
            return Difference()
        forces = request.type == urns.REFERENCE_TYPE
        return Difference((PropertyChange(key, Change.UPDATE, forces),), (key,) if forces else ())

    async def create(self, request: CreateRequest) -> Made:
        """A stash keeps its first input as its output."""
        id_ = UNKNOWN if request.preview else str(uuid.uuid4())
        if request.type == STASH_TYPE:
            value = request.inputs.get("input")
            return Made(id_, {"input": value, "output": value})
        return Made(id_, await self._reference(request.inputs))

    async def read(self, request: ReadRequest) -> Made | None:
        """The other stack's outputs, as they are now."""
        if request.type == STASH_TYPE:
            return Made(request.id, request.outputs)
        self._input(request.type)
        if "name" not in request.inputs:
            raise errors.ProviderError("a stack reference cannot be imported")
        return Made(request.id, await self._reference(request.inputs), {"name": request.inputs["name"]})

    async def update(self, request: UpdateRequest) -> Made:
        """The output of a stash stays."""
        output = request.old.outputs.get("output")
        return Made(request.old.id, {"input": request.inputs.get("input"), "output": output})

    async def delete(self, request: DeleteRequest) -> None:
        """Nothing to remove."""

    async def find(self, request: CreateRequest) -> Found:
        """Nothing is ever left behind."""
        return Found(Presence.ABSENT)

    async def invoke(self, token: str, arguments: Properties) -> Invoked:
        """`readStackOutputs`; `getResource` is answered by the monitor."""
        if token == "pulumi:pulumi:readStackOutputs":
            return Invoked(await self._reference(arguments))
        raise errors.Unsupported(f"the function {token} is not known")

    def _input(self, type_: str) -> str:
        try:
            return _INPUTS[type_]
        except KeyError:
            raise errors.Unsupported(f"the resource type {type_} is not known") from None

    async def _reference(self, inputs: Properties) -> Properties:
        name = values.reveal(inputs.get("name"))
        if name is UNKNOWN:
            return {"name": UNKNOWN, "outputs": UNKNOWN, "secretOutputNames": UNKNOWN}
        outputs = await self._reads.whole(str(name))
        secret: list[str] = sorted(key for key, value in outputs.items() if values.has_secret(value))
        return {"name": name, "outputs": dict(outputs), "secretOutputNames": secret}


def given(provider: Provider, value: Value) -> Value:
    """`value` as a provider is given it: plain. Only the engine's own is trusted with what is secret."""
    return value if isinstance(provider, Builtins) else values.reveal(value)


def shown(provider: Provider, resource: Resource) -> Resource:
    """A recorded resource as a provider is given it."""
    return resource.replaced(inputs=given(provider, resource.inputs), outputs=given(provider, resource.outputs))
