"""CloudTrail trails. The id is the ARN, as it is for Terraform."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard.model.values import Properties
from stackyard.providers.aws import shapes
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Table, given
from stackyard.providers.aws.tagging import Tagging

_CALLED = {
    "cloudWatchLogsGroupArn": "CloudWatchLogsLogGroupArn",
    "arn": "TrailARN",
    "enableLogFileValidation": "EnableLogFileValidation",
    "eventSelectors.dataResources": "DataResources",
}


class Trail(Table):
    """`aws:cloudtrail/trail:Trail`."""

    service = "cloudtrail"
    naming = Naming(limit=128)
    names = _CALLED
    id = "TrailARN"
    defaults = fixed(
        enableLogFileValidation=False,
        enableLogging=True,
        includeGlobalServiceEvents=True,
        isMultiRegionTrail=False,
        isOrganizationTrail=False,
    )
    replaces = ("name",)
    sets = ("eventSelectors[*].excludeManagementEventSources",)
    unsupported = ("advancedEventSelectors", "insightSelectors")
    tagging = Tagging("cloudtrail", by="id", add="add_tags", remove="remove_tags", read="", created=False)
    making = Call("create_trail")
    reading = Call("get_trail", given(Name="$id"), at="Trail")
    changing = (Call("update_trail", given(Name="$id")),)
    removing = Call("delete_trail", given(Name="$id"))

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": self.identify(aws, inputs), "homeRegion": aws.region}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        arguments = self.arguments(aws, self.making, inputs, inputs)
        made = aws.persist(
            lambda: aws.cloudtrail.create_trail(**arguments),
            "InsufficientEncryptionPolicy",
            "Access denied. Check the permissions for your role",
            "Access denied. Verify that the target log group",
            timeout=60,
        )
        return str(made["TrailARN"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        if inputs["enableLogging"]:
            aws.cloudtrail.start_logging(Name=id)
        if inputs.get("eventSelectors"):
            self._select(aws, id, inputs)

    def _select(self, aws: Aws, id: str, inputs: Properties) -> None:
        every = [{"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": []}]
        shape = shapes.model(aws.cloudtrail, "put_event_selectors").input_shape.members["EventSelectors"]
        wanted = [{"includeManagementEvents": True, **entry} for entry in inputs.get("eventSelectors") or ()]
        selectors = shapes.value_for(shape, wanted, self.names, "eventSelectors") if wanted else every
        aws.cloudtrail.put_event_selectors(TrailName=id, EventSelectors=selectors)

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        arn = found["TrailARN"]
        status = aws.cloudtrail.get_trail_status(Name=arn)
        tags = aws.cloudtrail.list_tags(ResourceIdList=[arn])["ResourceTagList"]
        selectors = aws.cloudtrail.get_event_selectors(TrailName=arn).get("EventSelectors") or []
        configured = shapes.property_of(
            self.schema, self.schema.outputs["eventSelectors"], selectors, self.names, "eventSelectors"
        )
        default = [{"readWriteType": "All", "includeManagementEvents": True}]
        plain = [{name: value for name, value in entry.items() if value not in ([], None)} for entry in configured]
        return {
            **outputs,
            "enableLogging": status.get("IsLogging", False),
            "enableLogFileValidation": found.get("LogFileValidationEnabled", False),
            "eventSelectors": [] if plain == default else plain,
            "tags": {tag["Key"]: tag.get("Value", "") for entry in tags for tag in entry.get("TagsList", ())},
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        if change.keys - {"enableLogging", "eventSelectors"}:
            super().update(aws, id, change)
        if change.any("eventSelectors"):
            self._select(aws, id, change.new)
        if change.any("enableLogging"):
            call = aws.cloudtrail.start_logging if change.new["enableLogging"] else aws.cloudtrail.stop_logging
            call(Name=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return aws.arn("cloudtrail", f"trail/{inputs['name']}")
