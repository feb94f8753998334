"""Faults: an alarm looks at a metric whatever its dimensions, is looked at only when a figure is put, counts no periods
and never ends; figures pile up; it tells topics of its own account alone and asks none whether it may; what services
count themselves moves none; an alarm over several metrics forgets them. Cures: alarms are evaluated as CloudWatch
describes it, over sliding periods, when a figure comes and every few seconds; topics of any account are told where
their policy admits `cloudwatch.amazonaws.com`; `Metrics` are kept and told; old figures become one a minute.
(Expressions are not worked out: such an alarm stays INSUFFICIENT_DATA.)
"""

from __future__ import annotations

import importlib
import json
import logging
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders

_SECONDS = 5.0  # between looks at alarms that no figure comes for
_MANY = 4_000  # figures of one metric, before the older ones become one a minute
_ACTIONS = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}
_TOLD = ("MetricName", "Namespace", "Statistic", "Unit", "Period", "EvaluationPeriods", "ComparisonOperator",
         "Threshold", "TreatMissingData", "DatapointsToAlarm")  # fmt: skip
_log = logging.getLogger("stackyard.alarms")


def cures(_order: orders.Order) -> dict[str, arrivals.Cure]:
    """CloudWatch's alarms."""
    return {"ministack.services.cloudwatch": _in_metrics}


def _in_metrics(module: Any) -> None:
    put, record = module._put_metric_alarm, module.record_metric

    def put_whole(params: Any, given: Any, is_cbor: bool, is_json: bool = False) -> Any:
        answer = put(params, given, is_cbor, is_json)
        queries = (given or {}).get("Metrics") if is_cbor or is_json else None
        if queries and answer[0] < 300:
            alarm = module._alarms[given["AlarmName"]]
            alarm.update(Metrics=queries, MetricName=None, Namespace=None, Statistic=None, Period=None)
        return answer

    def record_looked_at(namespace: str, name: str, *rest: Any, **named: Any) -> None:
        record(namespace, name, *rest, **named)
        for alarm in module._alarms.values():
            if (alarm.get("Namespace"), alarm.get("MetricName")) == (namespace, name):
                module._evaluate_alarm(alarm)

    lock = threading.RLock()

    def evaluate(alarm: dict[str, Any]) -> None:
        with lock:
            _evaluate(module, alarm)

    module._put_metric_alarm, module.record_metric = put_whole, record_looked_at
    module._evaluate_alarm = evaluate
    module._dispatch_alarm_actions = lambda *given: _tell(module, *given)
    threading.Thread(target=_look, args=(module,), daemon=True, name="alarms").start()


def _look(module: Any) -> None:
    """Look at every alarm again and again: figures leave the periods that count, and others are missing."""
    responses: Any = importlib.import_module("ministack.core.responses")
    while True:
        time.sleep(_SECONDS)
        for points in list(dict.values(module._metrics._data)):
            _compact(module, points)
        for (account, region, name), alarm in list(dict.items(module._alarms._data)):
            try:
                with responses.request_scope(account, region):
                    module._evaluate_alarm(alarm)
            except Exception:  # noqa: BLE001 - one alarm's fault is told and keeps no other from being looked at
                _log.exception("alarm %s", name)


