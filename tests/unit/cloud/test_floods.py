"""Bodies of requests are bounded, all together and for each user, before anybody asks who sends them."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from stackyard.cloud.server import floods, peers

MEBIBYTE = 1 << 20
Receive = Callable[[], Awaitable[dict[str, Any]]]


async def _reads(_scope: Any, receive: Receive, send: Any) -> None:
    size = 0
    while True:
        message = await receive()
        size += len(message["body"])
        if not message["more_body"]:
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


class _Sent:
    """A request whose body comes in megabytes; `status` is what it was answered."""

    def __init__(self, megabytes: int, hold: asyncio.Event | None = None) -> None:
        self._left, self._hold = megabytes, hold
        self.status, self.taken, self.closed = 0, 0, False
        self.full = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await asyncio.sleep(0)
        if self.closed:
            return {"type": "http.disconnect"}
        if self._left == 0 and self._hold:
            self.full.set()
            await self._hold.wait()
        self._left -= 1
        self.taken += self._left >= 0
        return {"type": "http.request", "body": bytes(MEBIBYTE if self._left >= 0 else 0), "more_body": self._left >= 0}

    async def send(self, message: dict[str, Any]) -> None:
        self.status = message.get("status", self.status)
        self.closed = message["type"] == "http.response.body"

    async def through(self, dam: floods.Dam) -> int:
        await dam({"type": "http"}, self.receive, self.send)
        return self.status


async def test_a_body_that_memory_does_not_hold_is_not_read_to_its_end() -> None:
    dam = floods.Dam(_reads, memory=64 * MEBIBYTE, left=lambda: 1 << 40)
    assert await _Sent(10).through(dam) == 200
    flood = _Sent(10_000)
    assert await flood.through(dam) == 503
    assert flood.taken <= 18
    assert await _Sent(10).through(dam) == 200  # what was held has been let go


async def test_all_bodies_together_are_bounded() -> None:
    dam = floods.Dam(_reads, memory=64 * MEBIBYTE, left=lambda: 1 << 40)
    hold = asyncio.Event()
    first = _Sent(12, hold)
    slow = asyncio.create_task(first.through(dam))
    await first.full.wait()
    assert await _Sent(12).through(dam) == 503
    assert await _Sent(1).through(dam) == 200  # what is small always passes
    hold.set()
    assert await slow == 200
    assert await _Sent(12).through(dam) == 200


async def test_another_user_has_a_share_and_not_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "user_of", lambda _client, _server: 200_001)
    dam = floods.Dam(_reads, memory=64 * MEBIBYTE, left=lambda: 1 << 40)
    assert await _Sent(4).through(dam) == 200
    assert await _Sent(6).through(dam) == 503


async def test_nobody_begins_anything_large_when_memory_is_scarce() -> None:
    dam = floods.Dam(_reads, memory=64 * MEBIBYTE, left=lambda: MEBIBYTE)
    assert await _Sent(3).through(dam) == 503
    assert await _Sent(1).through(dam) == 200


async def test_a_handler_that_makes_an_answer_of_the_refusal_does_not_hide_it() -> None:
    async def stubborn(scope: Any, receive: Receive, send: Any) -> None:
        try:
            await _reads(scope, receive, send)
        except Exception:  # noqa: BLE001 - as ministack does
            await send({"type": "http.response.start", "status": 500, "headers": []})

    assert await _Sent(1000).through(floods.Dam(stubborn, memory=64 * MEBIBYTE, left=lambda: 1 << 40)) == 503


@pytest.mark.skipif(not os.path.exists("/proc/net/tcp"), reason="only Linux tells whose a connection is")
def test_the_kernel_says_whose_a_connection_is() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        assert peers.user_of(client.getsockname(), listener.getsockname()) == os.geteuid()
        assert peers.user_of(("127.0.0.1", 1), listener.getsockname()) is None
    assert peers.user_of(None, None) is None
    assert peers.user_of(("::1", 5), ("::1", 6)) is None
