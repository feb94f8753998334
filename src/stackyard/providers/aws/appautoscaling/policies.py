"""How it is scaled: by a target to track, by steps, by schedule. The id is the name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard.model.values import Properties
from stackyard.providers.aws.appautoscaling.targets import PLACE, SERVICE
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Table, given

_NAMED = {**PLACE, "PolicyName": "$name"}
_ACTION = {**PLACE, "ScheduledActionName": "$name"}


class Policy(Table):
    """`aws:appautoscaling/policy:Policy`."""

    service = SERVICE
    naming = Naming(limit=255)
    overwrites = True
    names = given(name="PolicyName", arn="PolicyARN")
    defaults = fixed(policyType="StepScaling")
    replaces = ("name", "resourceId", "scalableDimension", "serviceNamespace")
    unsupported = ("predictiveScalingPolicyConfiguration",)
    making = Call("put_scaling_policy")
    reading = Call(
        "describe_scaling_policies",
        given(
            ServiceNamespace="$serviceNamespace",
            ResourceId="$resourceId",
            ScalableDimension="$scalableDimension",
            PolicyNames=["$name"],
        ),
        at="ScalingPolicies[0]",
    )
    changing = (Call("put_scaling_policy"),)
    removing = Call("delete_scaling_policy", _NAMED)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        arguments = self.arguments(aws, self.making, inputs, inputs)
        aws.persist(lambda: aws.client(SERVICE).put_scaling_policy(**arguments), "ObjectNotFoundException", timeout=30)
        return str(inputs["name"])

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        return {**outputs, "alarmArns": [alarm["AlarmARN"] for alarm in found.get("Alarms", ())]}

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])


class ScheduledAction(Table):
    """`aws:appautoscaling/scheduledAction:ScheduledAction`."""

    service = SERVICE
    naming = Naming(limit=256)
    overwrites = True
    names = given(name="ScheduledActionName", arn="ScheduledActionARN")
    defaults = fixed(timezone="UTC")
    replaces = ("name", "resourceId", "scalableDimension", "serviceNamespace")
    making = Call("put_scheduled_action")
    reading = Call(
        "describe_scheduled_actions",
        given(
            ServiceNamespace="$serviceNamespace",
            ResourceId="$resourceId",
            ScalableDimension="$scalableDimension",
            ScheduledActionNames=["$name"],
        ),
        at="ScheduledActions[0]",
    )
    changing = (Call("put_scheduled_action"),)
    removing = Call("delete_scheduled_action", _ACTION)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        aws.client(SERVICE).put_scheduled_action(**self.arguments(aws, self.making, inputs, inputs))
        return str(self.identify(aws, inputs))

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return f"{inputs['name']}-{inputs['serviceNamespace']}-{inputs['resourceId']}"
