"""What providers that are processes answer when a call fails."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from google.protobuf import any_pb2
from grpc.aio import AioRpcError, Metadata

from stackyard import errors
from stackyard.wire import protos, providing

UNKNOWN, UNAVAILABLE = grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNAVAILABLE


class Failing:
    """A channel whose every call fails."""

    def __init__(self, code: grpc.StatusCode, message: str, *details: Any) -> None:
        packed = []
        for each in details:
            packed.append(any_pb2.Any())
            packed[-1].Pack(each)
        status = protos.status.Status(message=message, details=packed).SerializeToString()
        trailing = Metadata(("grpc-status-details-bin", status)) if details else Metadata()
        self.fault = AioRpcError(code, Metadata(), trailing, details=message)

    def unary_unary(self, *_: Any) -> Any:
        async def call(_: Any) -> Any:
            raise self.fault

        return call


def client(*arguments: Any) -> providing.Client:
    made = providing.Client.__new__(providing.Client)
    made._grpc, made._channel = grpc, Failing(*arguments)
    return made


@pytest.mark.parametrize(("code", "raised"), [(UNKNOWN, errors.ProviderError), (UNAVAILABLE, errors.UncertainError)])
async def test_a_failure_is_certain_unless_the_connection_broke(code: grpc.StatusCode, raised: type) -> None:
    with pytest.raises(errors.ProviderError, match="no room") as caught:
        await client(code, "no room").create("urn", {})
    assert type(caught.value) is raised


async def test_what_was_made_and_failed_to_get_well_is_known() -> None:
    unwell = protos.provider.ErrorResourceInitFailed(id="i-1", reasons=["it is slow"])
    unwell.properties.update({"size": 3})
    state = await client(UNKNOWN, "it is slow", unwell).create("urn", {})
    assert state == providing.State("i-1", {"size": 3}, reasons=("it is slow",))


async def test_other_details_of_a_failure_do_not_hide_it() -> None:
    with pytest.raises(errors.ProviderError, match="wrong"):
        await client(UNKNOWN, "wrong", protos.provider.CheckResponse()).update("urn", "i", {}, {})
