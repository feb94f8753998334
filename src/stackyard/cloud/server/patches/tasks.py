"""Faults: without Docker a task is RUNNING with nothing behind it, its exit code is 0, nothing is ever announced on
the event bus, a client token is ignored, a missing cluster is made, and roles need trust nobody. Cure: tasks run
(`tasks`), and RunTask refuses what ECS refuses; rules and schedules start tasks, if their roles may.
"""

from __future__ import annotations

import copy
import importlib
import json
import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .. import reports  # noqa: TID252
from ..tasks import fleet, roles  # noqa: TID252

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders

_MOST_AT_ONCE = 10  # tasks of one call, as ECS counts
_CLUSTER = re.compile(r"arn:aws[a-z-]*:ecs:[^:]+:\d{12}:cluster/(.+)")
_LOOK = 0.2  # seconds between looks at the tasks that a state machine waits for
_METADATA = re.compile(r"/v4/([A-Za-z0-9_-]{43})(?:/|$)")
_log = logging.getLogger("stackyard.tasks")


def cures(order: orders.Order) -> dict[str, arrivals.Cure]:
    """ECS itself, and the buses and schedules that start tasks."""

    def in_ecs(module: Any) -> None:
        kept = fleet.Fleet(order.folder, order.port, order.tasks, module)
        reports.add("tasks", kept.report)
        _hosting(module, kept)
        _stopping(module, kept)
        _remembering(module, kept)
        module._run_task = _checked(module, kept, module._run_task)
        module._ACTION_MAP.update(RunTask=module._run_task, StopTask=module._stop_task)

    return {
        "ministack.services.ecs": in_ecs,
        "ministack.services.eventbridge": _in_events,
        "ministack.services.stepfunctions": _in_states,
        "ministack.app": _in_app,
    }


def _in_app(module: Any) -> None:
    """Let a container ask for its task's metadata by the token in the path, as ECS does, without a signature."""
    shortcuts = module._handle_post_body_shortcuts

    async def handle(method: str, path: str, headers: Any, body: bytes, query: Any, *rest: Any) -> Any:
        found = _METADATA.match(path) if method == "GET" else None
        if found:
            metadata: Any = importlib.import_module("ministack.services.ecs_metadata")
            if found[1] in metadata._TOKEN_TO_TASK:
                return await metadata.handle_request(method, path, headers, body, query)
        return await shortcuts(method, path, headers, body, query, *rest)

    module._handle_post_body_shortcuts = handle


def _hosting(module: Any, kept: fleet.Fleet) -> None:
    """In place of Docker: what stands for its client only says that containers run."""

    def worker(
        task: dict[str, Any], definition: Mapping[str, Any], _overrides: Any, _client: Any, _account: str, region: str
    ) -> None:
        kept.run(task, definition, region)

    make = module._make_deployment

    def make_deployment(definition: str, desired: int, status: str = "PRIMARY") -> Any:
        """A service is not complete because it was made, but once its tasks run."""
        deployment = make(definition, desired, status)
        if desired > 0:
            reason = f"ECS deployment {deployment['id']} in progress."
            deployment.update(rolloutState="IN_PROGRESS", rolloutStateReason=reason)
        return deployment

    host = object()
    module._make_deployment = make_deployment
    module._get_docker = lambda: host
    module._run_task_worker = worker
    module._maybe_mark_stopped = lambda *_given: None
    module._cleanup_task_resources = lambda *_given: None
    module._ensure_ecs_reaper_thread = lambda: None
    module._deployment_needs_first_task = lambda *_given: False


def _stopping(module: Any, kept: fleet.Fleet) -> None:
    def stop_task(data: Mapping[str, Any]) -> Any:
        name = module._resolve_cluster_name(data.get("cluster") or "default")
        if name is None or name not in module._clusters:
            return module.error_response_json("ClusterNotFoundException", "Cluster not found.", 400)
        task = module._resolve_task(data.get("task", ""), name)
        if not task:
            return module.error_response_json(
                "InvalidParameterException", "The referenced task was not found.", 400
            )  # fmt: skip
        scaled = str(task.get("group", "")).startswith("service:") and "reason" in data
        code = "ServiceSchedulerInitiated" if scaled else "UserInitiated"
        kept.stop(task, data.get("reason") or "Task stopped by user", code)
        return module.json_response({"task": module._sanitize(task)})

    reset = module.reset

    def reset_all() -> None:
        kept.stop_all("The embedded cloud was reset")
        reset()

    module._stop_task = stop_task
    module.reset = reset_all


