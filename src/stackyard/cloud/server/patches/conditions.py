"""Faults: variables such as `${aws:username}` are compared as they are written; `dynamodb:LeadingKeys` is never there,
so that a policy for one tenant's items opens all items; EC2 requests have no `aws:RequestTag`, and EC2 resources no
`aws:ResourceTag` nor `ec2:ResourceTag`; no `cloudwatch:namespace`; `aws:PrincipalArn` of a
role's session is the session. Cure: variables are filled in, all these keys are there, and the principal is the role.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from . import bodies

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders

_VARIABLE = re.compile(r"\$\{([^}]+)\}")
_TAG = re.compile(r"(TagSpecification\.\d+\.Tag\.\d+)\.Key")
_EQUAL = re.compile(r"([#\w.-]+)\s*=\s*(:\w+)")
_SESSION = re.compile(r"arn:aws:sts::(\d{12}):assumed-role/([^/]+)/.+")
_NOTHING = "\0"  # what no name and no value is
_LITERALS = {"*": "*", "?": "?", "$": "$"}


def cures(_order: orders.Order) -> dict[str, arrivals.Cure]:
    """The evaluator, and where it gets a request's keys from."""
    return {"ministack.core.iam_evaluator": _in_evaluator, "ministack.core.iam_actions": _in_actions}


def _in_evaluator(module: Any) -> None:
    evaluate, resolve = module.evaluate, module._resolve_condition_key

    def evaluate_filled(context: Any, policies: Any, *limits: Any) -> Any:
        return evaluate(context, *(_filled(module, layer, context) for layer in (policies, *limits)))

    def resolve_tags(key: str, context: Any) -> Any:
        found = resolve(key, context)
        if key.lower() == "aws:principalarn":
            return _role_of(str(found))
        kind, _, tag = key.partition("/")
        if found is None and tag and kind.lower() in ("aws:resourcetag", "ec2:resourcetag"):
            return _instance_tags(context.resource_arn).get(tag)
        return found

    module.evaluate, module._resolve_condition_key = evaluate_filled, resolve_tags


def _filled(module: Any, layer: list[list[Any]], context: Any) -> list[list[Any]]:
    """The statements with their variables filled in, for one request."""

    def value(match: re.Match[str]) -> str:
        name, _, default = match[1].partition(",")
        found = _LITERALS.get(name) or module._resolve_condition_key(name.strip(), context)
        return str(found) if found is not None else default.strip().strip("'") or _NOTHING

    def filled(part: Any) -> Any:
        if isinstance(part, str):
            return _VARIABLE.sub(value, part)
        if isinstance(part, list):
            return [filled(item) for item in part]
        return {name: filled(item) for name, item in part.items()} if isinstance(part, dict) else part

    def statement(one: Any) -> Any:
        parts = {"resources": one.resources, "not_resources": one.not_resources, "conditions": one.conditions}
        if "${" not in repr(parts):
            return one
        return dataclasses.replace(one, **{name: filled(part) for name, part in parts.items()})

    return [[statement(one) for one in statements] for statements in layer]


def _role_of(principal: str) -> str:
    """The ARN of the role that a session is of; any other principal as it is."""
    session = _SESSION.fullmatch(principal)
    if session is None:
        return principal
    iam: Any = importlib.import_module("ministack.services.iam")
    role = iam._roles.get_scoped(session[1], "", session[2]) or {}
    return str(role.get("Arn") or f"arn:aws:iam::{session[1]}:role/{session[2]}")


def _instance_tags(arn: str) -> dict[str, str]:
    """The tags of an EC2 resource, by its ARN."""
    if not arn.startswith("arn:aws:ec2:"):
        return {}
    ec2: Any = importlib.import_module("ministack.services.ec2")
    return {tag["Key"]: tag["Value"] for tag in ec2._tags.get(arn.rpartition("/")[2]) or []}


