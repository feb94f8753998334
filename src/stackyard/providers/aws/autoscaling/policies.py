"""Scaling policies. The id is the name; it is imported as `<group>/<name>`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Table, given


class Policy(Table):
    """`aws:autoscaling/policy:Policy`."""

    service = "autoscaling"
    naming = Naming(prefix="")
    names = given(
        **{
            "arn": "PolicyARN",
            "name": "PolicyName",
            "targetTrackingConfiguration.customizedMetricSpecification.metricDimensions": "Dimensions",
        }
    )
    id = "PolicyName"
    defaults = fixed(enabled=True, policyType="SimpleScaling")
    replaces = ("autoscalingGroupName", "name")
    sets = ("stepAdjustments",)
    computed = (
        "metricAggregationType",
        "targetTrackingConfiguration.disableScaleIn",
    )
    overwrites = True
    making = Call("put_scaling_policy")
    reading = Call(
        "describe_policies",
        given(AutoScalingGroupName="$autoscalingGroupName", PolicyNames=["$id"]),
        at="ScalingPolicies[0]",
    )
    removing = Call("delete_policy", given(AutoScalingGroupName="$autoscalingGroupName", PolicyName="$id"))
    # A policy goes with its group.
    gone = ("ValidationError:not found", "ValidationError:does not exist")

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        self.call(aws, self.making, self.arguments(aws, self.making, inputs, inputs))
        return cast("str", inputs["name"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        group, _, name = id.rpartition("/")
        found = super().read(aws, name, {**known, "autoscalingGroupName": group} if group else known)
        return {**found, "id": found["name"]} if found else None

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        """What a kind of policy does not have is not told."""
        return {**outputs, "autoscalingGroupName": found["AutoScalingGroupName"]}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self.call(aws, self.making, self.arguments(aws, self.making, change.new, change.new))

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return cast("str", inputs["name"])
