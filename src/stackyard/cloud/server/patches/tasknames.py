"""Fault: every ECS call that names a cluster is checked against the cluster, whatever it does to tasks, definitions and
services, and there is no `ecs:cluster`: a policy for one definition allows nothing, and one for a cluster everything in
it. Cure: the resources and the condition key of the Service Authorization Reference,
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import bodies

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders

# What an action is on: the field that names it. Tasks and services have their cluster in their ARN.
_ON: Mapping[str, tuple[str, str]] = {
    "RunTask": ("task-definition", "taskDefinition"),
    "StartTask": ("task-definition", "taskDefinition"),
    "StopTask": ("task", "task"),
    "DescribeTasks": ("task", "tasks"),
    "ExecuteCommand": ("task", "task"),
    "UpdateTaskProtection": ("task", "tasks"),
    "GetTaskProtection": ("task", "tasks"),
    "CreateService": ("service", "serviceName"),
    "UpdateService": ("service", "service"),
    "DeleteService": ("service", "service"),
    "DescribeServices": ("service", "services"),
    "TagResource": ("", "resourceArn"),
    "UntagResource": ("", "resourceArn"),
    "ListTagsForResource": ("", "resourceArn"),
    # These are on nothing in particular: a policy says `*`, and may say which cluster.
    "ListTasks": ("*", "cluster"),
    "ListServices": ("*", "cluster"),
    "DescribeTaskDefinition": ("*", "taskDefinition"),
    "DeregisterTaskDefinition": ("*", "taskDefinition"),
}


def cures(_order: orders.Order) -> dict[str, arrivals.Cure]:
    """Where a request's resource and condition keys are gathered, and where further resources are checked."""
    return {"ministack.core.iam_actions": _in_actions, "ministack.app": _in_app}


def _in_actions(module: Any) -> None:
    extract, tags = module.extract_resource_arn, module.request_tag_context

    def extract_resource_arn(
        service: str, method: str, path: str, headers: Any, body: bytes, query: Any, region: str, account: str
    ) -> str:
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        if service == "ecs" and action in _ON:
            return _resources(action, bodies.content(body), region, account)[0]
        return str(extract(service, method, path, headers, body, query, region, account))

    def request_tag_context(service: str, action: str, body: bytes, params: dict[str, Any]) -> dict[str, Any]:
        context: dict[str, Any] = tags(service, action, body, params)
        if not action.startswith("ecs:") or action.partition(":")[2] not in _ON:
            return context
        responses: Any = importlib.import_module("ministack.core.responses")
        where = _arn("cluster", str(bodies.content(body).get("cluster") or "default"), *_here(responses))
        return {**context, "ecs:cluster": where}

    module.extract_resource_arn, module.request_tag_context = extract_resource_arn, request_tag_context


def _in_app(module: Any) -> None:
    handler = module.SERVICE_HANDLERS["ecs"]

    async def each_checked(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Any:
        """Tasks and services beyond the first, and the tags that a task is given when it is run."""
        responses: Any = importlib.import_module("ministack.core.responses")
        action, given = headers.get("x-amz-target", "").rpartition(".")[2], bodies.content(body)
        here = _here(responses)
        further = [(action, arn) for arn in _resources(action, given, *here)[1:]] if action in _ON else []
        if action in ("RunTask", "StartTask") and given.get("tags"):
            cluster = str(given.get("cluster") or "default").rpartition("/")[2]
            further.append(("TagResource", _arn("task", f"{cluster}/*", *here)))
        for needed, arn in further if module.extract_access_key_id(headers, query) else ():
            denied = module._enforce_data_plane("ecs", f"ecs:{needed}", headers, query, "", resource_arn=arn)
            if denied:
                return denied
        return await handler(method, path, headers, body, query)

    module.SERVICE_HANDLERS["ecs"] = each_checked


def _resources(action: str, given: Mapping[str, Any], region: str, account: str) -> list[str]:
    """The ARNs that a call is on, at least one."""
    kind, field = _ON[action]
    named = given.get(field)
    names = [name for name in (named if isinstance(named, list) else [named]) if isinstance(name, str) and name]
    if kind == "*" or not names:
        return ["*"]
    cluster = str(given.get("cluster") or "default").rpartition("/")[2]
    inside = kind in ("task", "service")
    found = [name if name.startswith("arn:") else _arn(kind, f"{cluster}/{name}" if inside else name, region, account)
             for name in names]  # fmt: skip
    return [_revision(arn) for arn in found] if kind == "task-definition" else found


def _revision(arn: str) -> str:
    """A definition's ARN with its revision: a family alone is its latest."""
    family = arn.rpartition("/")[2]
    if ":" in family:
        return arn
    tasks: Any = importlib.import_module("ministack.services.ecs")
    latest = tasks._task_def_latest.get(family)
    return f"{arn}:{latest}" if latest else f"{arn}:0"


def _arn(kind: str, name: str, region: str, account: str) -> str:
    return name if name.startswith("arn:") else f"arn:aws:ecs:{region}:{account}:{kind}/{name}"


def _here(responses: Any) -> tuple[str, str]:
    return responses.get_region(), responses.get_account_id()