def _remembering(module: Any, kept: fleet.Fleet) -> None:
    restore = module._restore_state

    def restore_state(data: Any) -> None:
        alive = [key for key, task in module._tasks._data.items() if task.get("lastStatus") != "STOPPED"]
        restore(data)
        kept.bury([module._tasks._data[key] for key in alive])

    module._restore_state = restore_state


# ---- RunTask


def _checked(module: Any, kept: fleet.Fleet, run: Callable[[Any], Any]) -> Callable[[Any], Any]:
    lock = threading.Lock()

    def run_task(data: dict[str, Any]) -> Any:
        if str(data.get("group") or "").startswith("service:") and "_deploymentId" in data:
            return run(data)  # a service's own, checked when it was made
        refusal = _refusal(module, data)
        if refusal is not None:
            return refusal
        token = data.get("clientToken") or ""
        with lock:
            earlier = [task for task in module._tasks.values() if token and task.get("_client_token") == token]
            if earlier:
                return _repeated(module, earlier, data)
            kept.forget()
            answer = run(copy.deepcopy(data))
            return _marked(module, answer, data, token)

    return run_task


def _refusal(module: Any, data: Mapping[str, Any]) -> Any:
    """What ECS would answer to a call that it refuses; None for one that it takes."""

    def refused(code: str, message: str) -> Any:
        return module.error_response_json(code, message, 400)

    name = module._resolve_cluster_name(data.get("cluster") or "default")
    if name is None or name not in module._clusters:
        return refused("ClusterNotFoundException", "Cluster not found.")
    definition = module._task_defs.get(module._resolve_td_key(data.get("taskDefinition", "")))
    if not definition or definition.get("status") != "ACTIVE":
        return refused("ClientException", "TaskDefinition not found.")
    count = data.get("count", 1)
    if not isinstance(count, int) or not 1 <= count <= _MOST_AT_ONCE:
        return refused("InvalidParameterException", f"count should be between 1 and {_MOST_AT_ONCE}.")
    known = {row["name"] for row in definition["containerDefinitions"]}
    for row in (data.get("overrides") or {}).get("containerOverrides") or []:
        if row.get("name") not in known:
            return refused(
                "InvalidParameterException", f"Override for container named {row.get('name')} is not a container in "
                "the TaskDefinition.",
            )  # fmt: skip
    if data.get("launchType") == "FARGATE" and "FARGATE" not in (definition.get("requiresCompatibilities") or []):
        return refused("InvalidParameterException", "Task definition does not support launch_type FARGATE.")
    network = (data.get("networkConfiguration") or {}).get("awsvpcConfiguration")
    if definition.get("networkMode") == "awsvpc" and not network:
        return refused(
            "InvalidParameterException",
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        )
    faults = [roles.fault(role) for role in _roles(definition, data.get("overrides") or {})]
    return next((refused("ClientException", fault) for fault in faults if fault), None)


def _roles(definition: Mapping[str, Any], overrides: Mapping[str, Any]) -> list[str]:
    """The roles that a task would have."""
    found = [overrides.get(key) or definition.get(key) for key in ("taskRoleArn", "executionRoleArn")]
    return [role for role in found if role]


def _without(record: dict[str, Any], name: str) -> dict[str, Any]:
    record.pop(name, None)
    return record


def _repeated(module: Any, earlier: list[dict[str, Any]], data: Mapping[str, Any]) -> Any:
    """The answer to a call that was made before, by its client token."""
    if any(task["_asked"] != _asked(data) for task in earlier):
        return module.error_response_json(
            "ConflictException", "The client token was used before with other parameters.", 400
        )  # fmt: skip
    return module.json_response({"tasks": [module._sanitize(task) for task in earlier], "failures": []})


def _asked(data: Mapping[str, Any]) -> str:
    return json.dumps(data, sort_keys=True, default=str)


def _marked(module: Any, answer: Any, data: Mapping[str, Any], token: str) -> Any:
    """Complete the records that RunTask made, and its answer, with what ministack leaves out."""
    status, headers, body = answer
    if status != 200:
        return answer
    content = json.loads(body)
    overrides = data.get("overrides") or {}
    changes = {key: str(overrides[key]) for key in ("cpu", "memory") if overrides.get(key)}
    for shown in content["tasks"]:
        record = module._tasks.get(shown["taskArn"])
        if shown["launchType"] == "FARGATE":  # which has no instances of the account's own
            del shown["containerInstanceArn"]
            record = record and _without(record, "containerInstanceArn")
        shown.update(changes)
        if not shown.get("group"):
            shown["group"] = changes["group"] = "family:" + shown["taskDefinitionArn"].rpartition("/")[2].split(":")[0]
        if record is not None:
            record.update(changes)
            if token:
                record.update(_client_token=token, _asked=_asked(data))
    return status, headers, json.dumps(content).encode()


