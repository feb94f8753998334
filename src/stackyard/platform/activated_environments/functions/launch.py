"""Starts and stops the runs of one activated environment: the only way in, for people, the API and schedules alike.

An invocation is `{"action": "start", "jobs": [...], "reason": ..., "by": ...}`, or
`{"action": "stop", "run": ..., "by": ...}`.
The answer is `{"run", "task_arn"}`, or `{"refused": why, "run": the run in the way}`; for an order that can never be
carried out, `{"refused": why, "faults": [...]}`.
Rows and their meaning: docs/design/0008-tenants.md.
"""

from __future__ import annotations

import datetime
import json
import os
import secrets
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import ClientError

Row = dict[str, Any]
FINAL = ("succeeded", "failed", "stopped")
STARTING_SECONDS = 60  # how long a place may be held before its task is there


class Busy(Exception):
    """A place that is needed is held by a living run."""

    def __init__(self, run: str, why: str) -> None:
        super().__init__(why)
        self.run = run


@cache
def table() -> Any:
    """The organization's runs; opened once per container."""
    return boto3.resource("dynamodb").Table(os.environ["RUNS_TABLE"])


@cache
def ecs() -> Any:
    """Where tasks run."""
    return boto3.client("ecs")


def handler(event: Row, _context: Any) -> Row:
    """Start or stop a run. Raises ValueError for an invocation that is neither."""
    action = event.get("action")
    if action == "start":
        return start(event)
    if action == "stop":
        return stop(event)
    raise ValueError(f"action must be start or stop, not {action!r}")


def start(event: Row) -> Row:
    """Take the environment's lease and one of the organization's places, then run the task."""
    if os.environ.get("SUSPENDED") == "true":
        return {"refused": "the organization is suspended"}
    jobs = event.get("jobs") or json.loads(os.environ["DEFAULT_JOBS"])
    if not isinstance(jobs, list) or not jobs or not all(isinstance(job, str) and job for job in jobs):
        return {"refused": "there is nothing to run: say which jobs, as a list of names"}
    if faults := _unknown(jobs):
        return {"refused": faults[0], "faults": faults}
    run = f"{datetime.datetime.now(datetime.UTC):%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(4)}"
    held: list[tuple[str, str]] = []
    try:
        _take(os.environ["KEY"], "lease", run, "a run of this environment is under way", held)
        _take_slot(run, held)
    except Busy as busy:
        _release(run, held)
        return {"refused": str(busy), "run": busy.run}
    try:
        return _run(run, jobs, event, held)
    except BaseException:
        _release(run, held)
        raise


def _unknown(jobs: list[str]) -> list[str]:
    """What is wrong with jobs that the project does not have. Plugins and mappings are taken by name, too."""
    has, blocks = json.loads(os.environ.get("JOBS", "[]")), json.loads(os.environ.get("BLOCKS", "[]"))
    if not (has or blocks):
        return []  # what the project has is not known here
    lacking = [job for job in jobs if job not in (*has, *blocks) and job.partition(":")[0] not in blocks]
    return [f"the project has no job {job!r}; it has {', '.join(has) or 'none'}" for job in lacking]


def _take(group: str, row: str, run: str, why: str, held: list[tuple[str, str]]) -> None:
    """Put a row that says who holds this place; take it over when the holder's task has ended. Raises Busy."""
    key = {"environment": group, "run": row}
    mine = {**key, "holder": run, "key": os.environ["KEY"], "taken": _now()}
    for _ in range(3):
        try:
            table().put_item(Item=mine, ConditionExpression="attribute_not_exists(holder)")
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
        else:
            held.append((group, row))
            return
        holder = table().get_item(Key=key, ConsistentRead=True).get("Item")
        if holder is None:
            continue
        if _lives(holder):
            raise Busy(holder["holder"], why)
        # Runs may write their environment's lease, so what it says of other environments is not believed.
        _bury(holder["key"] if group == "slots" else group, holder["holder"])
        _give_back(key, holder["holder"])
    raise Busy("", f"{why}, and its place is contended")


def _take_slot(run: str, held: list[tuple[str, str]]) -> None:
    limit = int(os.environ["CONCURRENT_RUNS"])
    why = f"the organization runs {limit} at once, which is its limit"
    busy = Busy("", why)
    for slot in range(limit):
        try:
            return _take("slots", str(slot), run, why, held)
        except Busy as found:
            busy = found
    raise busy


def _lives(holder: Row) -> bool:
    """Whether the task of a lease or slot may still write."""
    arn = holder.get("task_arn")
    if not arn:
        taken = datetime.datetime.fromisoformat(holder["taken"])
        young = datetime.datetime.now(datetime.UTC) - taken < datetime.timedelta(seconds=STARTING_SECONDS)
        return young or bool(_started(holder["holder"]))
    found = ecs().describe_tasks(cluster=os.environ["CLUSTER"], tasks=[arn])["tasks"]
    return any(task["lastStatus"] != "STOPPED" for task in found)


