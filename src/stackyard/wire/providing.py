"""Calls Pulumi's ResourceProvider service, for providers that are processes of an SDK's own.

Values are the model's; a provider that supports no secrets gets them plain, so nothing here marks any.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Final

from stackyard import errors
from stackyard.model.registrations import CheckFailure
from stackyard.model.values import Properties
from stackyard.wire import protos, serving, values

_SERVICE: Final = "/pulumirpc.ResourceProvider/"
_LIMIT: Final = 400 * 1024 * 1024
_DETAILS: Final = "grpc-status-details-bin"


@dataclasses.dataclass(frozen=True, slots=True)
class Differs:
    """What a provider says of a difference. `changes` is None where it does not say whether there is any."""

    changes: bool | None
    replaces: tuple[str, ...] = ()
    delete_before_replace: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class State:
    """A resource as a provider answers it; no `id`: there is none. `reasons`: it was made and is not healthy."""

    id: str
    outputs: Properties
    inputs: Properties | None = None
    reasons: tuple[str, ...] = ()


class Client:
    """One provider that serves at `address`.

    Methods raise ProviderError with the provider's own words, UncertainError when the connection broke: then it
    cannot be told whether the call was carried out.
    """

    def __init__(self, address: str) -> None:
        import grpc  # lazy: 0.2 s, and only programs with providers of their own need it

        self._grpc: Any = grpc
        limits = [("grpc.max_receive_message_length", _LIMIT), ("grpc.max_send_message_length", _LIMIT)]
        self._channel = grpc.aio.insecure_channel(address, options=[*limits, *serving.PATIENCE])

    async def close(self) -> None:
        """Break the connection."""
        await self._channel.close(None)

    async def configure(self, config: Properties) -> None:
        """Give it its settings."""
        request = protos.provider.ConfigureRequest(acceptSecrets=False, acceptResources=False)
        values.encode_struct(config, request.args)
        await self._call("Configure", request, protos.provider.ConfigureResponse)

    async def check(self, urn: str, old: Properties, new: Properties) -> tuple[Properties, tuple[CheckFailure, ...]]:
        """The checked inputs, and what is wrong with them."""
        request = protos.provider.CheckRequest(urn=urn)
        values.encode_struct(old, request.olds)
        values.encode_struct(new, request.news)
        answer = await self._call("Check", request, protos.provider.CheckResponse)
        failures = tuple(CheckFailure(each.property, each.reason) for each in answer.failures)
        return values.decode_struct(answer.inputs), failures

    async def diff(self, urn: str, id_: str, old: Properties, new: Properties, ignore: Sequence[str]) -> Differs:
        """Whether `new` inputs differ from the `old` outputs, in a way that matters."""
        request = protos.provider.DiffRequest(urn=urn, id=id_, ignoreChanges=ignore)
        values.encode_struct(old, request.olds)
        values.encode_struct(new, request.news)
        answer = await self._call("Diff", request, protos.provider.DiffResponse)
        known = {answer.DIFF_NONE: False, answer.DIFF_SOME: True}
        return Differs(known.get(answer.changes), tuple(answer.replaces), answer.deleteBeforeReplace)

    async def create(self, urn: str, inputs: Properties) -> State:
        """Make it."""
        request = protos.provider.CreateRequest(urn=urn)
        values.encode_struct(inputs, request.properties)
        answer = await self._call("Create", request, protos.provider.CreateResponse)
        return answer if isinstance(answer, State) else State(answer.id, values.decode_struct(answer.properties))

    async def read(self, urn: str, id_: str, inputs: Properties, outputs: Properties) -> State:
        """Look at it."""
        request = protos.provider.ReadRequest(urn=urn, id=id_)
        values.encode_struct(outputs, request.properties)
        values.encode_struct(inputs, request.inputs)
        answer = await self._call("Read", request, protos.provider.ReadResponse)
        if isinstance(answer, State):
            return answer
        found = values.decode_struct(answer.inputs) if answer.HasField("inputs") else None
        return State(answer.id, values.decode_struct(answer.properties), found)

    async def update(self, urn: str, id_: str, old: Properties, new: Properties) -> State:
        """Change it in place: `old` outputs, `new` inputs."""
        request = protos.provider.UpdateRequest(urn=urn, id=id_)
        values.encode_struct(old, request.olds)
        values.encode_struct(new, request.news)
        answer = await self._call("Update", request, protos.provider.UpdateResponse)
        return answer if isinstance(answer, State) else State(id_, values.decode_struct(answer.properties))

    async def delete(self, urn: str, id_: str, outputs: Properties) -> None:
        """Remove it."""
        request = protos.provider.DeleteRequest(urn=urn, id=id_)
        values.encode_struct(outputs, request.properties)
        await self._call("Delete", request, None)

    async def _call(self, method: str, request: Any, answer: Any) -> Any:
        """The answer; a State where a resource was made and failed to get well."""
        decode = answer.FromString if answer is not None else None
        call = self._channel.unary_unary(_SERVICE + method, type(request).SerializeToString, decode)
        try:
            return await call(request)
        except self._grpc.aio.AioRpcError as fault:
            if (unwell := self._unwell(fault)) is not None:
                return unwell
            lost = fault.code() in {self._grpc.StatusCode.UNAVAILABLE, self._grpc.StatusCode.CANCELLED}
            raised = errors.UncertainError if lost else errors.ProviderError
            raise raised(fault.details() or fault.code().name) from fault

    def _unwell(self, fault: Any) -> State | None:
        """What stands in an error's details: the resource that was made all the same."""
        packed = dict(fault.trailing_metadata() or ()).get(_DETAILS)
        if not packed:
            return None
        for detail in protos.status.Status.FromString(packed).details:
            made = protos.provider.ErrorResourceInitFailed()
            if detail.Unpack(made):
                return State(made.id, values.decode_struct(made.properties), reasons=tuple(made.reasons))
        return None