def _in_actions(module: Any) -> None:
    of_table, of_tags = module.dynamodb_service_context, module.request_tag_context

    def dynamodb_service_context(body: bytes) -> dict[str, Any]:
        context: dict[str, Any] = of_table(body)
        try:
            keys = list(_leading_keys(bodies.content(body)))
        except (AttributeError, TypeError):
            return context  # malformed: the service says so
        return {**context, "dynamodb:LeadingKeys": keys} if keys else context

    def request_tag_context(service: str, action: str, body: bytes, params: dict[str, Any]) -> dict[str, Any]:
        context: dict[str, Any] = of_tags(service, action, body, params)
        if action == "cloudwatch:PutMetricData":
            return {**context, "cloudwatch:namespace": _namespace(body, params)}
        found = [match[1] for name in params if (match := _TAG.fullmatch(name))] if service == "ec2" else []
        if not found:
            return context
        tags = {params[f"{name}.Key"][0]: params.get(f"{name}.Value", [""])[0] for name in found}
        named = {f"aws:RequestTag/{key}".lower(): value for key, value in tags.items()}
        return {**context, **named, "aws:TagKeys": list(tags)}

    module.dynamodb_service_context, module.request_tag_context = dynamodb_service_context, request_tag_context


def _namespace(body: bytes, params: dict[str, Any]) -> str:
    """The namespace that figures are put into, in whichever of CloudWatch's three protocols."""
    if "Namespace" in params:
        return str(params["Namespace"][0])
    try:
        given = json.loads(body) if body[:1] == b"{" else importlib.import_module("cbor2").loads(body)
        return str(given["Namespace"])
    except (ValueError, KeyError, TypeError):
        return _NOTHING


def _leading_keys(given: dict[str, Any]) -> Iterator[str]:
    """The partition key of every item that a request names; `_NOTHING` for one that cannot be told."""
    for table, item in _items(given):
        yield _value(item.get(_hash_key(table, "")))
    if "KeyConditionExpression" in given or "KeyConditions" in given:
        yield _queried(given, _hash_key(given.get("TableName", ""), given.get("IndexName", "")))
    if "Statement" in given or "Statements" in given:
        yield _NOTHING  # PartiQL: which items it reaches is not worked out, so a condition on them is not met


def _value(typed: Any) -> str:
    """A key's value; `_NOTHING` for none, and for one of two types, of which the service may take the other."""
    return str(next(iter(typed.values()))) if isinstance(typed, dict) and len(typed) == 1 else _NOTHING


def _items(given: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from _named(given)
    for request in given.get("TransactItems", ()):
        for action in request.values():
            yield from list(_named(action)) or [(action.get("TableName", ""), {})]
    batches = given.get("RequestItems") or {}
    for name, batch in batches.items():
        for entry in batch.get("Keys", ()) if isinstance(batch, dict) else batch:
            wanted = entry.get("PutRequest", {}).get("Item") or entry.get("DeleteRequest", {}).get("Key")
            yield name, wanted or entry


def _named(given: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The item of `Key` and that of `Item`: which of them is meant is the action's business, so both count."""
    for part in ("Key", "Item"):
        if isinstance(given.get(part), dict):
            yield given.get("TableName", ""), given[part]


def _queried(given: dict[str, Any], hash_key: str) -> str:
    names, values = given.get("ExpressionAttributeNames") or {}, given.get("ExpressionAttributeValues") or {}
    for name, placeholder in _EQUAL.findall(given.get("KeyConditionExpression", "")):
        if names.get(name, name) == hash_key and values.get(placeholder):
            return _value(values[placeholder])
    condition = (given.get("KeyConditions") or {}).get(hash_key) or {}
    wanted = condition.get("AttributeValueList") or [{}]
    return _value(wanted[0]) if condition.get("ComparisonOperator") == "EQ" else _NOTHING


def _hash_key(table: str, index: str) -> str:
    """The name of a table's or an index's partition key."""
    dynamodb: Any = importlib.import_module("ministack.services.dynamodb")
    found = dynamodb._tables.get(table.rpartition("/")[2]) or {}
    indexes = [*(found.get("GlobalSecondaryIndexes") or []), *(found.get("LocalSecondaryIndexes") or [])]
    schemas = [row.get("KeySchema") for row in indexes if row.get("IndexName") == index]
    schema = (schemas[0] if schemas else found.get("KeySchema")) or []
    return next((str(row["AttributeName"]) for row in schema if row.get("KeyType") == "HASH"), "")
