"""Lifecycle hooks of groups. The id is the hook's name; it is imported as `<group>/<name>`."""

from __future__ import annotations

from typing import cast

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Table, given


class LifecycleHook(Table):
    """`aws:autoscaling/lifecycleHook:LifecycleHook`."""

    service = "autoscaling"
    naming = Naming(prefix="")
    names = given(name="LifecycleHookName", notificationTargetArn="NotificationTargetARN", roleArn="RoleARN")
    id = "LifecycleHookName"
    replaces = ("autoscalingGroupName", "name")
    computed = ("defaultResult", "heartbeatTimeout")
    overwrites = True
    making = Call("put_lifecycle_hook")
    reading = Call(
        "describe_lifecycle_hooks",
        given(AutoScalingGroupName="$autoscalingGroupName", LifecycleHookNames=["$id"]),
        at="LifecycleHooks[0]",
    )
    removing = Call(
        "delete_lifecycle_hook", given(AutoScalingGroupName="$autoscalingGroupName", LifecycleHookName="$id")
    )
    # A hook goes with its group.
    gone = ("ValidationError:not found", "ValidationError:does not exist", "ValidationError:No Lifecycle Hook found")

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        self.call(aws, self.making, self.arguments(aws, self.making, inputs, inputs))
        return cast("str", inputs["name"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        group, _, name = id.rpartition("/")
        found = super().read(aws, name, {**known, "autoscalingGroupName": group} if group else known)
        return {**found, "id": found["name"]} if found else None

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self.call(aws, self.making, self.arguments(aws, self.making, change.new, change.new))

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return cast("str", inputs["name"])
