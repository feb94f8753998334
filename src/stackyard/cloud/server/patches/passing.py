"""Fault: whoever may make a function, a task or a schedule may give it any role, an administrator's too; and a role of
another account. Cure: a call that names a role is also checked for `iam:PassRole` on it, with the service that will
take it as `iam:PassedToService`; a role of another account is refused to everybody.
"""

from __future__ import annotations

import importlib
import json
import re
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from . import bodies

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/.+")
_MENTIONED = re.compile(rb"role|instanceprofile", re.IGNORECASE)
# IAM and STS name roles without passing them; the rest of these take none.
_NOT_PASSED = frozenset({"iam", "sts", "s3", "sqs", "sns", "kms", "organizations", "cloudfront", "dynamodb"})
_PRINCIPALS = {"ecs": "ecs-tasks", "stepfunctions": "states", "elasticloadbalancing": "elasticloadbalancing"}
_CALLS = ("/invocations", "/invoke-async", "/response-streaming-invocations")
_READS = ("Get", "List", "Describe", "Simulate", "Search")


def cures(_order: orders.Order) -> dict[str, arrivals.Cure]:
    """The table of handlers: every call passes here after its own action was allowed."""
    return {"ministack.app": _in_app}


def _in_app(module: Any) -> None:
    for service, handler in list(module.SERVICE_HANDLERS.items()):
        if service not in _NOT_PASSED:
            module.SERVICE_HANDLERS[service] = _checked(module, service, handler)


def _checked(module: Any, service: str, handler: Callable[..., Any]) -> Callable[..., Any]:
    async def checked(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Any:
        calls = service == "lambda" and path.endswith(_CALLS)  # what a caller tells a function is given to nobody
        if method not in ("GET", "HEAD", "DELETE") and not calls and (service == "ecs" or _MENTIONED.search(body)):
            for role in set(_roles(service, headers, body)):
                told = refusal(module, service, role, headers, query)
                if told is not None:
                    return told
        return await handler(method, path, headers, body, query)

    return checked


def _roles(service: str, headers: Mapping[str, str], body: bytes) -> Iterator[str]:
    """The ARNs that a request gives as roles."""
    if headers.get("x-amz-target", "").rpartition(".")[2].startswith(_READS):
        return
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        given = urllib.parse.parse_qs(body.decode("utf-8", "replace"))
        if given.get("Action", [""])[0].startswith(_READS):
            return
        pairs: Iterator[tuple[str, Any]] = ((name, value[0]) for name, value in given.items())
    else:
        try:
            pairs = _leaves(json.loads(body))
        except ValueError:
            return
    for name, value in pairs:
        last = name.rpartition(".")[2].lower()
        if isinstance(value, str) and (last == "role" or last.endswith("rolearn")) and _ROLE.fullmatch(value):
            yield value
    if service == "ec2":
        yield from _profile_roles(body)
    if service == "ecs":
        yield from _definition_roles(body)


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item, name)
    else:
        yield name, value


def _definition_roles(body: bytes) -> Iterator[str]:
    """The roles of the task definition that a call starts tasks of, directly or through a service."""
    wanted = bodies.content(body).get("taskDefinition") or ""
    ecs: Any = importlib.import_module("ministack.services.ecs")
    definition = ecs._task_defs.get(ecs._resolve_td_key(wanted)) if isinstance(wanted, str) and wanted else None
    for name in ("taskRoleArn", "executionRoleArn"):
        if definition and _ROLE.fullmatch(definition.get(name) or ""):
            yield definition[name]


def _profile_roles(body: bytes) -> Iterator[str]:
    """The roles in the instance profile that a call gives to an instance."""
    given = urllib.parse.parse_qs(body.decode("utf-8", "replace"))
    iam: Any = importlib.import_module("ministack.services.iam")
    name, arn = (given.get(f"IamInstanceProfile.{part}", [""])[0] for part in ("Name", "Arn"))
    profile = iam._lookup_instance_profile(name=name, arn=arn) if name or arn else None
    for role in (profile or {}).get("Roles", []):
        found = role if isinstance(role, dict) else iam._roles.get(role) or {}
        if found.get("Arn"):
            yield found["Arn"]


def refusal(module: Any, service: str, role: str, headers: dict[str, str], query: dict[str, Any]) -> Any:
    """The answer to a caller of the application `module` who may not give a role to a service; None when it may."""
    evaluator: Any = importlib.import_module("ministack.core.iam_evaluator")
    actions: Any = importlib.import_module("ministack.core.iam_actions")
    responses: Any = importlib.import_module("ministack.core.responses")
    found = _ROLE.fullmatch(role)
    if found is not None and found[1] != responses.get_account_id():
        return actions.access_denied_response(
            service, "iam:PassRole", "", "", headers=headers, error_code="AccessDeniedException",
            message="Cross-account pass role is not allowed.",
        )  # fmt: skip
    access_key = module.extract_access_key_id(headers, query)
    if not access_key:
        return None  # called by the cloud itself, for something that was checked when it was made
    denied = evaluator.enforce(
        access_key, "iam:PassRole", "iam", module.extract_region(headers, query), resource_arn=role,
        service_context={"iam:PassedToService": f"{_PRINCIPALS.get(service, service)}.amazonaws.com"},
    )  # fmt: skip
    if not denied:
        return None
    who = getattr(denied, "principal_arn", "")
    message = f"User: {who} is not authorized to perform: iam:PassRole on resource: {role}"
    return actions.access_denied_response(
        service, "iam:PassRole", who, "", headers=headers, resource_arn=role, message=message
    )