def _started(run: str) -> list[str]:
    listed: list[str] = ecs().list_tasks(cluster=os.environ["CLUSTER"], startedBy=run)["taskArns"]
    return listed


def _bury(environment: str, run: str) -> None:
    """A run whose task is gone without a word has failed; a run that has ended already stays as it is."""
    try:
        table().update_item(
            Key={"environment": environment, "run": run},
            UpdateExpression="SET #s = :failed, #e = :now, #m = :message",
            ConditionExpression="attribute_exists(#r) AND NOT #s IN (:succeeded, :failed, :stopped)",
            ExpressionAttributeNames={"#s": "status", "#e": "ended", "#m": "message", "#r": "run"},
            ExpressionAttributeValues={
                **{f":{status}": status for status in FINAL},
                ":now": _now(),
                ":message": "the task ended without a word",
            },
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise


def _give_back(key: Row, run: str) -> None:
    try:
        table().delete_item(Key=key, ConditionExpression="holder = :run", ExpressionAttributeValues={":run": run})
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise


def _release(run: str, held: list[tuple[str, str]]) -> None:
    for group, row in held:
        _give_back({"environment": group, "run": row}, run)


def _run(run: str, jobs: list[str], event: Row, held: list[tuple[str, str]]) -> Row:
    key = os.environ["KEY"]
    reason, by = str(event.get("reason") or "manual"), str(event.get("by") or "")
    row = {
        "environment": key, "run": run, "status": "starting", "reason": reason, "by": by, "jobs": jobs,
        "commit": os.environ["COMMIT"], "started": _now(),
        "cpu": int(os.environ["CPU"]), "memory_mb": int(os.environ["MEMORY_MB"]),
    }  # fmt: skip
    table().put_item(Item=row)
    try:
        answer = ecs().run_task(**_task(run, jobs))
        failures = [failure.get("reason", "?") for failure in answer.get("failures", [])]
        if failures or not answer["tasks"]:
            raise RuntimeError(f"the task was not placed: {', '.join(failures) or 'no reason was given'}")
    except Exception as fault:
        _note(run, status="failed", ended=_now(), message=str(fault)[:500])
        raise
    arn = answer["tasks"][0]["taskArn"]
    stream = f"run/runner/{arn.rpartition('/')[2]}"
    for group, place in held:
        _set({"environment": group, "run": place}, {"task_arn": arn}, run)
    _note(run, task_arn=arn, log_stream=stream)
    return {"run": run, "task_arn": arn, "log_stream": stream}


def _task(run: str, jobs: list[str]) -> Row:
    key = os.environ["KEY"]
    variables = {"STACKYARD_RUN": run, "STACKYARD_JOBS": json.dumps(jobs)}
    network = {
        "subnets": json.loads(os.environ["SUBNETS"]),
        "securityGroups": json.loads(os.environ["SECURITY_GROUPS"]),
        "assignPublicIp": os.environ["PUBLIC"],
    }
    return {
        "cluster": os.environ["CLUSTER"],
        "taskDefinition": os.environ["FAMILY"],
        "launchType": "FARGATE",
        "count": 1,
        "clientToken": run,
        "startedBy": run,
        "group": key,
        "networkConfiguration": {"awsvpcConfiguration": network},
        "overrides": {
            "containerOverrides": [
                {
                    "name": "runner",
                    "environment": [{"name": name, "value": value} for name, value in variables.items()],
                }
            ]
        },
        "tags": [{"key": "run", "value": run}, {"key": "environment", "value": key}],
    }


def stop(event: Row) -> Row:
    """Ask a run's task to end; it has its stop timeout to do so. What it has not committed never happened."""
    key, run = os.environ["KEY"], str(event.get("run") or "")
    row = table().get_item(Key={"environment": key, "run": run}, ConsistentRead=True).get("Item") if run else None
    if row is None or "status" not in row:
        return {"refused": f"there is no run {run!r} of this environment"}
    if row["status"] in FINAL:
        return {"refused": f"the run has {row['status']} already", "run": run}
    _note(run, stop_requested=True, message=f"stopped by {event.get('by') or 'request'}")
    for arn in [row["task_arn"]] if row.get("task_arn") else _started(run):
        ecs().stop_task(cluster=os.environ["CLUSTER"], task=arn, reason=f"stopped by {event.get('by') or 'request'}")
    return {"run": run, "task_arn": row.get("task_arn", "")}


def _note(run: str, **values: Any) -> None:
    _set({"environment": os.environ["KEY"], "run": run}, values)


def _set(key: Row, values: Row, holder: str = "") -> None:
    """Change a row that is there; with `holder`, only while that run holds it (a short run may have ended by now)."""
    names = {f"#{name}": name for name in values}
    given = {f":{name}": value for name, value in values.items()}
    condition = "attribute_exists(#run_)"
    if holder:
        condition, given[":holder"] = "holder = :holder", holder
    try:
        table().update_item(
            Key=key,
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
            ConditionExpression=condition,
            ExpressionAttributeNames=names if holder else {**names, "#run_": "run"},
            ExpressionAttributeValues=given,
        )
    except ClientError as error:
        if not holder or error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
