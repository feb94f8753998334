"""Athena workgroups. The id is the name."""

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

_NAMES = {
    "configuration.publishCloudwatchMetricsEnabled": "PublishCloudWatchMetricsEnabled",
    "configuration.resultConfiguration.encryptionConfiguration.kmsKeyArn": "KmsKey",
    "configuration.resultConfiguration.aclConfiguration.s3AclOption": "S3AclOption",
}


class Workgroup(Table):
    """`aws:athena/workgroup:Workgroup`."""

    service = "athena"
    naming = Naming(limit=128)
    names = _NAMES
    defaults = fixed(forceDestroy=False, state="ENABLED")
    replaces = ("name",)
    gone = ("InvalidRequestException:not found",)
    computed = (
        "configuration",
        "configuration.enforceWorkgroupConfiguration",
        "configuration.publishCloudwatchMetricsEnabled",
        "configuration.engineVersion",
        "configuration.requesterPaysEnabled",
        "configuration.enableMinimumEncryptionConfiguration",
    )
    tagging = Tagging("athena", by="arn")
    making = Call("create_work_group")
    reading = Call("get_work_group", given(WorkGroup="$id"), at="WorkGroup")
    removing = Call("delete_work_group", given(WorkGroup="$id", RecursiveDeleteOption="$forceDestroy"))

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("athena", f"workgroup/{inputs['name']}")}

    def sent(self, inputs: Properties) -> Properties:
        """Terraform's defaults for the block: enforced, with metrics."""
        given_ = inputs.get("configuration") or {}
        block = {"enforceWorkgroupConfiguration": True, "publishCloudwatchMetricsEnabled": True, **given_}
        return {**inputs, "configuration": block}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        super().create(aws, inputs, token)
        return str(inputs["name"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        if inputs["state"] != "ENABLED":
            aws.athena.update_work_group(WorkGroup=id, State=inputs["state"])

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        return {**outputs, "arn": aws.arn("athena", f"workgroup/{found['Name']}")}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        new = self.sent(change.new)
        shape = shapes.model(aws.athena, "update_work_group").input_shape.members["ConfigurationUpdates"]
        updates = shapes.request(shape, {**new["configuration"]}, _updates())
        result = shapes.model(aws.athena, "create_work_group").input_shape.members["Configuration"]
        whole = shapes.request(result, new["configuration"], _updates())
        if "ResultConfiguration" in whole:
            updates["ResultConfigurationUpdates"] = whole["ResultConfiguration"]
        aws.athena.update_work_group(
            WorkGroup=id, Description=new.get("description", ""), State=new["state"], ConfigurationUpdates=updates
        )

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])


def _updates() -> dict[str, str]:
    """The names below `configuration`."""
    return {path.removeprefix("configuration."): member for path, member in _NAMES.items()}
