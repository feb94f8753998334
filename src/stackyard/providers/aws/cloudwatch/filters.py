"""What is done with lines of a log group: metrics, subscriptions; and the policy of CloudWatch Logs itself."""

from __future__ import annotations

from typing import Any

from stackyard.model.values import Properties
from stackyard.providers.aws import shapes
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming

_LATE = ("Could not execute the lambda function", "Make sure you have given CloudWatch Logs permission")


class LogMetricFilter(Kind):
    """`aws:cloudwatch/logMetricFilter:LogMetricFilter`. The id is the name; an import is by `<group>:<name>`."""

    naming = Naming(limit=512)
    overwrites = True
    replaces = ("name", "logGroupName")
    computed = ("applyOnTransformedLogs",)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        self._put(aws, inputs)
        return str(inputs["name"])

    def _put(self, aws: Aws, inputs: Properties) -> None:
        shape = shapes.model(aws.logs, "put_metric_filter").input_shape.members["metricTransformations"].member
        names = {"name": "metricName", "namespace": "metricNamespace", "value": "metricValue"}
        given = inputs["metricTransformation"]
        default = {"defaultValue": float(given["defaultValue"])} if given.get("defaultValue") else {}
        metric = shapes.request(shape, {k: v for k, v in given.items() if k != "defaultValue"}, names)
        more = {"applyOnTransformedLogs": True} if inputs.get("applyOnTransformedLogs") else {}
        aws.logs.put_metric_filter(
            logGroupName=inputs["logGroupName"],
            filterName=inputs["name"],
            filterPattern=inputs["pattern"].strip(),
            metricTransformations=[{**metric, **default}],
            **more,
        )

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        group, _, name = id.rpartition(":")
        group = known.get("logGroupName") or group
        found = aws.pages("logs", "describe_metric_filters", "metricFilters", logGroupName=group, filterNamePrefix=name)
        entry = next((item for item in found if item["filterName"] == name), None)
        if entry is None:
            return None
        outputs = {"id": name, "name": name, "logGroupName": group, "pattern": entry.get("filterPattern", "")}
        return {**outputs, "metricTransformation": _metric(entry["metricTransformations"][0])}

    def same(self, key: str, left: Any, right: Any) -> bool:
        return key == "pattern" and str(left).strip() == str(right).strip()

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self._put(aws, change.new)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.logs.delete_metric_filter(logGroupName=known["logGroupName"], filterName=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])


def _metric(entry: dict[str, Any]) -> Properties:
    default = entry.get("defaultValue")
    found = {
        "name": entry["metricName"],
        "namespace": entry["metricNamespace"],
        "value": entry["metricValue"],
        "unit": entry.get("unit"),
        "dimensions": entry.get("dimensions"),
        "defaultValue": None if default is None else f"{default:g}",
    }
    return {name: value for name, value in found.items() if value}


class LogSubscriptionFilter(Kind):
    """`aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter`. The id is `<group>|<name>`, as an import's."""

    naming = Naming(limit=512)
    overwrites = True
    defaults = fixed(distribution="ByLogStream")
    replaces = ("name", "logGroup")
    computed = ("applyOnTransformedLogs", "roleArn", "emitSystemFields")
    sets = ("emitSystemFields",)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        self._put(aws, inputs)
        return str(self.identify(aws, inputs))

    def _put(self, aws: Aws, inputs: Properties) -> None:
        names = ("applyOnTransformedLogs", "destinationArn", "distribution", "emitSystemFields", "roleArn")
        given = {name: inputs[name] for name in names if inputs.get(name)}
        where = {"logGroupName": inputs["logGroup"], "filterName": inputs["name"]}
        pattern = inputs["filterPattern"]
        aws.persist(lambda: aws.logs.put_subscription_filter(**where, filterPattern=pattern, **given), *_LATE)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        group, _, name = id.rpartition("|")
        group, name = known.get("logGroup") or group, known.get("name") or name
        found = aws.pages("logs", "describe_subscription_filters", "subscriptionFilters", logGroupName=group)
        entry = next((item for item in found if item["filterName"] == name), None)
        if entry is None:
            return None
        return {
            "name": name,
            "logGroup": group,
            "destinationArn": entry["destinationArn"],
            "distribution": entry.get("distribution") or "ByLogStream",
            "filterPattern": entry.get("filterPattern", ""),
            "roleArn": entry.get("roleArn", ""),
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self._put(aws, change.new)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.logs.delete_subscription_filter(logGroupName=known["logGroup"], filterName=known["name"])

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return f"{inputs['logGroup']}|{inputs['name']}"


class LogResourcePolicy(Kind):
    """`aws:cloudwatch/logResourcePolicy:LogResourcePolicy`. The id is the name."""

    naming = None
    overwrites = True
    replaces = ("policyName",)
    documents = ("policyDocument",)
    unsupported = ("resourceArn",)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        self._put(aws, inputs["policyName"], inputs["policyDocument"])
        return str(inputs["policyName"])

    def _put(self, aws: Aws, name: str, policy: str) -> None:
        aws.logs.put_resource_policy(policyName=name, policyDocument=policy)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = aws.pages("logs", "describe_resource_policies", "resourcePolicies")
        entry = next((item for item in found if item["policyName"] == id), None)
        return entry and {"policyName": id, "policyDocument": entry["policyDocument"]}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self._put(aws, id, change.new["policyDocument"])

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.logs.delete_resource_policy(policyName=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["policyName"])
