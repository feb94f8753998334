"""Fault: a resource that is named by its ARN in another account is looked for in the caller's own: its policy can admit
nobody, and ECR hands out the caller's own repository whatever `registryId` says. Cure: for keys, tables, secrets,
functions, event buses and repositories, the call needs the caller's policies and the resource's own policy, and then
is carried out in the owner's account. What is not there is denied, as on AWS: nobody learns what others have.
"""

from __future__ import annotations

import importlib
import re
import urllib.parse
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from . import bodies

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders

Handler = Callable[..., Any]
_FUNCTION = re.compile(r"arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+")
_ARN = re.compile(r"arn:aws:[a-z0-9-]+:([a-z0-9-]*):(\d{12}):.+")


def cures(_order: orders.Order) -> dict[str, arrivals.Cure]:
    """The table of handlers, behind the check of the caller's own policies."""
    return {"ministack.app": _in_app}


def _in_app(module: Any) -> None:
    for service, names in _NAMES.items():
        module.SERVICE_HANDLERS[service] = _crossing(module, service, module.SERVICE_HANDLERS[service], names)


def _crossing(module: Any, service: str, handler: Handler, names: Callable[..., list[str]]) -> Handler:
    async def crossing(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Any:
        responses: Any = importlib.import_module("ministack.core.responses")
        account, region = responses.get_account_id(), responses.get_region()
        named = names(path, bodies.content(body), region)
        foreign = [arn for arn in named if (found := _ARN.fullmatch(arn)) and found[2] != account]
        if not foreign:
            return await handler(method, path, headers, body, query)
        owners = {(arn.split(":")[4], arn.split(":")[3]) for arn in foreign}
        action = _action(service, method, path, headers, body, query)
        for arn, needed in _checks(service, action, foreign, body, region, account):
            principal = _permitted(module, service, needed, arn, headers, query, account, region)
            if principal is not None:
                return _denied(service, needed, principal, headers, arn)
        if len(owners) > 1 or len(foreign) < len(named):
            return _denied(service, action, f"arn:aws:iam::{account}:root", headers, foreign[0])
        owner, where = owners.pop()
        with responses.request_scope(owner, where):
            return await handler(method, path, headers, body, query)

    return crossing


def _checks(
    service: str, action: str, foreign: list[str], body: bytes, region: str, account: str
) -> list[tuple[str, str]]:
    """What is checked: each resource with the action on it; a transaction's items each have their own."""
    actions: Any = importlib.import_module("ministack.core.iam_actions")
    if service == "dynamodb":
        items = actions.dynamodb_transaction_checks(action, body, region, account)
        if items:
            return [(arn, needed) for needed, arn in items]
    return [(arn, action) for arn in foreign]


def _permitted(
    module: Any, service: str, action: str, arn: str, headers: Any, query: Any, account: str, region: str
) -> str | None:
    """None when both sides allow the action on the resource; else the caller's ARN, for the denial."""
    evaluator: Any = importlib.import_module("ministack.core.iam_evaluator")
    key = module.extract_access_key_id(headers, query) or ""
    principal = evaluator.resolve_principal(key, account)
    if not hasattr(principal, "policies"):
        return f"arn:aws:iam::{account}:root"
    context = evaluator.EvalContext(
        principal_arn=principal.arn, principal_type=principal.type, principal_account=principal.account,
        action=action, resource_arn=arn, region=region, service_context={}, principal_keys=principal.keys,
    )  # fmt: skip
    if principal.policies is not None:
        own = evaluator.evaluate(context, principal.policies, *principal.limits)
        if own.decision != "Allow":
            return str(principal.arn)
    policy = _policy_of(evaluator, service, arn)
    allowed = evaluator.evaluate_resource_policy(policy, context).decision == "Allow"
    return None if allowed else str(principal.arn)


def _policy_of(evaluator: Any, service: str, arn: str) -> Any:
    """The resource's own policy, read in its owner's account; None when there is none, or no such resource."""
    responses: Any = importlib.import_module("ministack.core.responses")
    region, owner = arn.split(":")[3:5]
    with responses.request_scope(owner, region):
        if service == "dynamodb":
            tables: Any = importlib.import_module("ministack.services.dynamodb")
            return (tables._resource_policies.get(arn.partition("/index/")[0]) or {}).get("Policy")
        if service == "events":
            buses: Any = importlib.import_module("ministack.services.eventbridge")
            return buses._event_bus_policies.get(arn.rpartition("/")[2])
        if service == "kms" and ":alias/" in arn:
            kms: Any = importlib.import_module("ministack.services.kms")
            key = kms._aliases.get(f"alias/{arn.partition(':alias/')[2]}")
            arn = f"arn:aws:kms:{region}:{owner}:key/{key}"
        found = evaluator._resource_policy(service, arn)
        return found[0] if found else None


def _action(service: str, method: str, path: str, headers: Any, body: bytes, query: Any) -> str:
    actions: Any = importlib.import_module("ministack.core.iam_actions")
    return str(actions.extract_iam_action(service, method, path, headers, body, query) or f"{service}:Unknown")


def _denied(service: str, action: str, principal: str, headers: Any, arn: str) -> Any:
    actions: Any = importlib.import_module("ministack.core.iam_actions")
    return actions.access_denied_response(service, action, principal, "", headers=headers, resource_arn=arn)


def _of_key(_path: str, given: Mapping[str, Any], _region: str) -> list[str]:
    return _texts(given.get("KeyId"), given.get("SourceKeyId"), given.get("DestinationKeyId"))


def _of_table(_path: str, given: Mapping[str, Any], _region: str) -> list[str]:
    requests = given.get("RequestItems")
    items = [item for item in _listed(given.get("TransactItems")) if isinstance(item, dict)]
    inside = [each for item in items for each in item.values()]
    return _texts(
        given.get("TableName"),
        given.get("ResourceArn"),
        *(requests if isinstance(requests, dict) else ()),
        *(each.get("TableName") for each in inside if isinstance(each, dict)),
    )


def _of_secret(_path: str, given: Mapping[str, Any], _region: str) -> list[str]:
    return _texts(given.get("SecretId"), *_listed(given.get("SecretIdList")))


def _of_function(path: str, _given: Mapping[str, Any], _region: str) -> list[str]:
    found = _FUNCTION.search(urllib.parse.unquote(path))
    return [found[0]] if found else []


def _of_bus(_path: str, given: Mapping[str, Any], _region: str) -> list[str]:
    inside = [each for each in _listed(given.get("Entries")) if isinstance(each, dict)]
    return _texts(given.get("EventBusName"), *(each.get("EventBusName") or "default" for each in inside))


def _of_repository(_path: str, given: Mapping[str, Any], region: str) -> list[str]:
    owner, name = given.get("registryId"), given.get("repositoryName")
    named = isinstance(owner, str) and re.fullmatch(r"\d{12}", owner) and isinstance(name, str)
    return [f"arn:aws:ecr:{region}:{owner}:repository/{name}"] if named else []


def _texts(*values: Any) -> list[str]:
    return [value for value in values if isinstance(value, str) and value]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


_NAMES: Mapping[str, Callable[..., list[str]]] = {
    "kms": _of_key,
    "dynamodb": _of_table,
    "secretsmanager": _of_secret,
    "lambda": _of_function,
    "events": _of_bus,
    "ecr": _of_repository,
}
