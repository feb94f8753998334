"""Where every call comes in: the caller is known or refused, the request is checked, and its handler is found."""

from __future__ import annotations

import importlib
import time
from typing import Any

import checking
from answers import Answer, Caller, Event, Refused, Request, answer, json_of, refusal
from botocore.exceptions import ClientError
from contract import OPERATIONS, Operation

_BY_KEY = {operation.key: operation for operation in OPERATIONS}
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")


def handle(event: Event, _context: Any = None) -> Answer:
    """Answer one call of the HTTP API. Anything but a refusal is an error in the function's log, and an alarm."""
    try:
        operation = _BY_KEY[event["routeKey"]]
        request = _request(operation, event)
        return _answered(operation, request)
    except Refused as refused:
        return refusal(refused)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _DENIED:
            raise
        told = "your group's role does not allow this; what groups may do changes when their site is deployed"
        return answer(403, {"error": told})


def _answered(operation: Operation, request: Request) -> Answer:
    module, _, name = operation.answers.partition(".")
    found: Answer = getattr(importlib.import_module(module), name)(request)
    return found


def _request(operation: Operation, event: Event) -> Request:
    """The request of an event. Raises Refused: 401 first, so that nobody learns anything without a token."""
    caller = Caller("", "") if operation.open else _caller(event)
    path = event.get("pathParameters") or {}
    for name, value in path.items():
        if not checking.fits(name, value):
            raise Refused(404, f"there is no {name} {value!r}")
    asked = event.get("queryStringParameters") or {}
    query = {name: asked[name] for name in operation.query if name in asked}
    faults = [fault for name, value in query.items() for fault in checking.query_faults(name, value)]
    body = None
    if operation.takes:
        body = json_of(event)
        body = {} if body is None and operation.may_be_empty else body
        faults += checking.faults_of(operation.takes, body)
    if faults:
        raise Refused(400, "; ".join(faults), faults=faults)
    return Request(caller, dict(path), query, body)


def _caller(event: Event) -> Caller:
    """Who the authorizer says is calling; only a caller that it has named is one, whatever else is missing."""
    context = (event.get("requestContext") or {}).get("authorizer") or {}
    said = context.get("lambda") or {}
    organization, user = said.get("organization"), said.get("user")
    if not organization or not user:
        raise Refused(401, str(said.get("refused") or "a token is needed: `Authorization: Bearer …`"))
    expires = int(said.get("expires") or 0)
    if expires <= time.time():
        raise Refused(401, "the token has expired")
    return Caller(str(organization), str(user), expires)
