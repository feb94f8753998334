"""Instances. The id is EC2's.

What can be changed on a running instance is changed there; its size and user data need it stopped meanwhile.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any, Final

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.ec2 import disks
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
CPU: Final = {
    "amdSevSnp": "AmdSevSnp",
    "coreCount": "CoreCount",
    "nestedVirtualization": "NestedVirtualization",
    "threadsPerCore": "ThreadsPerCore",
}
SPOT: Final = {
    "instanceInterruptionBehavior": "InstanceInterruptionBehavior",
    "maxPrice": "MaxPrice",
    "spotInstanceType": "SpotInstanceType",
    "validUntil": "ValidUntil",
}
TEMPLATE: Final = {"id": "LaunchTemplateId", "name": "LaunchTemplateName", "version": "Version"}
# A new instance profile is not known everywhere at once.
LATE: Final = ("Invalid IAM Instance Profile",)
# Inputs that EC2 tells only when it is asked for each: asked when the program states them.
_ASKED: Final = ("disableApiStop", "instanceInitiatedShutdownBehavior")


class Instance(Kind):
    """`aws:ec2/instance:Instance`."""

    naming = None
    defaults = fixed(forceDestroy=False, getPasswordData=False, sourceDestCheck=True, userDataReplaceOnChange=False)
    replaces = (
        "ami",
        "associatePublicIpAddress",
        "availabilityZone",
        "cpuOptions",
        "ebsBlockDevices",
        "enclaveOptions",
        "ephemeralBlockDevices",
        "hibernation",
        "hostId",
        "instanceMarketOptions",
        "keyName",
        "launchTemplate",
        "placementGroup",
        "placementPartitionNumber",
        "privateIp",
        "securityGroups",
        "subnetId",
        "tenancy",
        "rootBlockDevice.encrypted",
        "rootBlockDevice.kmsKeyId",
    )
    sets = ("ebsBlockDevices", "ephemeralBlockDevices", "securityGroups", "vpcSecurityGroupIds")
    computed = (
        "ami",
        "associatePublicIpAddress",
        "availabilityZone",
        "cpuOptions",
        *(f"cpuOptions.{name}" for name in CPU),
        "creditSpecification",
        "disableApiStop",
        "disableApiTermination",
        "ebsBlockDevices",
        *(f"ebsBlockDevices[*].{name}" for name in (*disks.MEMBERS, "deviceName", "volumeId")),
        "ebsOptimized",
        "enclaveOptions",
        "hostId",
        "iamInstanceProfile",
        "instanceInitiatedShutdownBehavior",
        "instanceMarketOptions",
        "instanceType",
        "keyName",
        "launchTemplate.id",
        "launchTemplate.name",
        "maintenanceOptions",
        "metadataOptions",
        *(f"metadataOptions.{name}" for name in METADATA),
        "monitoring",
        "placementGroup",
        "placementPartitionNumber",
        "privateIp",
        "rootBlockDevice",
        *(f"rootBlockDevice.{name}" for name in (*disks.MEMBERS, "deviceName", "volumeId")),
        "securityGroups",
        "subnetId",
        "tenancy",
        "userData",
        "userDataBase64",
        "vpcSecurityGroupIds",
    )
    volatile = ("instanceState", "publicIp", "publicDns")
    affects = fixed(vpcSecurityGroupIds=("securityGroups",))
    unsupported = (
        "capacityReservationSpecification",
        "enablePrimaryIpv6",
        "hostResourceGroupArn",
        "ipv6AddressCount",
        "ipv6Addresses",
        "networkInterfaces",
        "placementGroupId",
        "primaryNetworkInterface",
        "privateDnsNameOptions",
        "secondaryNetworkInterfaces",
        "secondaryPrivateIps",
    )
    found_by = FoundBy.TAG
    tagging = Tagging("ec2", by="id", add="create_tags", remove="delete_tags", read="", member="Resources")
    waits_gone = True

    def forces(self, old: Properties, new: Properties) -> Iterable[str]:
        """New user data is only read by a new instance, when the program says so."""
        return ("userData", "userDataBase64") if new.get("userDataReplaceOnChange") is True else ()

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        arguments = _launch(aws, inputs)
        tags = {"instance": inputs.get("tagsAll"), "volume": inputs.get("volumeTags")}
        said = [{"ResourceType": name, "Tags": pairs(given)} for name, given in tags.items() if given]
        arguments |= {"TagSpecifications": said} if said else {}
        made = aws.persist(lambda: aws.ec2.run_instances(**arguments, ClientToken=token[:64]), *LATE)
        return str(made["Instances"][0]["InstanceId"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        self._reach(aws, id, "running")
        if inputs.get("sourceDestCheck") is False:
            aws.ec2.modify_instance_attribute(InstanceId=id, SourceDestCheck={"Value": False})
        labels = (inputs.get("rootBlockDevice") or {}).get("tags")
        if labels:
            disks.label(aws, disks.volumes(_described(aws, id), root=True), {}, labels)
        if inputs.get("getPasswordData") is True:
            aws.wait(f"password of instance {id}", lambda: _password(aws, id) or None)

    def _reach(self, aws: Aws, id: str, state: str) -> None:
        aws.wait(f"instance {id} to be {state}", lambda: _described(aws, id)["State"]["Name"] == state)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = _described(aws, id)
        if found["State"]["Name"] not in LIVING:
            return None
        groups = found.get("SecurityGroups") or []
        interface: dict[str, Any] = next(iter(found.get("NetworkInterfaces") or ()), {})
        profile = found.get("IamInstanceProfile", {}).get("Arn", "")
        asked = {name: self._asked(aws, id, name) for name in _ASKED if known.get(name) is not None}
        return {
            "ami": found["ImageId"],
            "arn": aws.arn("ec2", f"instance/{id}"),
            "associatePublicIpAddress": _is_public(found, interface),
            "availabilityZone": found["Placement"].get("AvailabilityZone", ""),
            "cpuOptions": _seen(found.get("CpuOptions") or {}, CPU),
            "disableApiTermination": bool(self._asked(aws, id, "disableApiTermination")),
            "ebsOptimized": bool(found.get("EbsOptimized")),
            "enclaveOptions": {"enabled": bool((found.get("EnclaveOptions") or {}).get("Enabled"))},
            "hibernation": bool((found.get("HibernationOptions") or {}).get("Configured")),
            "hostId": found["Placement"].get("HostId", ""),
            "iamInstanceProfile": profile.rpartition("/")[2],
            "instanceLifecycle": found.get("InstanceLifecycle", ""),
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
            "spotInstanceRequestId": found.get("SpotInstanceRequestId", ""),
            "subnetId": found.get("SubnetId", ""),
            "tags": mapping(found.get("Tags")),
            "tenancy": found["Placement"].get("Tenancy", "default"),
            "vpcSecurityGroupIds": sorted(group["GroupId"] for group in groups),
            **self._data(aws, id, known),
            **({"passwordData": _password(aws, id)} if known.get("getPasswordData") is True else {}),
            **asked,
            **disks.told(aws, found, known),
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

    def _asked(self, aws: Aws, id: str, name: str) -> Any:
        answer = aws.ec2.describe_instance_attribute(InstanceId=id, Attribute=name)
        return answer.get(name[0].upper() + name[1:], {}).get("Value")

    def update(self, aws: Aws, id: str, change: Change) -> None:
        new = change.new
        modify = aws.ec2.modify_instance_attribute
        if change.any("vpcSecurityGroupIds") and new.get("vpcSecurityGroupIds"):
            modify(InstanceId=id, Groups=new["vpcSecurityGroupIds"])
        if change.any("sourceDestCheck"):
            modify(InstanceId=id, SourceDestCheck={"Value": bool(new["sourceDestCheck"])})
        for name in ("disableApiTermination", "disableApiStop"):
            if change.any(name):
                modify(InstanceId=id, **{name[0].upper() + name[1:]: {"Value": bool(new.get(name))}})
        if change.any("instanceInitiatedShutdownBehavior") and new.get("instanceInitiatedShutdownBehavior"):
            wanted = new["instanceInitiatedShutdownBehavior"]
            modify(InstanceId=id, InstanceInitiatedShutdownBehavior={"Value": wanted})
        self._update_options(aws, id, change)
        if change.any("instanceType", "userData", "userDataBase64", "ebsOptimized"):
            self._while_stopped(aws, id, change)

    def _update_options(self, aws: Aws, id: str, change: Change) -> None:
        """What has calls of its own."""
        new = change.new
        if change.any("monitoring"):
            switch = aws.ec2.monitor_instances if new.get("monitoring") else aws.ec2.unmonitor_instances
            switch(InstanceIds=[id])
        if change.any("metadataOptions") and new.get("metadataOptions"):
            aws.ec2.modify_instance_metadata_options(InstanceId=id, **_told(new["metadataOptions"], METADATA))
        if change.any("iamInstanceProfile"):
            self._become(aws, id, new.get("iamInstanceProfile") or "")
        if change.any("creditSpecification") and new.get("creditSpecification"):
            credit = {"InstanceId": id, "CpuCredits": new["creditSpecification"].get("cpuCredits", "standard")}
            aws.ec2.modify_instance_credit_specification(InstanceCreditSpecifications=[credit])
        if change.any("maintenanceOptions") and new.get("maintenanceOptions"):
            wanted = new["maintenanceOptions"].get("autoRecovery", "default")
            aws.ec2.modify_instance_maintenance_options(InstanceId=id, AutoRecovery=wanted)
        if change.any("rootBlockDevice"):
            had, wants = (each.get("rootBlockDevice") or {} for each in (change.old, new))
            disks.grow(aws, _described(aws, id), wants, had)
        if change.any("volumeTags"):
            had, wants = (each.get("volumeTags") or {} for each in (change.old, new))
            disks.label(aws, disks.volumes(_described(aws, id)), had, wants)

    def _become(self, aws: Aws, id: str, profile: str) -> None:
        here = [{"Name": "instance-id", "Values": [id]}]
        for each in aws.ec2.describe_iam_instance_profile_associations(Filters=here)["IamInstanceProfileAssociations"]:
            aws.ec2.disassociate_iam_instance_profile(AssociationId=each["AssociationId"])
        if profile:
            wanted = {"Name": profile}
            aws.persist(lambda: aws.ec2.associate_iam_instance_profile(InstanceId=id, IamInstanceProfile=wanted), *LATE)

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
                if mapping(each.get("Tags")).get(TOKEN_TAG) == token:
                    return str(each["InstanceId"])
        return None


def _launch(aws: Aws, inputs: Properties) -> dict[str, Any]:
    placed = {
        "AvailabilityZone": inputs.get("availabilityZone"),
        "GroupName": inputs.get("placementGroup"),
        "HostId": inputs.get("hostId"),
        "PartitionNumber": inputs.get("placementPartitionNumber"),
        "Tenancy": inputs.get("tenancy"),
    }
    profile, data = inputs.get("iamInstanceProfile"), _user_data(inputs)
    optional: dict[str, Any] = {
        "ImageId": inputs.get("ami"),
        "InstanceType": inputs.get("instanceType"),
        "KeyName": inputs.get("keyName"),
        "EbsOptimized": inputs.get("ebsOptimized"),
        "DisableApiStop": inputs.get("disableApiStop"),
        "DisableApiTermination": inputs.get("disableApiTermination"),
        "InstanceInitiatedShutdownBehavior": inputs.get("instanceInitiatedShutdownBehavior"),
        "Monitoring": {"Enabled": True} if inputs.get("monitoring") is True else None,
        "IamInstanceProfile": {"Name": profile} if profile else None,
        # botocore encodes it itself.
        "UserData": base64.b64decode(data) if data else None,
        "Placement": {name: value for name, value in placed.items() if value},
        "BlockDeviceMappings": disks.launched(aws, inputs),
        **_options(inputs),
        **_placed(inputs),
    }
    return {"MinCount": 1, "MaxCount": 1, **{name: value for name, value in optional.items() if value}}


def _options(inputs: Properties) -> dict[str, Any]:
    """The members of a launch that are structures of their own."""
    template, market = inputs.get("launchTemplate") or {}, inputs.get("instanceMarketOptions") or {}
    return {
        "CpuOptions": _told(inputs.get("cpuOptions") or {}, CPU),
        "CreditSpecification": _told(inputs.get("creditSpecification") or {}, {"cpuCredits": "CpuCredits"}),
        "EnclaveOptions": _told(inputs.get("enclaveOptions") or {}, {"enabled": "Enabled"}),
        "HibernationOptions": {"Configured": True} if inputs.get("hibernation") is True else None,
        "InstanceMarketOptions": {
            **_told(market, {"marketType": "MarketType"}),
            **({"SpotOptions": _told(market["spotOptions"], SPOT)} if market.get("spotOptions") else {}),
        },
        "LaunchTemplate": _told(template, TEMPLATE),
        "MaintenanceOptions": _told(inputs.get("maintenanceOptions") or {}, {"autoRecovery": "AutoRecovery"}),
        "MetadataOptions": _told(inputs.get("metadataOptions") or {}, METADATA),
    }


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
    return {member: wanted[name] for name, member in names.items() if wanted.get(name) not in (None, "")}


def _seen(found: dict[str, Any], names: dict[str, str]) -> Properties:
    return {name: found[member] for name, member in names.items() if member in found}


def _is_public(found: dict[str, Any], interface: dict[str, Any]) -> bool:
    """Whether EC2 gave it an address of its own; an Elastic IP is the program's."""
    if not interface:
        return bool(found.get("PublicIpAddress"))
    return (interface.get("Association") or {}).get("IpOwnerId") == "amazon"


def _password(aws: Aws, id: str) -> str:
    return str(aws.ec2.get_password_data(InstanceId=id).get("PasswordData", "")).strip()


def _described(aws: Aws, id: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.ec2.describe_instances(InstanceIds=[id])["Reservations"][0]["Instances"][0]
    return found
