"""The ASGI layer that holds each response until what it says is on disk."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from . import keeping, tracking

Message = MutableMapping[str, Any]
_ACTION = re.compile(rb"(?:^|&)Action=([A-Za-z0-9]+)")


class Door:
    """Wraps the emulator: a response leaves when the keeper has what the request changed."""

    def __init__(self, inner: Callable[..., Awaitable[None]], keeper: keeping.Keeper) -> None:
        self._inner = inner
        self._keeper = keeper

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            await _Passage(self._inner, self._keeper, scope, receive, send).run()
        else:
            await self._inner(scope, receive, send)


class _Passage:
    """One request on its way through."""

    def __init__(self, inner: Any, keeper: keeping.Keeper, scope: Message, receive: Any, send: Any) -> None:
        self._inner, self._keeper, self._scope, self._receive, self._send = inner, keeper, scope, receive, send
        self._touches = tracking.begin()
        self._action = self._named()
        self._kept = self._refused = False

    async def run(self) -> None:
        try:
            await self._inner(self._scope, self._receive_noting, self._send_kept)
        finally:
            self._touches.closed = True

    async def _receive_noting(self) -> Message:
        message: Message = await self._receive()
        if not self._action and message.get("body"):
            found = _ACTION.search(message["body"][:65536])
            self._action = found[1].decode() if found else ""
        return message

    async def _send_kept(self, message: Message) -> None:
        if self._refused:
            return
        if not self._kept:
            self._kept = True
            reading = keeping.reading(self._scope["method"], self._address(), self._action)
            try:
                await self._keeper.commit(self._touches, reading=reading)
            except OSError as error:
                await self._refuse(error)
                return
        await self._send(message)

    async def _refuse(self, error: OSError) -> None:
        self._refused = True
        body = json.dumps({"__type": "InternalFailure", "message": f"The write could not be kept: {error}"}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await self._send({"type": "http.response.start", "status": 500, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})

    def _named(self) -> str:
        """The action of a JSON-protocol request, or of a query in the URL."""
        target = next((value for name, value in self._scope["headers"] if name == b"x-amz-target"), b"")
        if target:
            return str(target.rpartition(b".")[2].decode("latin-1"))
        found = _ACTION.search(self._scope.get("query_string", b""))
        return found[1].decode() if found else ""

    def _address(self) -> str:
        host = next((value for name, value in self._scope["headers"] if name == b"host"), b"")
        return f"{host.decode('latin-1')}{self._scope['path']}"
