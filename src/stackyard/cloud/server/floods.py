"""The bodies of requests in hand, bounded: ministack reads each whole before it asks who sends it, so whoever reaches
the port could fill the machine's memory, and end the cloud for everybody, with no credential at all.

All bodies together may have a quarter of the memory, being there twice for a moment, and those of one other user of the
machine (`peers`) a quarter of that; nobody begins anything large while there is hardly any memory left. What is beyond
is answered 503, which SDKs try again.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from . import peers

Message = MutableMapping[str, Any]
_SMALL = 1 << 20  # bytes that nobody counts
_COPIES = 2  # how often a body is in memory while it is read and joined
_SCARCE = 20  # a twentieth of the memory is hardly any
_BODY = (
    b"<Error><Code>SlowDown</Code><Message>The embedded cloud has no memory for this body now."
    b" Please reduce your request rate.</Message></Error>"
)


class _Refused(Exception):
    """This body is not read any further."""


class Dam:
    """An ASGI application in front of `inner`. `memory` is the machine's, in bytes; `left` tells how much is free."""

    def __init__(
        self, inner: Callable[..., Awaitable[None]], memory: int | None = None, left: Callable[[], int] | None = None
    ) -> None:
        self._inner = inner
        self._memory = memory or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        self._most = self._memory // 2 // _COPIES
        self._left = left or available
        self._held: Counter[int | None] = Counter()

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        flow = _Flow(self, scope, receive, send)
        try:
            await self._inner(scope, flow.receive, flow.send)
        except _Refused:
            await flow.refuse()
        finally:
            self._held[flow.owner] -= flow.held
            self._held += Counter()  # forget who holds nothing

    def admits(self, owner: int | None, size: int) -> bool:
        """Whether `owner` may have `size` more bytes in flight; they are noted if so."""
        theirs = self._most if owner is None or owner == os.geteuid() else self._most // 4
        if self._held[owner] + size > theirs or self._held.total() + size > self._most:
            return False
        if self._left() < self._memory // _SCARCE:
            return False
        self._held[owner] += size
        return True


class _Flow:
    """One request's body and answer."""

    def __init__(self, dam: Dam, scope: Message, receive: Any, send: Any) -> None:
        self._dam, self._scope, self._receive, self._send = dam, scope, receive, send
        self._size = self.held = 0
        self.owner: int | None = None
        self._refused = self._answered = False

    async def receive(self) -> Message:
        """The next part of the body. Raises _Refused when there is no place for it."""
        if self._refused:
            raise _Refused
        message: Message = await self._receive()
        self._size += len(message.get("body") or b"")
        if self._size - self.held > _SMALL:
            if not self.held:
                self.owner = await asyncio.to_thread(
                    peers.user_of, self._scope.get("client"), self._scope.get("server")
                )
            more = self._size - self.held
            if not self._dam.admits(self.owner, more):
                self._refused = True
                raise _Refused
            self.held += more
        return message

    async def send(self, message: Message) -> None:
        """Pass the answer on. One that a handler made of the refusal itself is replaced by ours."""
        if self._refused:
            raise _Refused
        self._answered = self._answered or message["type"] == "http.response.start"
        await self._send(message)

    async def refuse(self) -> None:
        """Say so, and have the connection closed: the rest of the body is still on its way."""
        if self._answered:
            return
        headers = [
            (b"content-type", b"application/xml"), (b"content-length", str(len(_BODY)).encode()),
            (b"connection", b"close"), (b"retry-after", b"1"),
        ]  # fmt: skip
        rest = asyncio.create_task(self._thrown_away())
        await self._send({"type": "http.response.start", "status": 503, "headers": headers})
        await self._send({"type": "http.response.body", "body": _BODY})
        await rest

    async def _thrown_away(self) -> None:
        """What is still coming: hypercorn closes no connection while parts of a body wait to be taken."""
        while (await self._receive())["type"] != "http.disconnect":
            pass


def available() -> int:
    """Bytes of memory that the machine can still give (MemAvailable); very many where nobody tells."""
    try:
        with open("/proc/meminfo", "rb") as stream:
            row = next((line for line in stream if line.startswith(b"MemAvailable:")), b"")
    except OSError:
        row = b""
    return int(row.split()[1]) << 10 if row else 1 << 62
