"""A server of Pulumi's services: how calls succeed, fail, and outlive their callers."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
import pytest_asyncio

from stackyard import errors
from stackyard.wire.serving import MONITOR, Server


class Calls:
    """Handlers that do as they are told."""

    def __init__(self) -> None:
        self.begun, self.release, self.ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def echo(self, payload: bytes) -> bytes:
        return payload[::-1]

    async def fail(self, payload: bytes) -> bytes:
        if payload == b"cancelled":
            raise errors.Cancelled("stopped")
        raise errors.UsageError("that will not do") if payload == b"ours" else ZeroDivisionError

    async def hold(self, payload: bytes) -> bytes:
        self.begun.set()
        await self.release.wait()
        self.ended.set()
        return b""


@pytest_asyncio.fixture
async def served() -> AsyncIterator[tuple[Calls, grpc.aio.Channel, Server]]:
    calls = Calls()
    server = Server({MONITOR: {"Echo": calls.echo, "Fail": calls.fail, "Hold": calls.hold}})
    unlimited = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    async with grpc.aio.insecure_channel(await server.start(), options=unlimited) as channel:
        yield calls, channel, server
    await server.stop()


async def test_bytes_go_in_and_come_out(served: tuple[Calls, grpc.aio.Channel, Server]) -> None:
    _, channel, _ = served
    large = bytes(range(256)) * 40_000
    assert await channel.unary_unary(f"/{MONITOR}/Echo")(large) == large[::-1]


@pytest.mark.parametrize(
    ("payload", "code", "message"),
    [
        (b"ours", grpc.StatusCode.UNKNOWN, "that will not do"),
        (b"", grpc.StatusCode.UNKNOWN, "ZeroDivisionError"),
        (b"cancelled", grpc.StatusCode.UNAVAILABLE, "the engine is stopping"),
    ],
)
async def test_failures_have_codes_and_words(
    served: tuple[Calls, grpc.aio.Channel, Server], payload: bytes, code: grpc.StatusCode, message: str
) -> None:
    _, channel, _ = served
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await channel.unary_unary(f"/{MONITOR}/Fail")(payload)
    assert (failed.value.code(), failed.value.details()) == (code, message)


async def test_a_method_that_nobody_handles_is_unimplemented(served: tuple[Calls, grpc.aio.Channel, Server]) -> None:
    _, channel, _ = served
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await channel.unary_unary(f"/{MONITOR}/Fly")(b"")
    assert failed.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("how", ["the caller hangs up", "the server stops"])
async def test_what_has_begun_is_carried_on(served: tuple[Calls, grpc.aio.Channel, Server], how: str) -> None:
    calls, channel, server = served
    call = channel.unary_unary(f"/{MONITOR}/Hold")(b"")
    await asyncio.wait_for(calls.begun.wait(), 10)
    if how == "the server stops":
        await server.stop()
    else:
        call.cancel()
    calls.release.set()
    await asyncio.wait_for(calls.ended.wait(), 10)


async def test_only_this_user_reaches_it_and_nothing_is_left() -> None:
    """Whoever reaches a monitor registers resources as the operator, and SDKs send no password."""
    server = Server({})
    place = Path((await server.start()).removeprefix("unix:"))
    try:
        assert place.is_socket()
        assert place.parent.stat().st_mode & 0o777 == 0o700
    finally:
        await server.stop()
    assert not place.parent.exists()


async def test_a_long_way_to_the_temporary_folder_is_no_hindrance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = tmp_path / ("x" * 100)
    far.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(far))
    server = Server({})
    assert not (await server.start()).startswith(f"unix:{far}")
    await server.stop()
    assert list(far.iterdir()) == []
