"""Launch configurations of Auto Scaling. The id is the name; nothing can be changed in place."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, cast

from stackyard import errors
from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, fixed
from stackyard.providers.aws.tables import Call, Table, given

_LATE = (
    "Invalid IamInstanceProfile",
    "Invalid IAM Instance Profile",
    "You are not authorized to perform this operation",
)


class LaunchConfiguration(Table):
    """`aws:ec2/launchConfiguration:LaunchConfiguration`."""

    service = "autoscaling"
    names = given(name="LaunchConfigurationName", enableMonitoring="InstanceMonitoring", arn="LaunchConfigurationARN")
    id = "LaunchConfigurationName"
    defaults = fixed(enableMonitoring=True)
    replaces = (
        "associatePublicIpAddress",
        "ebsBlockDevices",
        "ebsOptimized",
        "enableMonitoring",
        "ephemeralBlockDevices",
        "iamInstanceProfile",
        "imageId",
        "instanceType",
        "keyName",
        "metadataOptions",
        "name",
        "namePrefix",
        "placementTenancy",
        "rootBlockDevice",
        "securityGroups",
        "spotPrice",
        "userData",
        "userDataBase64",
    )
    sets = ("ebsBlockDevices", "ephemeralBlockDevices", "securityGroups")
    computed = (
        "associatePublicIpAddress",
        "ebsBlockDevices",
        "ebsOptimized",
        "keyName",
        "metadataOptions",
        "rootBlockDevice",
    )
    making = Call("create_launch_configuration")
    reading = Call(
        "describe_launch_configurations", given(LaunchConfigurationNames=["$id"]), at="LaunchConfigurations[0]"
    )
    removing = Call("delete_launch_configuration", given(LaunchConfigurationName="$id"))

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        arguments = self.arguments(aws, self.making, inputs, inputs)
        if inputs.get("userDataBase64"):
            arguments["UserData"] = base64.b64decode(inputs["userDataBase64"])
        arguments["InstanceMonitoring"] = {"Enabled": bool(inputs.get("enableMonitoring"))}
        arguments["BlockDeviceMappings"] = self._devices(aws, inputs)
        aws.persist(lambda: aws.autoscaling.create_launch_configuration(**arguments), *_LATE)
        return cast("str", inputs["name"])

    def sent(self, inputs: Properties) -> Properties:
        apart = ("ebsBlockDevices", "enableMonitoring", "ephemeralBlockDevices", "rootBlockDevice", "userDataBase64")
        return {name: value for name, value in inputs.items() if name not in apart}

    def _devices(self, aws: Aws, inputs: Properties) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        if inputs.get("rootBlockDevice"):
            found.append({"DeviceName": self._root(aws, inputs["imageId"]), "Ebs": _disk(inputs["rootBlockDevice"])})
        for each in inputs.get("ebsBlockDevices") or ():
            disk: dict[str, Any] = {"NoDevice": True} if each.get("noDevice") else {"Ebs": _disk(each)}
            found.append({"DeviceName": each["deviceName"], **disk})
        for each in inputs.get("ephemeralBlockDevices") or ():
            disk = {"NoDevice": True} if each.get("noDevice") else {"VirtualName": each.get("virtualName")}
            found.append({"DeviceName": each["deviceName"], **disk})
        return found

    def _root(self, aws: Aws, image: str) -> str:
        found = aws.ec2.describe_images(ImageIds=[image])["Images"]
        if not found or not found[0].get("RootDeviceName"):
            raise errors.ProviderError(f"{self.token}: image {image} has no root device")
        return str(found[0]["RootDeviceName"])

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        apart = ("userData", "userDataBase64", "ebsBlockDevices", "ephemeralBlockDevices", "rootBlockDevice")
        kept = {name: value for name, value in outputs.items() if name not in apart}
        monitored = found.get("InstanceMonitoring") or {}
        return {**kept, **({"enableMonitoring": monitored["Enabled"]} if "Enabled" in monitored else {})}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        raise errors.ProviderError(f"{self.token}: {', '.join(sorted(change.keys))} cannot be changed in place")

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return cast("str", inputs["name"])


def _disk(wanted: Properties) -> dict[str, Any]:
    names = {
        "deleteOnTermination": "DeleteOnTermination",
        "encrypted": "Encrypted",
        "iops": "Iops",
        "snapshotId": "SnapshotId",
        "throughput": "Throughput",
        "volumeSize": "VolumeSize",
        "volumeType": "VolumeType",
    }
    return {member: wanted[name] for name, member in names.items() if wanted.get(name) is not None}
