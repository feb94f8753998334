"""Schedules. The id is `<group>/<name>`, and an update puts the whole schedule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackyard.errors import ProviderError
from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Table, given

_WHERE: Final = given(GroupName="$groupName", Name="$name")
_UNREADY: Final = "The execution role you provide must allow"


class Schedule(Table):
    """`aws:scheduler/schedule:Schedule`."""

    service = "scheduler"
    naming = Naming(limit=64)
    names = given(
        **{
            "target.ecsParameters.capacityProviderStrategies": "CapacityProviderStrategy",
            "target.ecsParameters.placementStrategies": "PlacementStrategy",
            "target.sagemakerPipelineParameters.pipelineParameters": "PipelineParameterList",
            "target.eventbridgeParameters": "EventBridgeParameters",
            "target.sagemakerPipelineParameters": "SageMakerPipelineParameters",
        }
    )
    id = "ScheduleArn"
    defaults = fixed(groupName="default", scheduleExpressionTimezone="UTC", state="ENABLED")
    replaces = ("groupName", "name", "namePrefix")
    sets = ("target.ecsParameters.networkConfiguration.securityGroups",
            "target.ecsParameters.networkConfiguration.subnets")  # fmt: skip
    computed = ("actionAfterCompletion", "target.retryPolicy", "target.retryPolicy.maximumEventAgeInSeconds",
                "target.retryPolicy.maximumRetryAttempts", "target.ecsParameters.taskCount")  # fmt: skip
    making = Call("create_schedule")
    reading = Call("get_schedule", _WHERE)
    changing = (Call("update_schedule", _WHERE),)
    removing = Call("delete_schedule", _WHERE)

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("scheduler", f"schedule/{self.identify(aws, inputs)}")}

    def sent(self, inputs: Properties) -> Properties:
        """The network and tags of a task have other shapes in the call."""
        target = inputs.get("target") or {}
        task = target.get("ecsParameters")
        if not task:
            return inputs
        network = task.get("networkConfiguration")
        shaped = {**task, "tags": [task["tags"]] if task.get("tags") else None}
        if network:
            public = "ENABLED" if network.get("assignPublicIp") else "DISABLED"
            shaped["networkConfiguration"] = {"awsvpcConfiguration": {**network, "assignPublicIp": public}}
        return {**inputs, "target": {**target, "ecsParameters": shaped}}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        """A role that was made a moment ago cannot be assumed everywhere at once."""
        aws.persist(lambda: super(Schedule, self).create(aws, inputs, token), _UNREADY)
        return str(self.identify(aws, inputs))

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        group, _, name = id.partition("/")
        if not name:
            raise ProviderError(f"{self.token}: {id} does not say its group", hint="import it by <group>/<name>")
        return super().read(aws, id, {**known, "groupName": group, "name": name})

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        task = outputs["target"].get("ecsParameters")
        if task:
            answer = found["Target"]["EcsParameters"]
            network = (answer.get("NetworkConfiguration") or {}).get("awsvpcConfiguration")
            task["networkConfiguration"] = _network(network) if network else None
        return outputs

    def update(self, aws: Aws, id: str, change: Change) -> None:
        aws.persist(lambda: super(Schedule, self).update(aws, id, change), _UNREADY)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        group, _, name = id.partition("/")
        super().delete(aws, id, {**known, "groupName": group, "name": name})

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return f"{inputs['groupName']}/{inputs['name']}"


def _network(answer: Mapping[str, Any]) -> Properties:
    return {
        "assignPublicIp": answer.get("AssignPublicIp") == "ENABLED",
        "securityGroups": answer.get("SecurityGroups") or [],
        "subnets": answer.get("Subnets") or [],
    }
