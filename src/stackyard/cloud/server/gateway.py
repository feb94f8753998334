"""The gate in front of ministack: control endpoints that need our token, and refusals ministack does not make."""

from __future__ import annotations

import asyncio
import hmac
import importlib.metadata
import json
import os
import re
import resource
import time
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from . import downloads, reports
from .metering import counting, reading

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

# Called by programs that the cloud itself hands the URL to, with a secret of their own in the path.
_OPEN = ("/_ministack/cfn-response/", "/_ministack/cfn-signal/", "/_ministack/eks-auth/")
_CONTROL = re.compile(
    r"/_(?:ministack|localstack|stackyard)/|/health$"
    r"|/latest/(?:api|meta-data|user-data|dynamic)(?:/|$)|/v2/credentials(?:/|$)"
)


class Gateway:
    """An ASGI application that lets through what may pass and answers the rest itself."""

    def __init__(self, inner: Application, folder: Path, modules: MutableMapping[str, Any]) -> None:
        self._inner = inner
        self._token = (folder / "token").read_bytes().strip()
        self._folder = folder
        self._modules = modules
        self._started = time.time()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's request."""
        path = scope.get("path", "")
        if scope["type"] == "http" and _CONTROL.match(path) and not path.startswith(_OPEN):
            await self._control(scope, receive, send, path)
        else:
            await self._inner(scope, receive, send)

    async def _control(self, scope: Scope, receive: Receive, send: Send, path: str) -> None:
        given = next((value for name, value in scope["headers"] if name == b"x-stackyard-token"), b"")
        if path.startswith(downloads.PLACES):
            handed_out = downloads.is_signed(self._token, path, scope.get("query_string", b"").decode("latin-1"))
            given = self._token if handed_out else b""
        if not hmac.compare_digest(given, self._token):
            await _answer(send, 403, {"message": "This endpoint needs the embedded cloud's token."})
        elif path == "/_stackyard/health":
            await _answer(send, 200, {"pid": os.getpid(), "version": importlib.metadata.version("ministack")})
        elif path == "/_stackyard/status":
            await _answer(send, 200, self._status())
        elif path == "/_stackyard/usage":
            await self._usage(scope, send)
        else:
            await self._inner(scope, receive, send)

    async def _usage(self, scope: Scope, send: Send) -> None:
        query = scope.get("query_string", b"").decode("latin-1")
        try:
            found = await asyncio.to_thread(reading.answer, counting.folder(), query)
        except ValueError as fault:
            await _answer(send, 400, {"message": str(fault)})
        else:
            await _answer(send, 200, found)

    def _status(self) -> dict[str, Any]:
        accounts = json.loads((self._folder / "accounts.json").read_text() or "{}") if self._minted() else {}
        return {
            "services": sorted(self._modules),
            "accounts": sorted(accounts),
            "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            "uptime": round(time.time() - self._started, 1),
            **reports.gathered(),
        }

    def _minted(self) -> bool:
        return (self._folder / "accounts.json").exists()


async def _answer(send: Send, status: int, content: dict[str, Any]) -> None:
    body = json.dumps(content).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
