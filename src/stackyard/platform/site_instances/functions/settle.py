"""Settles runs: when a task has stopped, its run's row says how it ended, and its places are free again.

Gets EventBridge's "ECS Task State Change" of stopped tasks. `startedBy` is the run, `group` the environment's key.
Events may come twice, late, or for tasks that are no runs. Rows and their meaning: docs/design/0008-tenants.md.
"""

from __future__ import annotations

import datetime
import os
import re
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import ClientError

Row = dict[str, Any]
RUN = re.compile(r"\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8}")
FINAL = ("succeeded", "failed", "stopped")
SIGNALLED = (137, 143)  # ended by SIGKILL or SIGTERM
LATE = 124


@cache
def table() -> Any:
    """The organization's runs; opened once per container."""
    return boto3.resource("dynamodb").Table(os.environ["RUNS_TABLE"])


@cache
def metrics() -> Any:
    """Where figures of runs go."""
    return boto3.client("cloudwatch")


def handler(event: Row, _context: Any) -> Row:
    """Settle the run of one stopped task; the answer names it, or says why there was nothing to do."""
    task = event["detail"]
    run, key = str(task.get("startedBy") or ""), str(task.get("group") or "")
    if task.get("lastStatus") != "STOPPED" or not RUN.fullmatch(run):
        return {"ignored": task.get("taskArn", ""), "why": "not a run that has stopped"}
    row = table().get_item(Key={"environment": key, "run": run}, ConsistentRead=True).get("Item")
    if row is None:
        release(key, run)
        return {"ignored": run, "why": "there is no such run"}
    status = row["status"] if row["status"] in FINAL else outcome(task, row)
    _end(key, run, status, task)
    release(key, run)
    if "settled" not in row:
        _measure(key, status, task)
        _mark(key, run)
    return {"run": run, "status": status}


def outcome(task: Row, row: Row) -> str:
    """How a task's run ended: by its exit code, by a signal that somebody asked for, or badly."""
    code, reason = exit_code(task), why(task)
    if code == 0:
        return "succeeded"
    if "OutOfMemory" in reason:
        return "failed"
    if row.get("stop_requested") and code is not None:
        return "stopped"
    # A task that somebody stops says so; one whose container was killed, as for memory, only that it has exited.
    return "stopped" if code in SIGNALLED and task.get("stopCode") != "EssentialContainerExited" else "failed"


def exit_code(task: Row) -> int | None:
    """The first container's exit code that is not 0; None when none has started.

    The clock beside a run counts only when the run did not keep its time limit itself, and then before the others.
    """
    ended = [each for each in task.get("containers") or () if each.get("exitCode") is not None]
    clock = [each["exitCode"] for each in ended if each.get("name") == "clock"]
    codes = [LATE] if LATE in clock else [each["exitCode"] for each in ended if each.get("name") != "clock"]
    return next((code for code in codes if code), 0) if codes else None


def why(task: Row) -> str:
    """What is said about the end: the containers' reasons before the task's."""
    said = [str(each["reason"]) for each in task.get("containers") or () if each.get("reason")]
    return "; ".join([*said, *([str(task["stoppedReason"])] if task.get("stoppedReason") else [])])[:500]


def seconds(task: Row) -> float:
    """How long it ran; 0 when it never did."""
    if not task.get("startedAt") or not task.get("stoppedAt"):
        return 0.0
    began, ended = (datetime.datetime.fromisoformat(task[name]) for name in ("startedAt", "stoppedAt"))
    return max(0.0, (ended - began).total_seconds())


def _end(key: str, run: str, status: str, task: Row) -> None:
    """Write the end into the row; what the run itself said of it stays."""
    values = {":status": status, ":ended": task.get("stoppedAt") or _now(), ":arn": task["taskArn"]}
    names = {"#status": "status", "#ended": "ended", "#arn": "task_arn", "#run": "run"}
    sets = ["#status = :status", "#ended = if_not_exists(#ended, :ended)", "#arn = if_not_exists(#arn, :arn)"]
    code, reason = exit_code(task), why(task)
    if code is not None:
        sets.append("#code = :code")
        names["#code"], values[":code"] = "exit_code", code
    if reason and status != "succeeded":
        sets.append("#message = if_not_exists(#message, :message)")
        names["#message"], values[":message"] = "message", reason
    _changing(
        table().update_item,
        Key={"environment": key, "run": run},
        UpdateExpression="SET " + ", ".join(sets),
        ConditionExpression="attribute_exists(#run) AND (#status = :status OR NOT #status IN (:s0, :s1, :s2))",
        ExpressionAttributeNames=names,
        ExpressionAttributeValues={**values, **{f":s{index}": each for index, each in enumerate(FINAL)}},
    )


def release(key: str, run: str) -> None:
    """Free the places that the run still holds, and nobody else's."""
    held = table().query(
        KeyConditionExpression="environment = :slots",
        FilterExpression="holder = :run",
        ExpressionAttributeValues={":slots": "slots", ":run": run},
        ConsistentRead=True,
    )["Items"]
    for group, place in [(key, "lease"), *(("slots", each["run"]) for each in held)]:
        _changing(
            table().delete_item,
            Key={"environment": group, "run": place},
            ConditionExpression="holder = :run",
            ExpressionAttributeValues={":run": run},
        )


def _measure(key: str, status: str, task: Row) -> None:
    """Put the figures. Before the mark: a failure that is told twice is better than one never told."""
    project, _, environment = key.partition(".")
    failed = 1 if status == "failed" else 0
    figures = (
        ("FailedRuns", failed, "Count"),
        ("SucceededRuns", 1 if status == "succeeded" else 0, "Count"),
        ("RunSeconds", seconds(task), "Seconds"),
    )
    metrics().put_metric_data(
        Namespace=f"site/{project}/{environment}",
        MetricData=[{"MetricName": name, "Value": value, "Unit": unit} for name, value, unit in figures],
    )


def _mark(key: str, run: str) -> None:
    _changing(
        table().update_item,
        Key={"environment": key, "run": run},
        UpdateExpression="SET settled = :now",
        ConditionExpression="attribute_exists(#run)",
        ExpressionAttributeNames={"#run": "run"},
        ExpressionAttributeValues={":now": _now()},
    )


def _changing(change: Any, **arguments: Any) -> None:
    """Make a change whose condition may not hold any more: then somebody else was first, and nothing is to be done."""
    try:
        change(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
