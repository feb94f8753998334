"""Faults: an alarm looks at a metric whatever its dimensions, so that one stage's errors raise another stage's alarm;
an alarm over several metrics forgets them. Cures: an alarm looks at the metric with exactly its dimensions; `Metrics`
are kept and told. (Expressions are not worked out: such an alarm stays INSUFFICIENT_DATA.)
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders


class _Only:
    """The metrics with one set of dimensions."""

    def __init__(self, metrics: Any, dimensions: str) -> None:
        self._metrics, self._dimensions = metrics, dimensions

    def items(self) -> Iterator[tuple[Any, Any]]:
        return ((key, points) for key, points in self._metrics.items() if key[2] == self._dimensions)


def cures(_order: orders.Order) -> dict[str, arrivals.Cure]:
    """CloudWatch's alarms."""
    return {"ministack.services.cloudwatch": _in_metrics}


def _in_metrics(module: Any) -> None:
    evaluate, put = module._evaluate_alarm, module._put_metric_alarm

    def evaluate_own(alarm: dict[str, Any]) -> Any:
        dimensions = {row["Name"]: row["Value"] for row in alarm.get("Dimensions") or ()}
        own = _Only(module._metrics, module._dims_key(dimensions))
        # The same function, for which `_metrics` is a part of the metrics.
        return types.FunctionType(evaluate.__code__, {**vars(module), "_metrics": own})(alarm)

    def put_whole(params: Any, given: Any, is_cbor: bool, is_json: bool = False) -> Any:
        answer = put(params, given, is_cbor, is_json)
        queries = (given or {}).get("Metrics") if is_cbor or is_json else None
        if queries and answer[0] < 300:
            alarm = module._alarms[given["AlarmName"]]
            alarm.update(Metrics=queries, MetricName=None, Namespace=None, Statistic=None, Period=None)
        return answer

    module._evaluate_alarm, module._put_metric_alarm = evaluate_own, put_whole
