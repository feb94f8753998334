"""Who runs in an environment: its lease, and asking the run that holds it to end."""

from __future__ import annotations

import datetime
import json
from typing import Any, Final

from stackyard import errors
from stackyard.model.activations import Activation
from stackyard.tenancy import rows
from stackyard.tenancy.rows import Row
from stackyard.tenancy.sites import Site, base_of

STARTING_SECONDS: Final = 60
"""How long a lease without a task may be that of a run which is just being started (as in the launch function)."""


def holder(site: Site, record: Activation) -> str:
    """The run that may still write in this environment; empty when there is none. Blocks."""
    lease = rows.one(site.client("dynamodb"), site.runs_table, record.key, "lease")
    run = str((lease or {}).get("holder") or "")
    return run if lease and run and _lives(site, lease, run) else ""


def _lives(site: Site, lease: Row, run: str) -> bool:
    ecs, arn = site.client("ecs"), lease.get("task_arn")
    if arn:
        found = ecs.describe_tasks(cluster=site.cluster, tasks=[arn])["tasks"]
        return any(task["lastStatus"] != "STOPPED" for task in found)
    try:
        age = datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(str(lease.get("taken")))
    except (ValueError, TypeError):
        age = datetime.timedelta.max  # runs can write their own rows: none keeps an environment with such a one
    if age < datetime.timedelta(seconds=STARTING_SECONDS):
        return True
    return bool(ecs.list_tasks(cluster=site.cluster, startedBy=run)["taskArns"])


def launch(site: Site, record: Activation, order: Row) -> Row:
    """Give an order to the environment's launch function; its answer. Blocks.

    Raises EngineError when the function is not there or fails.
    """
    name = f"launch_{base_of(record)}"
    client = site.client("lambda")
    try:
        answer = client.invoke(FunctionName=name, Payload=json.dumps(order).encode())
    except client.exceptions.ResourceNotFoundException:
        hint = f"bring it up: stackyard environment reconcile {record.organization}"
        raise errors.EngineError(f"environment {record.title} has no launch function {name}", hint=hint) from None
    said: Any = json.loads(answer["Payload"].read() or b"null")
    if answer.get("FunctionError") or not isinstance(said, dict):
        told = said.get("errorMessage", "") if isinstance(said, dict) else said
        raise errors.EngineError(f"the launch function of {record.title} failed: {told}")
    return said


def stop(site: Site, record: Activation, run: str, by: str) -> Row:
    """Ask a run to end; the launch function's answer. Blocks."""
    return launch(site, record, {"action": "stop", "run": run, "by": by})


def silence(site: Site, record: Activation) -> int:
    """Switch every schedule of an environment off, directly; how many were on. Blocks.

    For an environment whose stack can no longer be brought up: otherwise its program switches them.
    """
    scheduler, group = site.client("scheduler"), base_of(record)
    count = 0
    try:
        listed = [each for page in scheduler.get_paginator("list_schedules").paginate(GroupName=group)
                  for each in page["Schedules"]]  # fmt: skip
    except scheduler.exceptions.ResourceNotFoundException:
        return 0
    for each in listed:
        found = scheduler.get_schedule(GroupName=group, Name=each["Name"])
        if found["State"] == "DISABLED":
            continue
        kept = {name: found[name] for name in _SETTINGS if found.get(name) is not None}
        scheduler.update_schedule(**kept, GroupName=group, Name=each["Name"], State="DISABLED")
        count += 1
    return count


_SETTINGS: Final = (
    "ScheduleExpression", "ScheduleExpressionTimezone", "StartDate", "EndDate", "Description", "KmsKeyArn", "Target",
    "FlexibleTimeWindow", "ActionAfterCompletion",
)  # fmt: skip
