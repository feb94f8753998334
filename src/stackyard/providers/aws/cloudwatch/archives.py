"""Archives of an event bus. The id is the name."""

from __future__ import annotations

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Table, given


class EventArchive(Table):
    """`aws:cloudwatch/eventArchive:EventArchive`."""

    service = "events"
    naming = Naming(limit=48)
    names = given(name="ArchiveName", arn="ArchiveArn")
    defaults = fixed(retentionDays=0)
    replaces = ("name", "eventSourceArn")
    documents = ("eventPattern",)
    cleared = fixed(description="", eventPattern="")
    making = Call("create_archive")
    reading = Call("describe_archive", given(ArchiveName="$id"))
    changing = (Call("update_archive", given(ArchiveName="$id")),)
    removing = Call("delete_archive", given(ArchiveName="$id"))

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("events", f"archive/{inputs['name']}")}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        aws.events.create_archive(**self.arguments(aws, self.making, inputs, inputs))
        return str(inputs["name"])

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])
