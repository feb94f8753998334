"""What every handler of the API shares: reading a request, and answering it as JSON."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

Event = dict[str, Any]
Answer = dict[str, Any]


class Refused(Exception):
    """The request cannot be served: a status of HTTP and what the caller can do about it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def answer(status: int, body: Any) -> Answer:
    """A response of the HTTP API, payload format 2.0."""
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(body, default=_number),
    }


def answering(handler: Callable[[Event], Answer]) -> Callable[[Event, Any], Answer]:
    """The function that the platform calls: refusals become answers, anything else is an error in the log."""

    def called(event: Event, _context: Any) -> Answer:
        try:
            return handler(event)
        except Refused as refusal:
            return answer(refusal.status, {"error": refusal.message})

    return called


def body_of(event: Event) -> dict[str, Any]:
    """The request's JSON object. Raises Refused(400) when it is none."""
    text = event.get("body") or ""
    try:
        raw = base64.b64decode(text) if event.get("isBase64Encoded") else text
        body = json.loads(raw)
    except ValueError:
        raise Refused(400, "the body is not JSON") from None
    if not isinstance(body, dict):
        raise Refused(400, "the body must be a JSON object")
    return body


def _number(value: Any) -> int | float:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{type(value).__name__} has no place in an answer")
