"""Attaching volumes, and Elastic IPs, to instances."""

from __future__ import annotations

import hashlib
from typing import Any

from stackyard import errors
from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind


class VolumeAttachment(Kind):
    """`aws:ec2/volumeAttachment:VolumeAttachment`; imported as `<device>:<volume>:<instance>`."""

    naming = None
    replaces = ("deviceName", "instanceId", "volumeId")
    # What EC2 answers when a volume is to be detached that is not attached.
    gone = ("IncorrectState",)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        volume, instance = inputs["volumeId"], inputs["instanceId"]
        aws.ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device=inputs["deviceName"])
        return self._id(inputs)

    def _id(self, known: Properties) -> str:
        text = f"{known['deviceName']}-{known['instanceId']}-{known['volumeId']}"
        return f"vai-{int(hashlib.sha256(text.encode()).hexdigest()[:12], 16)}"

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        aws.wait(f"attachment of {inputs['volumeId']}", lambda: self._state(aws, inputs) == "attached")

    def _state(self, aws: Aws, known: Properties) -> str:
        volume = aws.ec2.describe_volumes(VolumeIds=[known["volumeId"]])["Volumes"][0]
        for each in volume.get("Attachments") or ():
            if each["InstanceId"] == known["instanceId"] and each["Device"] == known["deviceName"]:
                return str(each["State"])
        return ""

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        if id.count(":") == 2:
            device, volume, instance = id.split(":")
            known = {"deviceName": device, "volumeId": volume, "instanceId": instance}
        if not known.get("volumeId"):
            raise errors.ProviderError(f"{self.token}: import it as <device>:<volume>:<instance>, not {id}")
        if self._state(aws, known) not in ("attaching", "attached", "busy"):
            return None
        named = {name: known[name] for name in self.replaces}
        return {**named, "id": self._id(known)}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        """What can change only says how it is detached."""

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        if known.get("skipDestroy") is True:
            return
        volume, instance = known["volumeId"], known["instanceId"]
        if known.get("stopInstanceBeforeDetaching") is True:
            aws.ec2.stop_instances(InstanceIds=[instance])
            aws.wait(f"instance {instance} to be stopped", lambda: _is_stopped(aws, instance))
        arguments: dict[str, Any] = {"Force": True} if known.get("forceDetach") is True else {}
        aws.ec2.detach_volume(VolumeId=volume, InstanceId=instance, Device=known["deviceName"], **arguments)
        aws.wait(f"detaching of {volume}", lambda: not self._state(aws, known))

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return self._id(inputs)


def _is_stopped(aws: Aws, instance: str) -> bool:
    found = aws.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    return bool(found["State"]["Name"] == "stopped")


class EipAssociation(Kind):
    """`aws:ec2/eipAssociation:EipAssociation`."""

    naming = None
    replaces = (
        "allocationId",
        "allowReassociation",
        "instanceId",
        "networkInterfaceId",
        "privateIpAddress",
        "publicIp",
    )
    computed = ("allocationId", "instanceId", "networkInterfaceId", "privateIpAddress", "publicIp")

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        names = {
            "allocationId": "AllocationId",
            "allowReassociation": "AllowReassociation",
            "instanceId": "InstanceId",
            "networkInterfaceId": "NetworkInterfaceId",
            "privateIpAddress": "PrivateIpAddress",
            "publicIp": "PublicIp",
        }
        said = {member: inputs[name] for name, member in names.items() if inputs.get(name) is not None}
        return str(aws.ec2.associate_address(**said)["AssociationId"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        addresses = aws.ec2.describe_addresses(Filters=[{"Name": "association-id", "Values": [id]}])["Addresses"]
        found = next((each for each in addresses if each.get("AssociationId") == id), None)
        if found is None:
            return None
        return {
            "allocationId": found["AllocationId"],
            "instanceId": found.get("InstanceId", ""),
            "networkInterfaceId": found.get("NetworkInterfaceId", ""),
            "privateIpAddress": found.get("PrivateIpAddress", ""),
            "publicIp": found["PublicIp"],
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        raise errors.ProviderError(f"{self.token}: nothing of an association can be changed in place")

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.ec2.disassociate_address(AssociationId=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        """The association of this address, when it is with what is wanted."""
        where = {"AllocationIds": [inputs["allocationId"]]} if inputs.get("allocationId") else {}
        if not where:
            where = {"PublicIps": [inputs["publicIp"]]}
        found = aws.ec2.describe_addresses(**where)["Addresses"][0]
        same = all(
            found.get(member) == inputs[name]
            for name, member in {"instanceId": "InstanceId", "networkInterfaceId": "NetworkInterfaceId"}.items()
            if inputs.get(name)
        )
        return str(found["AssociationId"]) if same and found.get("AssociationId") else None
