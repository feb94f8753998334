"""The ASGI layer that knows who calls, and counts the bytes that pass.

What goes out to a caller elsewhere is `bytes_sent`. What a task exchanges with buckets and tables, and a function with
anything, stays within the region (`bytes_inside`); what a task exchanges with other services is `bytes_moved`.
"""

from __future__ import annotations

import contextvars
import re
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from . import counting

Message = MutableMapping[str, Any]
TASK, FUNCTION = "ecs-tasks", "lambda"
"""What sessions say whose credentials the cloud gave to a task or a function, under `Service`."""
_CREDENTIAL = re.compile(rb"Credential=([A-Z0-9]+)(?:/|%2F)")
_SESSION = re.compile(r"arn:aws:sts::(\d{12}):assumed-role/([^/]+)/.*")
_KNOWN: dict[bytes, tuple[str, str]] = {}
_MANY = 10_000
_STRANGER = ("", "")


class Request:
    """One request: the role that calls and which service runs as it, and what it turned out to be about."""

    __slots__ = ("account", "caller", "good", "near", "reached", "resource", "runs_as", "taken")

    def __init__(self, caller: str, runs_as: str) -> None:
        self.caller, self.runs_as = caller, runs_as
        self.account = self.resource = ""
        self.near = self.reached = False
        self.good = True
        self.taken = 0  # bytes received and not counted yet

    def is_about(self, account: str, resource: str, *, near: bool) -> None:
        """Note what bytes are charged to; `near` says that a task reaches it without a NAT gateway."""
        self.account, self.resource, self.near = account, resource, near


CURRENT: contextvars.ContextVar[Request | None] = contextvars.ContextVar("request", default=None)


class Meter:
    """Wraps the emulator; the response passes through unchanged."""

    def __init__(self, inner: Callable[..., Awaitable[None]]) -> None:
        self._inner = inner

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        request = Request(*caller(scope))
        CURRENT.set(request)

        async def receive_counted() -> Message:
            message: Message = await receive()
            request.taken += len(message.get("body") or b"")
            return message

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                request.good = message["status"] < 400
            elif request.good:
                _moved(request, len(message.get("body") or b""))
            await send(message)

        await self._inner(scope, receive_counted, send_counted)


def place() -> tuple[str, str]:
    """The account and region that is worked in."""
    responses: Any = sys.modules["ministack.core.responses"]
    return str(responses.get_account_id()), str(responses.get_region())


def called(account: str, kind: str, resource: str, amount: int, *, near: bool = False) -> None:
    """Count for the current request; `near` says that tasks reach the service without a NAT gateway."""
    request = CURRENT.get()
    if request is not None:
        request.is_about(account, resource, near=near)
    counting.add(account, kind, resource, request.caller if request is not None else "", amount)


def caller(scope: Message) -> tuple[str, str]:
    """The ARN of the role whose credentials a request names, and which service runs as it; empty for others.

    The signature was not looked at: what is counted was admitted by those who did.
    """
    text = scope.get("query_string") or b""
    for name, value in scope["headers"]:
        if name == b"authorization":
            text = value
            break
    found = _CREDENTIAL.search(text)
    if found is None:
        return _STRANGER
    known = _KNOWN.get(found[1])
    return known if known is not None else _looked_up(found[1])


def _looked_up(key: bytes) -> tuple[str, str]:
    tokens: Any = sys.modules.get("ministack.services.sts")
    session = dict.get(tokens._sessions, key.decode()) if tokens is not None else None
    match = _SESSION.fullmatch(session.get("Arn", "")) if session else None
    found = (f"arn:aws:iam::{match[1]}:role/{match[2]}", session.get("Service", "")) if session and match else _STRANGER
    if match or key.startswith(b"AKIA"):  # a temporary key that is not known may become so
        if len(_KNOWN) > _MANY:
            _KNOWN.clear()
        _KNOWN[key] = found
    return found


def _moved(request: Request, sent: int) -> None:
    """Count what left, and what had come; before it leaves."""
    if not request.runs_as:
        kind, amount = "bytes_sent", sent if request.resource else 0
    else:
        near = request.near or request.runs_as == FUNCTION
        kind, amount = "bytes_inside" if near else "bytes_moved", sent + request.taken
        request.taken = 0
    if amount:
        account = request.account or request.caller.split(":")[4]
        counting.add(account, kind, request.resource, request.caller, amount)
