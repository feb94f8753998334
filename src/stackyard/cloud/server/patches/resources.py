"""Faults: a policy for one key, log group, parameter or table is not enough when the call names it another way: KMS by
alias, CloudWatch Logs (whose ARNs end in `:*`, and where a policy for one stream is never met), SSM by ARN, by path or
several at once, a table by its ARN, a function that is new, PartiQL, a schedule of any group but `default`. Cure:
the call is checked against what it reaches; several names are each checked.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import bodies

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders

_TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+\"?([A-Za-z0-9_.-]+)\"?", re.IGNORECASE)

# The calls that CloudWatch Logs authorizes on a stream.
_ON_STREAMS = frozenset({"CreateLogStream", "DeleteLogStream", "GetLogEvents", "PutLogEvents"})


def cures(_order: orders.Order) -> dict[str, arrivals.Cure]:
    """Where a request's resource is named, where it is compared, and where further ones are checked."""
    return {
        "ministack.core.iam_actions": _in_actions,
        "ministack.core.iam_evaluator": _in_evaluator,
        "ministack.app": _in_app,
    }


def _in_actions(module: Any) -> None:
    extract = module.extract_resource_arn

    def extract_resource_arn(
        service: str, method: str, path: str, headers: Any, body: bytes, query: Any, region: str, account: str
    ) -> str:
        found: str = extract(service, method, path, headers, body, query, region, account)
        if service == "kms" and ":alias/" in found:
            return _key_of(found, region, account)
        if service == "scheduler":
            return found.replace(":schedule/default/", f":schedule/{_group(query, body)}/")
        if service not in ("ssm", "logs", "dynamodb", "lambda"):
            return found
        given = bodies.content(body)
        if service == "lambda":
            new = given.get("FunctionName") if found == "*" and method == "POST" else None
            return f"arn:aws:lambda:{region}:{account}:function:{new}" if isinstance(new, str) else found
        if service == "ssm":
            names = _parameters(given, region, account)
            return names[0] if names else found
        if service == "logs":
            return _stream(headers, given, _group_named(found, given, region, account))
        if found == "*" and str(given.get("ResourceArn", "")).startswith("arn:aws:dynamodb:"):
            return str(given["ResourceArn"])
        statement = _TABLE.search(str(given.get("Statement", "")))
        return f"arn:aws:dynamodb:{region}:{account}:table/{statement[1]}" if statement and found == "*" else found

    context, act = module.logs_service_context, module.extract_iam_action

    def logs_service_context(action: str, body: bytes, arn: str, *where: str) -> Any:
        return context(action, body, arn.partition(":log-stream:")[0], *where)  # streams have no tags, groups have

    def extract_iam_action(service: str, method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        action = act(service, method, path, headers, body, query)
        if action != "dynamodb:ExecuteStatement":
            return action
        verb = str(bodies.content(body).get("Statement", "")).split(maxsplit=1)[:1]
        return f"dynamodb:PartiQL{verb[0].capitalize()}" if verb else action

    module.extract_resource_arn, module.extract_iam_action = extract_resource_arn, extract_iam_action
    module.logs_service_context = logs_service_context


def _in_evaluator(module: Any) -> None:
    matches = module._resource_matches

    def resource_matches(arn: str, resources: list[str], not_resources: list[str]) -> Any:
        found = matches(arn, resources, not_resources)
        group = arn.startswith("arn:aws:logs:") and ":log-group:" in arn and ":log-stream:" not in arn
        if found or not resources or not group:
            return found
        # A policy names a group's streams with `:*`, and IAM compares it with the group followed by `:log-stream:`.
        return matches(f"{arn}:log-stream:", resources, not_resources)

    module._resource_matches = resource_matches


def _in_app(module: Any) -> None:
    handler = module.SERVICE_HANDLERS["ssm"]

    async def each_checked(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Any:
        responses: Any = importlib.import_module("ministack.core.responses")
        region, account = responses.get_region(), responses.get_account_id()
        further = _parameters(bodies.content(body), region, account)[1:]
        access_key = module.extract_access_key_id(headers, query)
        for arn in further if access_key else ():
            action = f"ssm:{headers.get('x-amz-target', '').rpartition('.')[2]}"
            denied = module._enforce_data_plane("ssm", action, headers, query, "", resource_arn=arn)
            if denied:
                return denied
        return await handler(method, path, headers, body, query)

    module.SERVICE_HANDLERS["ssm"] = each_checked
    logs = module.SERVICE_HANDLERS["logs"]

    async def named(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Any:
        """DescribeLogStreams knows a group by its name alone."""
        group = bodies.content(body).get("logGroupIdentifier")
        if headers.get("x-amz-target", "").endswith(".DescribeLogStreams") and isinstance(group, str):
            responses: Any = importlib.import_module("ministack.core.responses")
            own = f"arn:aws:logs:{responses.get_region()}:{responses.get_account_id()}:log-group:"
            given = {**bodies.content(body), "logGroupName": group.removeprefix(own).removesuffix(":*")}
            body = json.dumps({key: value for key, value in given.items() if key != "logGroupIdentifier"}).encode()
        return await logs(method, path, headers, body, query)

    module.SERVICE_HANDLERS["logs"] = named


def _parameters(given: dict[str, Any], region: str, account: str) -> list[str]:
    """The ARNs of the parameters that a request names."""
    names = given.get("Names") if isinstance(given.get("Names"), list) else [given.get("Name") or given.get("Path")]
    found = []
    for name in names or ():
        if isinstance(name, str) and name:
            own = f"arn:aws:ssm:{region}:{account}:parameter/{name.removeprefix('/')}"
            found.append(name if name.startswith("arn:") else own)
    return found if "Names" in given or "Path" in given or str(given.get("Name", "")).startswith("arn:") else []


def _group(query: Any, body: bytes) -> str:
    """The group of the schedule that a request is about."""
    asked = (query or {}).get("groupName") or bodies.content(body).get("GroupName") or "default"
    return str(asked[0] if isinstance(asked, list) else asked)


def _group_named(found: str, given: Mapping[str, Any], region: str, account: str) -> str:
    """The ARN of the log group of a call, which may name it by `logGroupIdentifier`, a name or an ARN."""
    named = given.get("logGroupIdentifier")
    if found != "*" or not isinstance(named, str):
        return found
    return (
        named.removesuffix(":*") if named.startswith("arn:") else f"arn:aws:logs:{region}:{account}:log-group:{named}"
    )


def _stream(headers: Mapping[str, str], given: Mapping[str, Any], group: str) -> str:
    """What a call on one stream reaches: the stream, not its group."""
    name = given.get("logStreamName")
    on_stream = headers.get("x-amz-target", "").rpartition(".")[2] in _ON_STREAMS
    return f"{group}:log-stream:{name}" if on_stream and isinstance(name, str) and group != "*" else group


def _key_of(alias: str, region: str, account: str) -> str:
    """The ARN of the key behind an alias; the alias's own when there is none, which no policy for a key allows."""
    kms: Any = importlib.import_module("ministack.services.kms")
    key = kms._aliases.get_scoped(account, region, alias)
    return f"arn:aws:kms:{region}:{account}:key/{key}" if key else alias