def _compact(module: Any, points: list[dict[str, Any]]) -> None:
    """Make one figure a minute of the older figures of a metric that has many, as CloudWatch does in time."""
    if len(points) < _MANY:
        return
    older = points[: -_MANY // 4]
    minutes: dict[int, list[dict[str, Any]]] = {}
    for point in older:
        minutes.setdefault(int(point["Timestamp"] // 60) * 60, []).append(point)
    # Figures are appended meanwhile, always behind these.
    points[: len(older)] = [
        {**group[0], "Timestamp": minute, "Value": 0.0, "_stat": module._calc_stats(group)}
        for minute, group in minutes.items()
    ]


def _evaluate(module: Any, alarm: dict[str, Any]) -> None:
    if not alarm.get("Namespace") or not alarm.get("MetricName"):
        return
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
    values = _values(module, alarm, statistic)
    old, new = alarm["StateValue"], _state(alarm, values)
    if new == old:
        return
    seen = ", ".join("missing" if value is None else f"{value:g}" for value in values)
    reason = f"Threshold Crossed: {statistic} of {seen} {alarm['ComparisonOperator']} {alarm['Threshold']:g}"
    if new != "ALARM":
        reason = f"{statistic} of {seen}" if new == "OK" else "Insufficient Data: no figure in the last periods"
    # Through the dictionary, which notes that the entry changed.
    kept = module._alarms.get(alarm["AlarmName"]) or alarm
    kept.update(StateValue=new, StateReason=reason, StateUpdatedTimestamp=int(time.time()))
    module._record_history(alarm["AlarmName"], old, new, reason)
    module._dispatch_alarm_actions(kept, old, new, reason)
    module._evaluate_parent_alarms(kept)


def _values(module: Any, alarm: dict[str, Any], statistic: str) -> list[float | None]:
    """The statistic of each of the last periods, the newest first; None where there is no figure."""
    dimensions = {row["Name"]: row["Value"] for row in alarm.get("Dimensions") or ()}
    key = (alarm["Namespace"], alarm["MetricName"], module._dims_key(dimensions))
    points, now, period = list(module._metrics.get(key) or ()), time.time(), alarm.get("Period") or 60
    count = alarm.get("EvaluationPeriods") or 1
    windows: list[list[Any]] = [[] for _ in range(count)]
    for point in reversed(points):
        number = int((now - point["Timestamp"]) // period)
        if 0 <= number < count:
            windows[number].append(point)
        elif number < 0:
            windows[0].append(point)  # a clock that is a little ahead
    return [module._stat_value(module._calc_stats(window), statistic, window) if window else None for window in windows]


def _state(alarm: dict[str, Any], values: Sequence[float | None]) -> str:
    missing, old = alarm.get("TreatMissingData") or "missing", str(alarm["StateValue"])
    if all(value is None for value in values):
        return {"notBreaching": "OK", "breaching": "ALARM", "ignore": old}.get(missing, "INSUFFICIENT_DATA")
    stands_for = {"notBreaching": False, "breaching": True}.get(missing)
    found = [stands_for if value is None else _breaches(alarm, value) for value in values]
    told = [breach for breach in found if breach is not None]
    needed = alarm.get("DatapointsToAlarm") or len(values)
    if sum(told) >= needed:
        return "ALARM"
    return old if all(told) and len(told) < needed and old != "INSUFFICIENT_DATA" else "OK"


def _breaches(alarm: dict[str, Any], value: float) -> bool:
    threshold, operator = float(alarm.get("Threshold") or 0), alarm.get("ComparisonOperator", "")
    if operator.startswith("GreaterThanOrEqual"):
        return value >= threshold
    if operator.startswith("LessThanOrEqual"):
        return value <= threshold
    return value > threshold if operator.startswith("GreaterThan") else value < threshold


def _tell(module: Any, alarm: dict[str, Any], old: str, new: str, reason: str) -> None:
    """Publish a change of state to the topics that are to hear of it, and that admit it."""
    if not alarm.get("ActionsEnabled", True):
        return
    account, region = module.get_account_id(), module.get_region()
    trigger = {name: alarm[name] for name in _TOLD if alarm.get(name) is not None}
    trigger["Dimensions"] = [{"value": row["Value"], "name": row["Name"]} for row in alarm.get("Dimensions") or ()]
    message = {
        "AlarmName": alarm["AlarmName"], "AlarmDescription": alarm.get("AlarmDescription") or None,
        "AWSAccountId": account, "AlarmConfigurationUpdatedTimestamp": alarm.get("AlarmConfigurationUpdatedTimestamp"),
        "NewStateValue": new, "NewStateReason": reason, "StateChangeTime": _time(), "Region": region,
        "AlarmArn": alarm.get("AlarmArn"), "OldStateValue": old, "OKActions": alarm.get("OKActions") or [],
        "AlarmActions": alarm.get("AlarmActions") or [],
        "InsufficientDataActions": alarm.get("InsufficientDataActions") or [], "Trigger": trigger,
    }  # fmt: skip
    subject = f'{new}: "{alarm["AlarmName"]}" in {region}'[:100]
    for topic in alarm.get(_ACTIONS[new]) or ():
        if str(topic).startswith("arn:aws:sns:"):
            _publish(topic, json.dumps(message), subject, str(alarm.get("AlarmArn")), account)


def _publish(topic: str, message: str, subject: str, alarm: str, account: str) -> None:
    sns: Any = importlib.import_module("ministack.services.sns")
    responses: Any = importlib.import_module("ministack.core.responses")
    if not sns.topic_policy_allows(topic, "cloudwatch.amazonaws.com", alarm, account):
        _log.warning("%s is not told of %s: its policy does not admit CloudWatch", topic, alarm)
        return
    region, owner = topic.split(":")[3:5]
    with responses.request_scope(owner, region):
        sns.publish_internal(topic, message, subject)


def _time() -> str:
    now = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03d}+0000"
