"""EFS file systems. The creation token names one before it has an id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Finding, Table, given
from stackyard.providers.aws.tagging import Tagging

_POLICIES = {
    "transitionToArchive": "TransitionToArchive",
    "transitionToIa": "TransitionToIA",
    "transitionToPrimaryStorageClass": "TransitionToPrimaryStorageClass",
}


class FileSystem(Table):
    """`aws:efs/fileSystem:FileSystem`."""

    service = "efs"
    naming = Naming(property="creationToken", prefix="", limit=64)
    names = given(arn="FileSystemArn", sizeInBytes="SizeInBytes", lifecyclePolicies="LifecyclePolicies")
    id = "FileSystemId"
    replaces = ("availabilityZoneName", "creationToken", "encrypted", "kmsKeyId", "performanceMode")
    computed = ("encrypted", "kmsKeyId", "performanceMode", "protection", "throughputMode")
    sets = ("lifecyclePolicies",)
    tagging = Tagging("efs", by="id", read="")
    waits_gone = True
    making = Call("create_file_system")
    reading = Call("describe_file_systems", given(FileSystemId="$id"), at="FileSystems[0]")
    changing = (
        Call("update_file_system", given(FileSystemId="$id"), when=("throughputMode", "provisionedThroughputInMibps")),
    )
    removing = Call("delete_file_system", given(FileSystemId="$id"))
    finding = Finding("describe_file_systems", "FileSystems", given(CreationToken="$creationToken"))

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        self._available(aws, id)
        if inputs.get("lifecyclePolicies"):
            self._age(aws, id, inputs)
        if inputs.get("protection"):
            self._protect(aws, id, inputs)

    def _available(self, aws: Aws, id: str) -> None:
        def look() -> bool:
            found = aws.efs.describe_file_systems(FileSystemId=id)["FileSystems"][0]
            return bool(found["LifeCycleState"] == "available")

        aws.wait(f"file system {id} to be available", look)

    def _age(self, aws: Aws, id: str, inputs: Properties) -> None:
        entries = [
            {_POLICIES[name]: value for name, value in entry.items() if value}
            for entry in inputs.get("lifecyclePolicies") or ()
        ]
        aws.efs.put_lifecycle_configuration(FileSystemId=id, LifecyclePolicies=entries)

    def _protect(self, aws: Aws, id: str, inputs: Properties) -> None:
        wanted = (inputs.get("protection") or {}).get("replicationOverwrite") or "ENABLED"
        aws.efs.update_file_system_protection(FileSystemId=id, ReplicationOverwriteProtection=wanted)

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        id = found["FileSystemId"]
        policies = aws.efs.describe_lifecycle_configuration(FileSystemId=id).get("LifecyclePolicies") or []
        back = {member: name for name, member in _POLICIES.items()}
        entries = [{back[member]: value for member, value in entry.items() if member in back} for entry in policies]
        protection = found.get("FileSystemProtection", {}).get("ReplicationOverwriteProtection")
        return {
            **{name: value for name, value in outputs.items() if name not in ("sizeInBytes", "name")},
            "name": found.get("Name", ""),
            "dnsName": f"{id}.efs.{aws.region}.{aws.dns_suffix}",
            "lifecyclePolicies": entries,
            **({"protection": {"replicationOverwrite": protection}} if protection else {}),
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        super().update(aws, id, change)
        if change.any("throughputMode", "provisionedThroughputInMibps"):
            self._available(aws, id)
        if change.any("lifecyclePolicies"):
            self._age(aws, id, change.new)
        if change.any("protection"):
            self._protect(aws, id, change.new)
