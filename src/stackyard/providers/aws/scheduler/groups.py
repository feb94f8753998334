"""Groups of schedules. The id is the name; deleting a group deletes its schedules."""

from __future__ import annotations

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Table, given
from stackyard.providers.aws.tagging import Tagging


class ScheduleGroup(Table):
    """`aws:scheduler/scheduleGroup:ScheduleGroup`."""

    service = "scheduler"
    naming = Naming(limit=64)
    replaces = ("name", "namePrefix")
    volatile = ("lastModificationDate",)
    tagging = Tagging("scheduler", by="arn")
    waits_gone = True
    making = Call("create_schedule_group")
    reading = Call("get_schedule_group", given(Name="$id"))
    removing = Call("delete_schedule_group", given(Name="$id"))

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        super().create(aws, inputs, token)
        return str(inputs["name"])

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])
