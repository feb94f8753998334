"""Faults: what a call is authorized as is whatever it says first (`?Action=`, a form's `Action`, `X-Amz-Target`), also
where the service goes by something else: who may GetItem puts, who may GetObject deletes. A signed call whose action is
not worked out, such as Lambda's InvokeWithResponseStream, is let through. Cure: a call is authorized as what is done;
one that says two things, or nothing that is known, is `Unknown`, which only a policy for `<service>:*` allows.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders

# Services that go by `Action`; some of them take `X-Amz-Target` as well. All others go by the target or by the route.
_BY_ACTION = frozenset({
    "autoscaling", "cloudformation", "cloudwatch", "ec2", "elasticache", "elasticloadbalancing", "elbv2", "iam",
    "monitoring", "rds", "ses", "sns", "sqs", "sts",
})  # fmt: skip
_BY_ROUTE = frozenset({"account", "lambda", "lambda-core", "lambda-microvms", "s3", "s3files"})
_OPERATION = re.compile(r"/service/[^/]+/operation/([A-Za-z0-9]+)/?")
_STREAMED = re.compile(r"/[^/]+/functions/[^/]+/response-streaming-invocations/?")


def cures(_order: orders.Order) -> dict[str, arrivals.Cure]:
    """Where the action of a request is worked out."""
    return {"ministack.core.iam_actions": _in_actions}


def _in_actions(module: Any) -> None:
    extract = module.extract_iam_action
    routed = _BY_ROUTE | (frozenset(module._BOTOCORE_SERVICE_MAP) - _BY_ACTION)

    def extract_iam_action(service: str, method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        namespace = module.SERVICE_TO_IAM_NAMESPACE.get(service)
        if namespace is None:
            return extract(service, method, path, headers, body, query)
        if service == "lambda" and method == "POST" and _STREAMED.fullmatch(path):
            return "lambda:InvokeFunction"
        given, kept = headers, query
        if service in routed:
            given = {name: value for name, value in headers.items() if name.lower() != "x-amz-target"}
        elif service in _BY_ACTION and len(set(_claims(path, headers, body, query))) > 1:
            return f"{namespace}:Unknown"
        if service not in _BY_ACTION:
            given = {name: value for name, value in given.items() if name.lower() != "content-type"}
            kept = {name: value for name, value in query.items() if name != "Action"}
        found = extract(service, method, path, given, body, kept)
        return f"{namespace}:Unknown" if found is None and _is_signed(headers, query) else found

    module.extract_iam_action = extract_iam_action


def _claims(path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]) -> Iterator[str]:
    """Every action that a request names, wherever its service may look for it."""
    actions = query.get("Action") or []
    yield from actions if isinstance(actions, list) else [actions]
    if "x-www-form-urlencoded" in headers.get("content-type", ""):
        yield from urllib.parse.parse_qs(body.decode("utf-8", "replace")).get("Action", [])
    if target := headers.get("x-amz-target", ""):
        yield target.rpartition(".")[2]
    if operation := _OPERATION.fullmatch(path):
        yield operation[1]


def _is_signed(headers: Mapping[str, str], query: Mapping[str, Any]) -> bool:
    """Whether somebody asks; what nobody signed is for the service itself to refuse."""
    return "authorization" in headers or any(name.lower() in ("x-amz-credential", "awsaccesskeyid") for name in query)
