"""Scheduled actions of groups. The id is the action's name; it is imported as `<group>/<name>`."""

from __future__ import annotations

from typing import Any, Final, cast

from stackyard.model.values import Properties, Value
from stackyard.providers.aws import schemas
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind

_SIZES: Final = {"desiredCapacity": "DesiredCapacity", "maxSize": "MaxSize", "minSize": "MinSize"}
_TIMES: Final = {"endTime": "EndTime", "recurrence": "Recurrence", "startTime": "StartTime", "timeZone": "TimeZone"}
# Of a size, this leaves the group as it is.
_UNCHANGED: Final = -1


class Schedule(Kind):
    """`aws:autoscaling/schedule:Schedule`."""

    naming = None
    replaces = ("autoscalingGroupName", "scheduledActionName")
    computed = ("desiredCapacity", "endTime", "maxSize", "minSize", "recurrence", "startTime", "timeZone")
    overwrites = True
    gone = ("ValidationError:not found", "ValidationError:does not exist")

    def same(self, key: str, left: Value, right: Value) -> bool:
        return key in _SIZES and _UNCHANGED in (left, right) and bool({left, right} <= {_UNCHANGED, 0, None})

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        self._put(aws, inputs)
        return cast("str", inputs["scheduledActionName"])

    def _put(self, aws: Aws, inputs: Properties) -> None:
        said: dict[str, Any] = {member: inputs[name] for name, member in _TIMES.items() if inputs.get(name)}
        for name, member in _SIZES.items():
            if inputs.get(name) is not None and inputs[name] != _UNCHANGED:
                said[member] = inputs[name]
        aws.autoscaling.put_scheduled_update_group_action(
            AutoScalingGroupName=inputs["autoscalingGroupName"],
            ScheduledActionName=inputs["scheduledActionName"],
            **said,
        )

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        group, _, name = id.rpartition("/")
        group = group or str(known.get("autoscalingGroupName", ""))
        answer = aws.autoscaling.describe_scheduled_actions(AutoScalingGroupName=group, ScheduledActionNames=[name])
        if not answer["ScheduledUpdateGroupActions"]:
            return None
        found = answer["ScheduledUpdateGroupActions"][0]
        times = {n: schemas.coerce(found[member], "string") for n, member in _TIMES.items() if found.get(member)}
        return {
            **times,
            **{size: found.get(member, _UNCHANGED) for size, member in _SIZES.items()},
            "arn": found["ScheduledActionARN"],
            "autoscalingGroupName": found["AutoScalingGroupName"],
            "id": found["ScheduledActionName"],
            "scheduledActionName": found["ScheduledActionName"],
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self._put(aws, change.new)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.autoscaling.delete_scheduled_action(
            AutoScalingGroupName=known["autoscalingGroupName"], ScheduledActionName=id
        )

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return cast("str", inputs["scheduledActionName"])
