"""Faults: rules and schedules are looked at every ten seconds, so that what is due is late by up to as much; a
schedule delivers though its role may not, is in UTC whatever zone it names, drifts with every firing, accepts an
expression that never comes, and after a restart fires again what it fired once. Cures: they are looked at twice a
second; a schedule whose role's policies do not allow the delivery delivers nothing, and says so in the server's log;
its times are of its zone; when it fired last is kept with it; what means nothing is refused.
"""

from __future__ import annotations

import datetime
import importlib
import json
import logging
import re
import time
import zoneinfo
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders

_SECONDS = 0.5
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_DELIVERIES = {
    "sqs": "sqs:SendMessage",
    "sns": "sns:Publish",
    "lambda": "lambda:InvokeFunction",
    "states": "states:StartExecution",
    "events": "events:PutEvents",
    "kinesis": "kinesis:PutRecord",
}
_log = logging.getLogger("stackyard.schedules")


def cures(_order: orders.Order) -> dict[str, arrivals.Cure]:
    """The two loops that wait, and what both deliver through."""

    def in_scheduler(module: Any) -> None:
        module._SCHEDULE_TICK_INTERVAL = _SECONDS
        module._tick_schedules = lambda: _tick(module)
        for name in ("_create_schedule", "_update_schedule"):
            setattr(module, name, _checked(module, getattr(module, name)))
        module._get_schedule = _without_marks(module._get_schedule)

    def in_events(module: Any) -> None:
        module._SCHEDULER_TICK_INTERVAL = _SECONDS
        deliver = module._invoke_target

        def deliver_allowed(target: Any, event: Any, rule: Any, *rest: Any, **named: Any) -> Any:
            # Rules deliver by the target's own policy; only a schedule's delivery is its role's.
            if event.get("Source") == "aws.scheduler" and not _allowed(target):
                _log.warning("%s: its role may not deliver to %s", rule.get("Name"), target.get("Arn"))
                return None
            return deliver(target, event, rule, *rest, **named)

        module._invoke_target = deliver_allowed

    return {"ministack.services.scheduler": in_scheduler, "ministack.services.eventbridge": in_events}


