"""Volumes. The id is EC2's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from stackyard.model.registrations import CheckFailure
from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.ec2.tagged import Tagged
from stackyard.providers.aws.kinds import Change, fixed
from stackyard.providers.aws.tables import Call, given


class Volume(Tagged):
    """`aws:ebs/volume:Volume`."""

    resource_type = "volume"
    id = "VolumeId"
    living = ("creating", "available", "in-use")
    defaults = fixed(finalSnapshot=False, multiAttachEnabled=False)
    names = given(type="VolumeType")
    replaces = (
        "availabilityZone",
        "encrypted",
        "kmsKeyId",
        "multiAttachEnabled",
        "outpostArn",
        "snapshotId",
        "volumeInitializationRate",
    )
    computed = ("encrypted", "iops", "kmsKeyId", "size", "snapshotId", "throughput", "type", "volumeInitializationRate")
    making = Call("create_volume")
    reading = Call("describe_volumes", given(VolumeIds=["$id"]), at="Volumes[0]")
    removing = Call("delete_volume", given(VolumeId="$id"))
    waits_gone = True

    def check(self, inputs: Properties) -> Iterable[CheckFailure]:
        if "size" not in inputs and "snapshotId" not in inputs:
            yield CheckFailure("size", "is required unless there is a snapshotId")

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        aws.wait(f"volume {id} to be available", lambda: self._described(aws, id)["State"] == "available")

    def _described(self, aws: Aws, id: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = aws.ec2.describe_volumes(VolumeIds=[id])["Volumes"][0]
        return found

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        return {**outputs, "type": found["VolumeType"], "multiAttachEnabled": bool(found.get("MultiAttachEnabled"))}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        names = {"iops": "Iops", "size": "Size", "throughput": "Throughput", "type": "VolumeType"}
        said = {member: change.new[name] for name, member in names.items() if change.any(name) and change.new.get(name)}
        if said:
            aws.ec2.modify_volume(VolumeId=id, **said)
            aws.wait(f"change of {id}", lambda: self._is_modified(aws, id))

    def _is_modified(self, aws: Aws, id: str) -> bool:
        """From `optimizing` on, EC2 uses and tells the new settings."""
        filters = [{"Name": "volume-id", "Values": [id]}]
        found = aws.ec2.describe_volumes_modifications(Filters=filters)["VolumesModifications"]
        return not any(each["ModificationState"] == "modifying" for each in found)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        if known.get("finalSnapshot") is True:
            made = aws.ec2.create_snapshot(VolumeId=id, Description=f"final snapshot of {id}")
            aws.wait(f"snapshot of {id}", lambda: self._is_snapped(aws, str(made["SnapshotId"])))
        super().delete(aws, id, known)

    def _is_snapped(self, aws: Aws, snapshot: str) -> bool:
        return bool(aws.ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]["State"] == "completed")
