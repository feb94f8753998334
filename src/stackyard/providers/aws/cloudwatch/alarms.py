"""CloudWatch metric alarms. The id is the name; PutMetricAlarm makes and changes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Table, given
from stackyard.providers.aws.tagging import Tagging, pairs


class MetricAlarm(Table):
    """`aws:cloudwatch/metricAlarm:MetricAlarm`."""

    service = "cloudwatch"
    naming = Naming(limit=255)
    overwrites = True
    names = fixed(name="AlarmName", metricQueries="Metrics", arn="AlarmArn")
    defaults = fixed(actionsEnabled=True, treatMissingData="missing")
    replaces = ("name",)
    sets = ("alarmActions", "okActions", "insufficientDataActions", "metricQueries")
    computed = ("evaluateLowSampleCountPercentiles",)
    unsupported = ("evaluationCriteria", "evaluationInterval", "evaluationWindow", "warmUpConfiguration")
    tagging = Tagging("cloudwatch", by="arn")
    making = Call("put_metric_alarm")
    reading = Call("describe_alarms", given(AlarmNames=["$id"]), at="MetricAlarms[0]")
    changing = (Call("put_metric_alarm"),)
    removing = Call("delete_alarms", given(AlarmNames=["$id"]))

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("cloudwatch", f"alarm:{inputs['name']}")}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        arguments = self.arguments(aws, self.making, inputs, inputs)
        aws.cloudwatch.put_metric_alarm(**arguments, Tags=pairs(inputs.get("tagsAll")))
        return str(inputs["name"])

    def sent(self, inputs: Properties) -> Properties:
        """A query's metric holds period and statistic beside the metric's own name (MetricStat)."""
        if not inputs.get("metricQueries"):
            return inputs
        return {**inputs, "metricQueries": [_query(query) for query in inputs["metricQueries"]]}

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        queries = [_read_query(query) for query in found.get("Metrics", ())]
        for name in ("alarmActions", "okActions", "insufficientDataActions", "dimensions"):
            outputs.setdefault(name, {} if name == "dimensions" else [])
        return {**outputs, "metricQueries": queries, "actionsEnabled": found.get("ActionsEnabled", True)}

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])


def _query(query: Properties) -> Properties:
    metric = query.get("metric")
    if not metric:
        return query
    named = {"Namespace": metric.get("namespace"), "MetricName": metric["metricName"]}
    named["Dimensions"] = pairs(metric.get("dimensions"), "Name", "Value")
    stat = {"period": metric["period"], "stat": metric["stat"], "unit": metric.get("unit"), "metric": named}
    return {**{k: v for k, v in query.items() if k != "metric"}, "metricStat": stat}


def _read_query(query: Mapping[str, Any]) -> Properties:
    names = {"accountId": "AccountId", "expression": "Expression", "id": "Id", "label": "Label", "period": "Period"}
    names["returnData"] = "ReturnData"
    found = {name: query[member] for name, member in names.items() if member in query}
    if "MetricStat" in query:
        stat = query["MetricStat"]
        metric = {"metricName": stat["Metric"]["MetricName"], "period": stat["Period"], "stat": stat["Stat"]}
        optional = {"namespace": stat["Metric"].get("Namespace"), "unit": stat.get("Unit")}
        optional["dimensions"] = {d["Name"]: d["Value"] for d in stat["Metric"].get("Dimensions", ())}
        found["metric"] = {**metric, **{name: value for name, value in optional.items() if value}}
    return found