def _checked(module: Any, put: Any) -> Any:
    """Refuse what could never fire, as EventBridge Scheduler does."""

    def put_checked(name: str, body: dict[str, Any]) -> Any:
        expression, zone = body.get("ScheduleExpression") or "", body.get("ScheduleExpressionTimezone") or "UTC"
        try:
            zoneinfo.ZoneInfo(zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            return module._error(400, "ValidationException", f"Invalid Schedule Expression Timezone {zone}.")
        events: Any = importlib.import_module("ministack.services.eventbridge")
        known = _at(expression, "UTC") is not None or events._parse_rate_seconds(expression) is not None
        if expression and not known and events._parse_cron_fields(expression) is None:
            return module._error(400, "ValidationException", f"Invalid Schedule Expression {expression}.")
        key = f"{body.get('GroupName', 'default')}/{name}"
        before = module._schedules.get(key) or {}
        answer = put(name, body)
        now = module._schedules.get(key) or {}
        same = ("ScheduleExpression", "ScheduleExpressionTimezone", "StartDate", "State")
        if before and all(before.get(field) == now.get(field) for field in same) and "_fired" in before:
            now["_fired"] = before["_fired"]  # only what it delivers has changed
        return answer

    return put_checked


def _without_marks(get: Any) -> Any:
    def get_clean(name: str, query: dict[str, Any]) -> Any:
        status, headers, body = get(name, query)
        told = {field: value for field, value in json.loads(body).items() if not field.startswith("_")}
        return status, headers, json.dumps(told).encode()

    return get_clean


def _tick(module: Any) -> None:
    """Deliver every schedule that is due."""
    now = time.time()
    responses: Any = importlib.import_module("ministack.core.responses")
    for (account, region, key), schedule in list(dict.items(module._schedules._data)):
        if schedule.get("State") != "ENABLED":
            continue
        end = module._to_epoch(schedule.get("EndDate"))
        with responses.request_scope(account, region):
            try:
                if end is not None and now > end:
                    _complete(module, key, schedule)
                    continue
                due = _due(module, schedule)
                if due is not None and due <= now:
                    module._schedules.get(key)  # notes that the entry changes
                    schedule["_fired"] = due
                    _deliver(schedule, account, region, now)
                    if schedule["ScheduleExpression"].startswith("at("):
                        _complete(module, key, schedule)
            except Exception:  # noqa: BLE001 - one schedule's fault is told and keeps no other from firing
                _log.exception("schedule %s", key)


def _complete(module: Any, key: str, schedule: dict[str, Any]) -> None:
    if schedule.get("ActionAfterCompletion") == "DELETE":
        module._schedules.pop(key, None)


def _due(module: Any, schedule: dict[str, Any]) -> float | None:
    """When a schedule fires next, in seconds since 1970; None when it never does again."""
    events: Any = importlib.import_module("ministack.services.eventbridge")
    expression, zone = schedule["ScheduleExpression"], schedule.get("ScheduleExpressionTimezone") or "UTC"
    fired, start = schedule.get("_fired"), module._to_epoch(schedule.get("StartDate"))
    at = _at(expression, zone)
    if at is not None:
        return at if fired is None else None
    made = module._to_epoch(schedule.get("LastModificationDate")) or time.time()
    since = max(filter(None, (fired, start, made if fired is None else None)))
    interval = events._parse_rate_seconds(expression)
    if interval is not None:
        # The first comes with the start date, or one interval after the making; a cloud that was down misses some.
        first = start if fired is None and start is not None and start >= made else since + interval
        missed = max(0.0, time.time() - first) // interval
        return float(first + missed * interval)
    fields = events._parse_cron_fields(expression)
    if fields is None:
        return None
    return _next(events, fields, max(since, time.time() - 60), zone)


def _next(events: Any, fields: Any, after: float, zone: str) -> float | None:
    """The first time after `after` that a cron expression names, on the clocks of `zone`."""
    clock = zoneinfo.ZoneInfo(zone)
    local = datetime.datetime.fromtimestamp(after, clock).replace(tzinfo=datetime.UTC)
    found = events._cron_next_fire(fields, local)
    return float(found.replace(tzinfo=clock).timestamp()) if found is not None else None


def _at(expression: str, zone: str) -> float | None:
    match = _AT.fullmatch(expression.strip())
    try:
        when = datetime.datetime.fromisoformat(match[1]) if match else None
    except ValueError:
        return None
    return when.replace(tzinfo=zoneinfo.ZoneInfo(zone)).timestamp() if when else None


def _deliver(schedule: dict[str, Any], account: str, region: str, now: float) -> None:
    events: Any = importlib.import_module("ministack.services.eventbridge")
    target = schedule.get("Target") or {}
    if not target.get("Arn"):
        return
    event = {
        "EventId": events.new_uuid(), "Source": "aws.scheduler", "DetailType": "Scheduled Event", "Detail": "{}",
        "Time": now, "Resources": [schedule.get("Arn", "")], "Account": account, "Region": region,
    }  # fmt: skip
    words = {"scheduled-time": _told(schedule["_fired"]), "schedule-arn": schedule.get("Arn", ""),
             "execution-id": event["EventId"], "attempt-number": "1"}  # fmt: skip
    said = str(target.get("Input") or "")
    for word, value in words.items():
        said = said.replace(f"<aws.scheduler.{word}>", str(value))
    events._invoke_target({**target, "Input": said} if said else target, event, schedule)


def _told(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def _allowed(target: dict[str, Any]) -> bool:
    """Whether the policies of a target's role allow the delivery to it."""
    evaluator: Any = importlib.import_module("ministack.core.iam_evaluator")
    responses: Any = importlib.import_module("ministack.core.responses")
    arn, role = target.get("Arn", ""), target.get("RoleArn", "")
    action = _DELIVERIES.get(arn.split(":")[2] if arn.count(":") > 2 else "")
    if action is None:
        return True
    account, name = responses.get_account_id(), role.rpartition("/")[2]
    if role.split(":")[4:5] != [account]:
        return False
    context = evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::{account}:assumed-role/{name}/scheduler", principal_type="AssumedRole",
        principal_account=account, action=action, resource_arn=arn, region=responses.get_region(),
    )  # fmt: skip
    policies = evaluator._gather_role_policies(name, account)
    decision: str = evaluator.evaluate(context, policies).decision
    return decision == "Allow"