# ---- state machines


def _in_states(module: Any) -> None:
    """`ecs:runTask.sync` fails when its task does."""

    def poll(cluster: str, arns: list[str]) -> Any:
        ecs: Any = importlib.import_module("ministack.services.ecs")
        while True:  # a state machine that wants a limit names one
            tasks: list[dict[str, Any]] = json.loads(ecs._describe_tasks({"cluster": cluster, "tasks": arns})[2])[
                "tasks"
            ]
            if all(task["lastStatus"] == "STOPPED" for task in tasks):
                break
            time.sleep(_LOOK)
        for task in tasks:
            codes = [row.get("exitCode") for row in task["containers"]]
            if task.get("stopCode") != "EssentialContainerExited" or any(codes):
                raise module._ExecutionError("States.TaskFailed", json.dumps(task))
        return {"tasks": tasks, "failures": []}

    module._poll_ecs_tasks = poll


# ---- rules and schedules


def _in_events(module: Any) -> None:
    invoke = module._invoke_target

    def invoke_target(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], *rest: Any) -> Any:
        found = _CLUSTER.fullmatch(target.get("Arn", ""))
        if found is None or not (target.get("EcsParameters") or {}).get("TaskDefinitionArn"):
            return invoke(target, event, rule, *rest)
        return _start_for(module, found[0], target, event, rule)

    module._invoke_target = invoke_target


def _start_for(module: Any, cluster: str, target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any]) -> None:
    """Run the task that a rule or a schedule targets, if its role may."""
    ecs: Any = importlib.import_module("ministack.services.ecs")
    responses: Any = importlib.import_module("ministack.core.responses")
    wanted, role, name = target["EcsParameters"], target.get("RoleArn") or "", rule.get("Name") or ""
    definition = ecs._task_defs.get(ecs._resolve_td_key(wanted["TaskDefinitionArn"]))
    if definition is None or not _may_start(role, definition, responses.get_account_id(), responses.get_region()):
        _log.warning("%s: its role may not run %s", name, wanted["TaskDefinitionArn"])
        return
    scheduled = event.get("Source") == "aws.scheduler"
    status, _headers, body = ecs._run_task({
        "cluster": cluster, "taskDefinition": definition["taskDefinitionArn"],
        "count": int(wanted.get("TaskCount") or 1),
        **({"launchType": wanted["LaunchType"]} if wanted.get("LaunchType") else {}),
        "networkConfiguration": _lower(wanted.get("NetworkConfiguration") or {}),
        "overrides": _overrides(module, target, event, rule), "group": wanted.get("Group") or "",
        "startedBy": f"chronos-schedule/{name}" if scheduled else f"events-rule/{name}", "tags": [],
    })  # fmt: skip
    if status != 200:
        _log.warning("%s: %s", name, body[:500].decode("utf-8", "replace"))


def _may_start(role: str, definition: Mapping[str, Any], account: str, region: str) -> bool:
    if role.split(":")[4:5] != [account]:
        return False
    passed = all(roles.allowed(role, "iam:PassRole", one, "events", region) for one in _roles(definition, {}))
    return passed and roles.allowed(role, "ecs:RunTask", definition["taskDefinitionArn"], "events", region)


def _overrides(module: Any, target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any]) -> dict[str, Any]:
    """A target's own input is the task's overrides; the event itself is not."""
    text = target.get("Input") or ""
    if target.get("InputTransformer"):
        text = module._apply_input_transformer(target["InputTransformer"], rule, module._pattern_event_view(event))
    try:
        given = json.loads(text or "{}")
    except ValueError:
        _log.warning("%s: its input is no JSON", rule.get("Name"))
        given = {}
    return given if isinstance(given, dict) else {}


def _lower(given: Any) -> Any:
    """Settings of a network are spelt `Subnets` in targets and `subnets` in ECS."""
    if isinstance(given, dict):
        return {name[:1].lower() + name[1:]: _lower(value) for name, value in given.items()}
    return given
