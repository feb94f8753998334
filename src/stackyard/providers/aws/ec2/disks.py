"""The disks of instances: as the program states them, as EC2 takes them at launch, and as it tells them."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any, Final

from stackyard import errors
from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.tagging import mapping, pairs

MEMBERS: Final = {
    "deleteOnTermination": "DeleteOnTermination",
    "encrypted": "Encrypted",
    "iops": "Iops",
    "kmsKeyId": "KmsKeyId",
    "snapshotId": "SnapshotId",
    "throughput": "Throughput",
    "volumeSize": "VolumeSize",
    "volumeType": "VolumeType",
}
_GROWS: Final = {"iops": "Iops", "throughput": "Throughput", "volumeSize": "Size", "volumeType": "VolumeType"}


def launched(aws: Aws, inputs: Properties) -> list[dict[str, Any]]:
    """The block device mappings of a launch."""
    found: list[dict[str, Any]] = []
    root = inputs.get("rootBlockDevice")
    if root:
        found.append({"DeviceName": _root_name(aws, inputs), "Ebs": _ebs(root, "snapshotId")})
    for each in inputs.get("ebsBlockDevices") or ():
        found.append({"DeviceName": each["deviceName"], "Ebs": _ebs(each)})
    for each in inputs.get("ephemeralBlockDevices") or ():
        what = {"NoDevice": ""} if each.get("noDevice") is True else {"VirtualName": each.get("virtualName", "")}
        found.append({"DeviceName": each["deviceName"], **what})
    return found


def _ebs(wanted: Properties, *apart: str) -> dict[str, Any]:
    return {
        member: wanted[name]
        for name, member in MEMBERS.items()
        if name not in apart and wanted.get(name) not in (None, "")
    }


def _root_name(aws: Aws, inputs: Properties) -> str:
    """What the image calls its root disk: settings under another name would add a disk."""
    image = inputs.get("ami")
    found = aws.ec2.describe_images(ImageIds=[image])["Images"] if image else []
    if not found or not found[0].get("RootDeviceName"):
        raise errors.ProviderError(f"aws:ec2/instance:Instance: image {image} does not name its root disk")
    return str(found[0]["RootDeviceName"])


def told(aws: Aws, instance: Mapping[str, Any], known: Properties) -> Properties:
    """`rootBlockDevice`, the stated ones of `ebsBlockDevices`, and `volumeTags` when the program states them."""
    mapped = list(_mapped(instance))
    ids = [each["Ebs"]["VolumeId"] for each in mapped]
    volumes = {each["VolumeId"]: each for each in aws.ec2.describe_volumes(VolumeIds=ids)["Volumes"]} if ids else {}
    stated = {each["deviceName"] for each in known.get("ebsBlockDevices") or ()}
    seen: Properties = {"ebsBlockDevices": []}
    for each in mapped:
        volume = volumes.get(each["Ebs"]["VolumeId"])
        if volume is None:
            continue
        disk = _disk(each, volume)
        if each["DeviceName"] == instance.get("RootDeviceName"):
            stated_tags = (known.get("rootBlockDevice") or {}).get("tags")
            seen["rootBlockDevice"] = disk if stated_tags else {n: v for n, v in disk.items() if n != "tags"}
            if known.get("volumeTags"):
                seen["volumeTags"] = {name: value for name, value in disk["tags"].items() if name[:4] != "aws:"}
        elif each["DeviceName"] in stated:
            seen["ebsBlockDevices"].append({n: v for n, v in disk.items() if n != "tags"})
    return seen


def _mapped(instance: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for each in instance.get("BlockDeviceMappings") or ():
        if each.get("Ebs", {}).get("VolumeId"):
            yield each


def _disk(mapped: Mapping[str, Any], volume: Mapping[str, Any]) -> Properties:
    names = {"volumeSize": "Size"}
    disk: Properties = {
        name: volume[names.get(name, member)]
        for name, member in MEMBERS.items()
        if volume.get(names.get(name, member)) is not None
    }
    return {
        **disk,
        "deleteOnTermination": bool(mapped["Ebs"].get("DeleteOnTermination")),
        "deviceName": mapped["DeviceName"],
        "tags": mapping(volume.get("Tags")),
        "volumeId": volume["VolumeId"],
    }


def grow(aws: Aws, instance: Mapping[str, Any], wanted: Properties, had: Properties) -> None:
    """Change the root disk of an instance where it runs: size, kind and speed, tags, what becomes of it."""
    for each in _mapped(instance):
        if each["DeviceName"] != instance.get("RootDeviceName"):
            continue
        volume = each["Ebs"]["VolumeId"]
        said = {member: wanted[n] for n, member in _GROWS.items() if wanted.get(n) and wanted[n] != had.get(n)}
        if said:
            aws.ec2.modify_volume(VolumeId=volume, **said)
            aws.wait(f"change of {volume}", functools.partial(_is_modified, aws, volume))
        if wanted.get("deleteOnTermination") not in (None, had.get("deleteOnTermination")):
            ends = {"DeleteOnTermination": wanted["deleteOnTermination"], "VolumeId": volume}
            mappings = [{"DeviceName": each["DeviceName"], "Ebs": ends}]
            aws.ec2.modify_instance_attribute(InstanceId=instance["InstanceId"], BlockDeviceMappings=mappings)
        label(aws, [volume], had.get("tags") or {}, wanted.get("tags") or {})


def _is_modified(aws: Aws, volume: str) -> bool:
    """From `optimizing` on, EC2 uses and tells the new settings."""
    filters = [{"Name": "volume-id", "Values": [volume]}]
    found = aws.ec2.describe_volumes_modifications(Filters=filters)["VolumesModifications"]
    return not any(each["ModificationState"] == "modifying" for each in found)


def volumes(instance: Mapping[str, Any], *, root: bool = False) -> list[str]:
    """The ids of its volumes, or of its root disk alone."""
    name = instance.get("RootDeviceName")
    return [each["Ebs"]["VolumeId"] for each in _mapped(instance) if not root or each["DeviceName"] == name]


def label(aws: Aws, ids: list[str], old: Properties, new: Properties) -> None:
    """Bring the tags of volumes from `old` to `new`."""
    lost, set_ = sorted(old.keys() - new.keys()), {name: v for name, v in new.items() if old.get(name) != v}
    if ids and lost:
        aws.ec2.delete_tags(Resources=ids, Tags=[{"Key": name} for name in lost])
    if ids and set_:
        aws.ec2.create_tags(Resources=ids, Tags=pairs(set_))
