"""What every handler of the API shares: a request as it was asked, and answers and refusals as JSON."""

from __future__ import annotations

import base64
import dataclasses
import json
from decimal import Decimal
from typing import Any, Final

Event = dict[str, Any]
Answer = dict[str, Any]
OPERATORS: Final = "platform"
# An answer is for its caller alone, and is data: it is neither kept nor shown as a page.
HEADERS: Final = {
    "content-type": "application/json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
}


class Refused(Exception):
    """The request cannot be served: a status of HTTP and what the caller can do about it."""

    def __init__(self, status: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.more = more


@dataclasses.dataclass(frozen=True)
class Caller:
    """Whose token came with the request: a user of an organization. `expires` is in seconds of the epoch."""

    organization: str
    user: str
    expires: int = 0

    @property
    def operator(self) -> bool:
        """Whether the platform itself asks."""
        return self.organization == OPERATORS


@dataclasses.dataclass(frozen=True)
class Request:
    """One call: who asks, and what for. `body` is None when there is none."""

    caller: Caller
    path: dict[str, str] = dataclasses.field(default_factory=dict)
    query: dict[str, str] = dataclasses.field(default_factory=dict)
    body: Any = None


def answer(status: int, body: Any, **headers: str) -> Answer:
    """A response of the HTTP API, payload format 2.0; `headers` are written with `_` for `-`."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"statusCode": status, "headers": HEADERS | more, "body": json.dumps(body, default=_number)}


def refusal(refused: Refused) -> Answer:
    """What a refused caller gets."""
    headers = {"www_authenticate": 'Bearer error="invalid_token"'} if refused.status == 401 else {}
    return answer(refused.status, {"error": refused.message, **refused.more}, **headers)


def json_of(event: Event) -> Any:
    """The JSON of the request's body, None when there is none. Raises Refused(400) when it is not JSON."""
    text = event.get("body") or ""
    try:
        raw = base64.b64decode(text, validate=True) if event.get("isBase64Encoded") else text
        return json.loads(raw) if raw.strip() else None
    except (ValueError, RecursionError):
        raise Refused(400, "the body is not JSON") from None


def _number(value: Any) -> int | float:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{type(value).__name__} has no place in an answer")
