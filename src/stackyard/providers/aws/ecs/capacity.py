"""Capacity providers: Auto Scaling groups that serve clusters. The id is the ARN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change
from stackyard.providers.aws.tables import Call, Table, given
from stackyard.providers.aws.tagging import Tagging

_GROUP: Final = "autoScalingGroupProvider"
_BUSY: Final = ("UpdateInProgressException", "currently in use", "being updated")


class CapacityProvider(Table):
    """`aws:ecs/capacityProvider:CapacityProvider`, of an Auto Scaling group."""

    service = "ecs"
    names = given(arn="capacityProviderArn")
    id = "capacityProviderArn"
    replaces = ("name", f"{_GROUP}.autoScalingGroupArn")
    computed = (
        f"{_GROUP}.managedDraining",
        f"{_GROUP}.managedScaling",
        *(f"{_GROUP}.managedScaling.{name}" for name in ("instanceWarmupPeriod", "maximumScalingStepSize", "status")),
        *(f"{_GROUP}.managedScaling.{name}" for name in ("minimumScalingStepSize", "targetCapacity")),
        f"{_GROUP}.managedTerminationProtection",
    )
    unsupported = ("cluster", "managedInstancesProvider")
    gone = ("ClientException:does not exist", "InvalidParameterException:not found")
    tagging = Tagging("ecs")
    making = Call("create_capacity_provider", at="capacityProvider")
    reading = Call("describe_capacity_providers", given(capacityProviders=["$id"]), at="capacityProviders[0]")
    removing = Call("delete_capacity_provider", given(capacityProvider="$id"))
    waits_gone = True

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("ecs", f"capacity-provider/{inputs['name']}")}

    def call(self, aws: Aws, call: Call, arguments: Mapping[str, Any]) -> Any:
        """What is deleted stays visible for a while, and is not there."""
        found = super().call(aws, call, arguments)
        return None if call.operation == self.reading.operation and found and found["status"] == "INACTIVE" else found

    def update(self, aws: Aws, id: str, change: Change) -> None:
        said = self.arguments(aws, self.making, change.new, {_GROUP: change.new[_GROUP]})
        said[_GROUP].pop("autoScalingGroupArn", None)
        aws.persist(lambda: aws.ecs.update_capacity_provider(name=change.new["name"], **said), *_BUSY)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.persist(lambda: super(CapacityProvider, self).delete(aws, id, known), *_BUSY, timeout=600)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return aws.arn("ecs", f"capacity-provider/{inputs['name']}")
