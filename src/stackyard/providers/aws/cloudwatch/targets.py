"""Targets of EventBridge rules. The id is `<rule>-<target id>`, with the bus before it when it is not the default.

An import is by `<rule>/<target id>` or `<bus>/<rule>/<target id>`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard.errors import ProviderError
from stackyard.model.values import Properties
from stackyard.providers.aws import shapes
from stackyard.providers.aws.cloudwatch.events import DEFAULT_BUS
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming

_NAMES = {
    "arn": "Arn",
    "deadLetterConfig": "DeadLetterConfig",
    "inputPath": "InputPath",
    "inputTransformer": "InputTransformer",
    "retryPolicy": "RetryPolicy",
    "roleArn": "RoleArn",
    "appsyncTarget": "AppSyncParameters",
    "appsyncTarget.graphqlOperation": "GraphQLOperation",
    "batchTarget": "BatchParameters",
    "ecsTarget": "EcsParameters",
    "ecsTarget.capacityProviderStrategies": "CapacityProviderStrategy",
    "ecsTarget.orderedPlacementStrategies": "PlacementStrategy",
    "httpTarget": "HttpParameters",
    "inputTransformer.inputPaths": "InputPathsMap",
    "kinesisTarget": "KinesisParameters",
    "redshiftTarget": "RedshiftDataParameters",
    "redshiftTarget.secretsManagerArn": "SecretManagerArn",
    "sagemakerPipelineTarget": "SageMakerPipelineParameters",
    "sagemakerPipelineTarget.pipelineParameterLists": "PipelineParameterList",
    "sqsTarget": "SqsParameters",
    "targetId": "Id",
}


class EventTarget(Kind):
    """`aws:cloudwatch/eventTarget:EventTarget`."""

    naming = Naming(property="targetId", prefix="", limit=64)
    overwrites = True
    defaults = fixed(eventBusName=DEFAULT_BUS, forceDestroy=False)
    replaces = ("rule", "targetId", "eventBusName")
    documents = ("input",)
    sets = ("ecsTarget.networkConfiguration.subnets", "ecsTarget.networkConfiguration.securityGroups")
    unsupported = ("runCommandTargets",)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        self._put(aws, inputs)
        return str(self.identify(aws, inputs))

    def _put(self, aws: Aws, inputs: Properties) -> None:
        shape = shapes.model(aws.events, "put_targets").input_shape.members["Targets"].member
        target = shapes.request(shape, _sent(inputs), _NAMES)
        answer = aws.events.put_targets(Rule=inputs["rule"], EventBusName=inputs["eventBusName"], Targets=[target])
        if answer.get("FailedEntryCount"):
            failed = answer["FailedEntries"][0]
            raise ProviderError(f"{self.token}: PutTargets: {failed.get('ErrorCode')}: {failed.get('ErrorMessage')}")

    def _place(self, id: str, known: Properties) -> tuple[str, str, str]:
        """Bus, rule and target."""
        if known.get("rule") and known.get("targetId"):
            return known.get("eventBusName") or DEFAULT_BUS, known["rule"], known["targetId"]
        parts = id.rsplit("/", 2)
        bus, rule, target = parts if len(parts) == 3 else (DEFAULT_BUS, parts[0], parts[-1])
        return bus, rule, target

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        bus, rule, target = self._place(id, known)
        listed = aws.pages("events", "list_targets_by_rule", "Targets", Rule=rule, EventBusName=bus)
        found = next((entry for entry in listed if entry["Id"] == target), None)
        if found is None:
            return None
        outputs = shapes.properties(self.schema, self.schema.outputs, _seen(found), _NAMES)
        place = {"rule": rule, "eventBusName": bus, "targetId": target}
        return {**outputs, **place, "id": str(self.identify(aws, place))}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self._put(aws, change.new)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        bus, rule, target = self._place(id, known)
        force = known.get("forceDestroy") is True
        aws.events.remove_targets(Rule=rule, EventBusName=bus, Ids=[target], Force=force)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        bus = inputs["eventBusName"]
        start = "" if bus == DEFAULT_BUS else f"{bus}-"
        return f"{start}{inputs['rule']}-{inputs['targetId']}"


def _sent(inputs: Properties) -> Properties:
    """The inputs in the nesting of the call: ECS networks and Batch jobs have one level more."""
    sent = dict(inputs)
    ecs, batch = sent.get("ecsTarget"), sent.get("batchTarget")
    if ecs and ecs.get("networkConfiguration"):
        network = dict(ecs["networkConfiguration"])
        network["assignPublicIp"] = "ENABLED" if network.get("assignPublicIp") else "DISABLED"
        sent["ecsTarget"] = {**ecs, "networkConfiguration": {"awsvpcConfiguration": network}}
    if batch:
        sizes = {"size": batch.get("arraySize")} if batch.get("arraySize") else None
        attempts = {"attempts": batch.get("jobAttempts")} if batch.get("jobAttempts") else None
        sent["batchTarget"] = {**batch, "arrayProperties": sizes, "retryStrategy": attempts}
    return sent


def _seen(found: Mapping[str, Any]) -> dict[str, Any]:
    """The reverse of `_sent`."""
    seen = dict(found)
    network = seen.get("EcsParameters", {}).get("NetworkConfiguration", {}).get("awsvpcConfiguration")
    if network:
        flat = {**network, "AssignPublicIp": network.get("AssignPublicIp") == "ENABLED"}
        seen["EcsParameters"] = {**seen["EcsParameters"], "NetworkConfiguration": flat}
    if "BatchParameters" in seen:
        batch = seen["BatchParameters"]
        size, attempts = batch.get("ArrayProperties", {}).get("Size"), batch.get("RetryStrategy", {}).get("Attempts")
        seen["BatchParameters"] = {**batch, "ArraySize": size, "JobAttempts": attempts}
    return seen
