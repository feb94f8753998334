"""EFS mount targets and access points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, FoundBy
from stackyard.providers.aws.tables import Call, Finding, Table, given
from stackyard.providers.aws.tagging import TOKEN_TAG, Tagging, mapping


class MountTarget(Table):
    """`aws:efs/mountTarget:MountTarget`. A file system has one in a subnet."""

    service = "efs"
    naming = None
    id = "MountTargetId"
    replaces = ("fileSystemId", "ipAddress", "ipAddressType", "ipv6Address", "subnetId")
    computed = ("ipAddress", "ipAddressType", "ipv6Address", "securityGroups")
    sets = ("securityGroups",)
    waits_gone = True
    making = Call("create_mount_target")
    reading = Call("describe_mount_targets", given(MountTargetId="$id"), at="MountTargets[0]")
    removing = Call("delete_mount_target", given(MountTargetId="$id"))
    finding = Finding(
        "describe_mount_targets", "MountTargets", given(SubnetId="$subnetId"), given(FileSystemId="$fileSystemId")
    )

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        def look() -> bool:
            found = aws.efs.describe_mount_targets(MountTargetId=id)["MountTargets"][0]
            return bool(found["LifeCycleState"] == "available")

        aws.wait(f"mount target {id} to be available", look)

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        system = found["FileSystemId"]
        groups = aws.efs.describe_mount_target_security_groups(MountTargetId=found["MountTargetId"])["SecurityGroups"]
        domain = f"{system}.efs.{aws.region}.{aws.dns_suffix}"
        return {
            **outputs,
            "securityGroups": groups,
            "dnsName": domain,
            "mountTargetDnsName": f"{found.get('AvailabilityZoneName', '')}.{domain}",
            "fileSystemArn": aws.arn("elasticfilesystem", f"file-system/{system}"),
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        groups = change.new.get("securityGroups") or []
        aws.efs.modify_mount_target_security_groups(MountTargetId=id, SecurityGroups=groups)


class AccessPoint(Table):
    """`aws:efs/accessPoint:AccessPoint`."""

    service = "efs"
    naming = None
    names = given(arn="AccessPointArn")
    id = "AccessPointId"
    replaces = ("fileSystemId", "posixUser", "rootDirectory")
    computed = ("rootDirectory", "rootDirectory.path", "rootDirectory.creationInfo")
    sets = ("posixUser.secondaryGids",)
    found_by = FoundBy.TAG
    tagging = Tagging("efs", by="id", read="")
    waits_gone = True
    making = Call("create_access_point")
    reading = Call("describe_access_points", given(AccessPointId="$id"), at="AccessPoints[0]")
    removing = Call("delete_access_point", given(AccessPointId="$id"))

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        return {**outputs, "fileSystemArn": aws.arn("elasticfilesystem", f"file-system/{found['FileSystemId']}")}

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        points = aws.pages("efs", "describe_access_points", "AccessPoints", FileSystemId=inputs["fileSystemId"])
        marked = (point for point in points if mapping(point.get("Tags")).get(TOKEN_TAG) == token)
        return next((str(point["AccessPointId"]) for point in marked), None)
