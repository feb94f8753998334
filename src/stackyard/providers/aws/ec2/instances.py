"""Instances. The id is EC2's.

What can be changed on a running instance is changed there; its size and user data need it stopped meanwhile.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any, Final

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, FoundBy, Kind, fixed
from stackyard.providers.aws.tagging import TOKEN_TAG, Tagging, mapping, pairs

LIVING: Final = ("pending", "running", "stopping", "stopped")
METADATA: Final = {
    "httpEndpoint": "HttpEndpoint",
    "httpTokens": "HttpTokens",
    "httpPutResponseHopLimit": "HttpPutResponseHopLimit",
    "httpProtocolIpv6": "HttpProtocolIpv6",
    "instanceMetadataTags": "InstanceMetadataTags",
}
DISK: Final = {
    "deleteOnTermination": "DeleteOnTermination",
    "encrypted": "Encrypted",
    "iops": "Iops",
    "kmsKeyId": "KmsKeyId",
    "throughput": "Throughput",
    "volumeSize": "VolumeSize",
    "volumeType": "VolumeType",
}
GROWS: Final = ("iops", "throughput", "volumeSize", "volumeType")
# A new instance profile is not known everywhere at once.
LATE: Final = ("Invalid IAM Instance Profile",)


class Instance(Kind):
    """`aws:ec2/instance:Instance`."""

    naming = None
    defaults = fixed(forceDestroy=False, getPasswordData=False, sourceDestCheck=True, userDataReplaceOnChange=False)
    replaces = (
        "ami",
        "associatePublicIpAddress",
        "availabilityZone",
        "keyName",
        "placementGroup",
        "privateIp",
        "securityGroups",
        "subnetId",
        "tenancy",
        "rootBlockDevice.encrypted",
        "rootBlockDevice.kmsKeyId",
    )
    sets = ("securityGroups", "vpcSecurityGroupIds")
    computed = (
        "ami",
        "associatePublicIpAddress",
        "availabilityZone",
        "disableApiTermination",
        "ebsOptimized",
        "iamInstanceProfile",
        "instanceType",
        "keyName",
        "metadataOptions",
        *(f"metadataOptions.{name}" for name in METADATA),
        "monitoring",
        "placementGroup",
        "privateIp",
        "rootBlockDevice",
        *(f"rootBlockDevice.{name}" for name in DISK),
        "securityGroups",
        "subnetId",
        "tenancy",
        "userData",
        "userDataBase64",
        "vpcSecurityGroupIds",
    )
    volatile = ("instanceState", "publicIp", "publicDns")
    unsupported = (
        "capacityReservationSpecification",
        "cpuOptions",
        "creditSpecification",
        "disableApiStop",
        "ebsBlockDevices",
        "enablePrimaryIpv6",
        "enclaveOptions",
        "ephemeralBlockDevices",
        "hibernation",
        "hostId",
        "hostResourceGroupArn",
        "instanceInitiatedShutdownBehavior",
        "instanceMarketOptions",
        "ipv6AddressCount",
        "ipv6Addresses",
        "launchTemplate",
        "maintenanceOptions",
        "networkInterfaces",
        "placementGroupId",
        "placementPartitionNumber",
        "primaryNetworkInterface",
        "privateDnsNameOptions",
        "secondaryNetworkInterfaces",
        "secondaryPrivateIps",
        "volumeTags",
    )
    found_by = FoundBy.TAG
    tagging = Tagging("ec2", by="id", add="create_tags", remove="delete_tags", read="", member="Resources")
    waits_gone = True

    def forces(self, old: Properties, new: Properties) -> Iterable[str]:
        """New user data is only read by a new instance, when the program says so."""
        return ("userData", "userDataBase64") if new.get("userDataReplaceOnChange") is True else ()

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        arguments = _launch(inputs)
        if inputs.get("tagsAll"):
            arguments["TagSpecifications"] = [{"ResourceType": "instance", "Tags": pairs(inputs["tagsAll"])}]
        made = aws.persist(lambda: aws.ec2.run_instances(**arguments, ClientToken=token[:64]), *LATE)
        return str(made["Instances"][0]["InstanceId"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        self._reach(aws, id, "running")
        if inputs.get("sourceDestCheck") is False:
            aws.ec2.modify_instance_attribute(InstanceId=id, SourceDestCheck={"Value": False})

    def _reach(self, aws: Aws, id: str, state: str) -> None:
        aws.wait(f"instance {id} to be {state}", lambda: _described(aws, id)["State"]["Name"] == state)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = _described(aws, id)
        if found["State"]["Name"] not in LIVING:
            return None
        groups = found.get("SecurityGroups") or []
        interface: dict[str, Any] = next(iter(found.get("NetworkInterfaces") or ()), {})
        profile = found.get("IamInstanceProfile", {}).get("Arn", "")
        return {
            "ami": found["ImageId"],
            "arn": aws.arn("ec2", f"instance/{id}"),
            "associatePublicIpAddress": bool(found.get("PublicIpAddress")),
            "availabilityZone": found["Placement"].get("AvailabilityZone", ""),
            "disableApiTermination": self._flag(aws, id, "disableApiTermination"),
            "ebsOptimized": bool(found.get("EbsOptimized")),
            "iamInstanceProfile": profile.rpartition("/")[2],
            "instanceState": found["State"]["Name"],
            "instanceType": found["InstanceType"],
            "keyName": found.get("KeyName", ""),
            "metadataOptions": _seen(found.get("MetadataOptions") or {}, METADATA),
            "monitoring": found.get("Monitoring", {}).get("State") in ("enabled", "pending"),
            "placementGroup": found["Placement"].get("GroupName", ""),
            "primaryNetworkInterfaceId": interface.get("NetworkInterfaceId", ""),
            "privateDns": found.get("PrivateDnsName", ""),
            "privateIp": found.get("PrivateIpAddress", ""),
            "publicDns": found.get("PublicDnsName", ""),
            "publicIp": found.get("PublicIpAddress", ""),
            "securityGroups": sorted(group["GroupName"] for group in groups),
            "sourceDestCheck": found.get("SourceDestCheck", True),
            "subnetId": found.get("SubnetId", ""),
            "tags": mapping(found.get("Tags")),
            "tenancy": found["Placement"].get("Tenancy", "default"),
            "vpcSecurityGroupIds": sorted(group["GroupId"] for group in groups),
            **self._data(aws, id, known),
        }

    def _data(self, aws: Aws, id: str, known: Properties) -> Properties:
        """The user data, in the form that the program gave it."""
        found = aws.ec2.describe_instance_attribute(InstanceId=id, Attribute="userData")
        data = found.get("UserData", {}).get("Value", "")
        if not data:
            return {}
        if known.get("userDataBase64"):
            return {"userDataBase64": data}
        return {"userData": base64.b64decode(data).decode(errors="replace")}

    def _flag(self, aws: Aws, id: str, name: str) -> bool:
        answer = aws.ec2.describe_instance_attribute(InstanceId=id, Attribute=name)
        return bool(answer.get(name[0].upper() + name[1:], {}).get("Value"))

    def update(self, aws: Aws, id: str, change: Change) -> None:
        new = change.new
        modify = aws.ec2.modify_instance_attribute
        if change.any("vpcSecurityGroupIds") and new.get("vpcSecurityGroupIds"):
            modify(InstanceId=id, Groups=new["vpcSecurityGroupIds"])
        if change.any("sourceDestCheck"):
            modify(InstanceId=id, SourceDestCheck={"Value": bool(new["sourceDestCheck"])})
        if change.any("disableApiTermination"):
            modify(InstanceId=id, DisableApiTermination={"Value": bool(new.get("disableApiTermination"))})
        if change.any("monitoring"):
            switch = aws.ec2.monitor_instances if new.get("monitoring") else aws.ec2.unmonitor_instances
            switch(InstanceIds=[id])
        if change.any("metadataOptions") and new.get("metadataOptions"):
            aws.ec2.modify_instance_metadata_options(InstanceId=id, **_told(new["metadataOptions"], METADATA))
        if change.any("iamInstanceProfile"):
            self._become(aws, id, new.get("iamInstanceProfile") or "")
        if change.any("rootBlockDevice"):
            self._grow(aws, id, new.get("rootBlockDevice") or {})
        if change.any("instanceType", "userData", "userDataBase64", "ebsOptimized"):
            self._while_stopped(aws, id, change)

    def _become(self, aws: Aws, id: str, profile: str) -> None:
        here = [{"Name": "instance-id", "Values": [id]}]
        for each in aws.ec2.describe_iam_instance_profile_associations(Filters=here)["IamInstanceProfileAssociations"]:
            aws.ec2.disassociate_iam_instance_profile(AssociationId=each["AssociationId"])
        if profile:
            wanted = {"Name": profile}
            aws.persist(lambda: aws.ec2.associate_iam_instance_profile(InstanceId=id, IamInstanceProfile=wanted), *LATE)

    def _grow(self, aws: Aws, id: str, disk: Properties) -> None:
        found = _described(aws, id)
        for each in found.get("BlockDeviceMappings") or ():
            if each["DeviceName"] == found.get("RootDeviceName"):
                said = _told({name: disk[name] for name in GROWS if disk.get(name)}, {**DISK, "volumeSize": "Size"})
                aws.ec2.modify_volume(VolumeId=each["Ebs"]["VolumeId"], **said)

    def _while_stopped(self, aws: Aws, id: str, change: Change) -> None:
        aws.ec2.stop_instances(InstanceIds=[id])
        self._reach(aws, id, "stopped")
        modify, new = aws.ec2.modify_instance_attribute, change.new
        if change.any("instanceType") and new.get("instanceType"):
            modify(InstanceId=id, InstanceType={"Value": new["instanceType"]})
        if change.any("ebsOptimized"):
            modify(InstanceId=id, EbsOptimized={"Value": bool(new.get("ebsOptimized"))})
        if change.any("userData", "userDataBase64"):
            modify(InstanceId=id, UserData={"Value": base64.b64decode(_user_data(new))})
        aws.ec2.start_instances(InstanceIds=[id])
        self._reach(aws, id, "running")

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        if known.get("forceDestroy") is True:
            aws.ec2.modify_instance_attribute(InstanceId=id, DisableApiTermination={"Value": False})
        aws.ec2.terminate_instances(InstanceIds=[id])

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        filters = [
            {"Name": f"tag:{TOKEN_TAG}", "Values": [token]},
            {"Name": "instance-state-name", "Values": list(LIVING)},
        ]
        for reservation in aws.pages("ec2", "describe_instances", "Reservations", Filters=filters):
            for each in reservation["Instances"]:
                return str(each["InstanceId"])
        return None


def _launch(inputs: Properties) -> dict[str, Any]:
    placed = {
        "AvailabilityZone": inputs.get("availabilityZone"),
        "GroupName": inputs.get("placementGroup"),
        "Tenancy": inputs.get("tenancy"),
    }
    profile, data, disk = inputs.get("iamInstanceProfile"), _user_data(inputs), inputs.get("rootBlockDevice")
    optional: dict[str, Any] = {
        "ImageId": inputs.get("ami"),
        "InstanceType": inputs.get("instanceType"),
        "KeyName": inputs.get("keyName"),
        "EbsOptimized": inputs.get("ebsOptimized"),
        "DisableApiTermination": inputs.get("disableApiTermination"),
        "Monitoring": {"Enabled": True} if inputs.get("monitoring") is True else None,
        "IamInstanceProfile": {"Name": profile} if profile else None,
        # botocore encodes it itself.
        "UserData": base64.b64decode(data) if data else None,
        "Placement": {name: value for name, value in placed.items() if value},
        "MetadataOptions": _told(inputs.get("metadataOptions") or {}, METADATA),
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": _told(disk, DISK)}] if disk else None,
        **_placed(inputs),
    }
    return {"MinCount": 1, "MaxCount": 1, **{name: value for name, value in optional.items() if value}}


def _placed(inputs: Properties) -> dict[str, Any]:
    """Where it stands in the network; whether it has a public address can only be said of an interface."""
    public = inputs.get("associatePublicIpAddress")
    said = {"SubnetId": inputs.get("subnetId"), "PrivateIpAddress": inputs.get("privateIp")}
    if public is None:
        return {
            **said,
            "SecurityGroupIds": inputs.get("vpcSecurityGroupIds"),
            "SecurityGroups": inputs.get("securityGroups"),
        }
    given = {name: value for name, value in {**said, "Groups": inputs.get("vpcSecurityGroupIds")}.items() if value}
    return {"NetworkInterfaces": [{"DeviceIndex": 0, "AssociatePublicIpAddress": public, **given}]}


def _user_data(inputs: Properties) -> str:
    """User data in base64, whichever way it is given."""
    if inputs.get("userDataBase64"):
        return str(inputs["userDataBase64"])
    return base64.b64encode((inputs.get("userData") or "").encode()).decode()


def _told(wanted: Properties, names: dict[str, str]) -> dict[str, Any]:
    return {member: wanted[name] for name, member in names.items() if wanted.get(name) is not None}


def _seen(found: dict[str, Any], names: dict[str, str]) -> Properties:
    return {name: found[member] for name, member in names.items() if member in found}


def _described(aws: Aws, id: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.ec2.describe_instances(InstanceIds=[id])["Reservations"][0]["Instances"][0]
    return found
