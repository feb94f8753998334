"""Strangers who say nothing, or not all, hold neither the service's connections nor its end."""

from __future__ import annotations

import asyncio
import contextlib
import urllib.request
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette import applications, responses, routing
from starlette.requests import Request

from stackyard.operations import listening, serving

BEGUN = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf of it"
WHOLE = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"


@contextlib.asynccontextmanager
async def _served(arrived: asyncio.Event) -> AsyncIterator[int]:
    """The port of a server that reads bodies as the service does; it must end soon."""

    async def whole(request: Request) -> responses.Response:
        arrived.set()
        body = await serving._body(request)
        return responses.PlainTextResponse("cut" if body is None else "whole")

    server = listening.server(applications.Starlette(routes=[routing.Route("/", whole, methods=["POST"])]), "x", 0)
    with contextlib.closing(listening.bound("127.0.0.1", 0)) as socket:
        running = asyncio.ensure_future(server.serve(sockets=[socket]))
        try:
            yield socket.getsockname()[1]
        finally:
            server.should_exit = True
            await asyncio.wait_for(running, 30)


@pytest.mark.parametrize("said", [b"", b"POST / HT", BEGUN])
async def test_who_does_not_end_a_request_is_cut_off(monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    monkeypatch.setattr(listening.Protocol, "seconds", 0.05)
    async with _served(asyncio.Event()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(said)
        with contextlib.suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()


async def test_half_a_body_does_not_hold_up_the_end(caplog: pytest.LogCaptureFixture) -> None:
    arrived = asyncio.Event()
    async with _served(arrived) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(BEGUN)
        await asyncio.wait_for(arrived.wait(), 10)
    writer.close()
    assert caplog.text == ""


async def test_who_sends_too_much_is_told_so() -> None:
    def answer(port: int) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", bytes(serving.BODY_LIMIT + (32 << 20))) as said:
            found: bytes = said.read()
            return found

    async with _served(asyncio.Event()) as port:
        assert await asyncio.to_thread(answer, port) == b"cut"


async def test_who_holds_all_connections_loses_the_oldest_to_who_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "CONNECTIONS", 1)
    async with _served(asyncio.Event()) as port:
        silent: Any = await asyncio.open_connection("127.0.0.1", port)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            writer.write(WHOLE)
            assert b"200 OK" in await asyncio.wait_for(reader.readuntil(b"whole"), 10)
        with contextlib.suppress(ConnectionResetError):
            assert await asyncio.wait_for(silent[0].read(), 10) == b""
        for each in (writer, silent[1]):
            each.close()
