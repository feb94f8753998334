"""Networks and images that exist already."""

from __future__ import annotations

import re
from typing import Any

from stackyard.errors import ProviderError
from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.tagging import mapping


def filters(arguments: Properties, **named: str) -> list[dict[str, Any]]:
    """EC2's filters: those given, the tags, and `argument="filter-name"` for arguments that are one themselves."""
    found = [
        {"Name": each["name"], "Values": [str(v) for v in each["values"]]} for each in arguments.get("filters") or ()
    ]
    found += [{"Name": f"tag:{key}", "Values": [value]} for key, value in (arguments.get("tags") or {}).items()]
    for argument, name in named.items():
        value = arguments.get(argument)
        if value not in (None, "", False):
            found.append({"Name": name, "Values": ["true" if value is True else str(value)]})
    return found


def only(found: list[Any], token: str) -> Any:
    if len(found) != 1:
        raise ProviderError(f"{token}: {len(found) or 'nothing'} found; the arguments must match exactly one")
    return found[0]


def get_ami(aws: Aws, arguments: Properties) -> Properties:
    """`aws:ec2/getAmi:getAmi`: one image; the newest of several with `mostRecent`."""
    token = "aws:ec2/getAmi:getAmi"
    asked: dict[str, Any] = {"Filters": filters(arguments)}
    optional = {"Owners": arguments.get("owners"), "ExecutableUsers": arguments.get("executableUsers")}
    asked |= {name: value for name, value in optional.items() if value}
    if arguments.get("includeDeprecated") is not None:
        asked["IncludeDeprecated"] = arguments["includeDeprecated"]
    images = aws.ec2.describe_images(**{name: value for name, value in asked.items() if value != []})["Images"]
    if arguments.get("nameRegex"):
        images = [image for image in images if re.search(arguments["nameRegex"], image.get("Name", ""))]
    if arguments.get("mostRecent") and images:
        images = [max(images, key=lambda image: str(image.get("CreationDate", "")))]
    image = only(images, token)
    return {**_image(image), "arn": f"arn:{aws.partition}:ec2:{aws.region}::image/{image['ImageId']}"}


def _image(image: dict[str, Any]) -> Properties:
    names = {
        "architecture": "Architecture",
        "bootMode": "BootMode",
        "creationDate": "CreationDate",
        "deprecationTime": "DeprecationTime",
        "description": "Description",
        "hypervisor": "Hypervisor",
        "imageLocation": "ImageLocation",
        "imageOwnerAlias": "ImageOwnerAlias",
        "imageType": "ImageType",
        "imdsSupport": "ImdsSupport",
        "kernelId": "KernelId",
        "name": "Name",
        "ownerId": "OwnerId",
        "platform": "Platform",
        "platformDetails": "PlatformDetails",
        "ramdiskId": "RamdiskId",
        "rootDeviceName": "RootDeviceName",
        "rootDeviceType": "RootDeviceType",
        "sriovNetSupport": "SriovNetSupport",
        "state": "State",
        "tpmSupport": "TpmSupport",
        "usageOperation": "UsageOperation",
        "virtualizationType": "VirtualizationType",
    }
    devices = image.get("BlockDeviceMappings") or []
    root: dict[str, Any] = next((each for each in devices if each.get("DeviceName") == image.get("RootDeviceName")), {})
    return {
        **{property: image.get(member, "") for property, member in names.items()},
        "blockDeviceMappings": [_device(each) for each in devices],
        "enaSupport": bool(image.get("EnaSupport")),
        "id": image["ImageId"],
        "imageId": image["ImageId"],
        "lastLaunchedTime": "",
        "productCodes": [],
        "public": bool(image.get("Public")),
        "rootSnapshotId": root.get("Ebs", {}).get("SnapshotId", ""),
        "stateReason": {"code": "UNSET", "message": "UNSET"},
        "tags": mapping(image.get("Tags")),
    }


def _device(mapped: dict[str, Any]) -> Properties:
    disk = {key[0].lower() + key[1:]: str(value).lower() for key, value in mapped.get("Ebs", {}).items()}
    return {
        "deviceName": mapped.get("DeviceName", ""),
        "ebs": disk,
        "noDevice": mapped.get("NoDevice", ""),
        "virtualName": mapped.get("VirtualName", ""),
    }


def get_vpc(aws: Aws, arguments: Properties) -> Properties:
    """`aws:ec2/getVpc:getVpc`: the default one, or by id, block, tags or filters."""
    asked_for = filters(
        arguments, cidrBlock="cidr", default="is-default", dhcpOptionsId="dhcp-options-id", state="state"
    )
    asked: dict[str, Any] = {"VpcIds": [arguments["id"]]} if arguments.get("id") else {}
    vpc = only(aws.ec2.describe_vpcs(**asked, Filters=asked_for)["Vpcs"], "aws:ec2/getVpc:getVpc")
    id = vpc["VpcId"]
    main = [{"Name": "vpc-id", "Values": [id]}, {"Name": "association.main", "Values": ["true"]}]
    tables = aws.ec2.describe_route_tables(Filters=main)["RouteTables"]
    blocks = vpc.get("CidrBlockAssociationSet") or []
    return {
        "arn": aws.arn("ec2", f"vpc/{id}"),
        "cidrBlock": vpc["CidrBlock"],
        "cidrBlockAssociations": [
            {
                "associationId": each["AssociationId"],
                "cidrBlock": each["CidrBlock"],
                "state": each["CidrBlockState"]["State"],
            }
            for each in blocks
        ],
        "default": bool(vpc.get("IsDefault")),
        "dhcpOptionsId": vpc.get("DhcpOptionsId", ""),
        "enableDnsHostnames": _attribute(aws, id, "enableDnsHostnames"),
        "enableDnsSupport": _attribute(aws, id, "enableDnsSupport"),
        "enableNetworkAddressUsageMetrics": False,
        "id": id,
        "instanceTenancy": vpc.get("InstanceTenancy", "default"),
        "ipv6AssociationId": "",
        "ipv6CidrBlock": "",
        "ipv6CidrBlockAssociations": [],
        "mainRouteTableId": tables[0]["RouteTableId"] if tables else "",
        "ownerId": vpc.get("OwnerId", aws.account),
        "state": vpc["State"],
        "tags": mapping(vpc.get("Tags")),
    }


def _attribute(aws: Aws, id: str, name: str) -> bool:
    answer = aws.ec2.describe_vpc_attribute(VpcId=id, Attribute=name)
    return bool(answer[name[0].upper() + name[1:]]["Value"])


def get_subnets(aws: Aws, arguments: Properties) -> Properties:
    """`aws:ec2/getSubnets:getSubnets`: the ids of all that match."""
    found = aws.pages("ec2", "describe_subnets", "Subnets", Filters=filters(arguments))
    return {"id": aws.region, "ids": sorted(each["SubnetId"] for each in found)}


def get_subnet(aws: Aws, arguments: Properties) -> Properties:
    """`aws:ec2/getSubnet:getSubnet`: by id, block, zone, VPC, tags or filters."""
    asked_for = filters(
        arguments,
        availabilityZone="availability-zone",
        availabilityZoneId="availability-zone-id",
        cidrBlock="cidr-block",
        defaultForAz="default-for-az",
        state="state",
        vpcId="vpc-id",
    )
    asked: dict[str, Any] = {"SubnetIds": [arguments["id"]]} if arguments.get("id") else {}
    subnet = only(aws.ec2.describe_subnets(**asked, Filters=asked_for)["Subnets"], "aws:ec2/getSubnet:getSubnet")
    id = subnet["SubnetId"]
    return {
        "arn": subnet.get("SubnetArn") or aws.arn("ec2", f"subnet/{id}"),
        "assignIpv6AddressOnCreation": bool(subnet.get("AssignIpv6AddressOnCreation")),
        "availabilityZone": subnet["AvailabilityZone"],
        "availabilityZoneId": subnet.get("AvailabilityZoneId", ""),
        "availableIpAddressCount": subnet.get("AvailableIpAddressCount", 0),
        "cidrBlock": subnet["CidrBlock"],
        "customerOwnedIpv4Pool": "",
        "defaultForAz": bool(subnet.get("DefaultForAz")),
        "enableDns64": bool(subnet.get("EnableDns64")),
        "enableLniAtDeviceIndex": 0,
        "enableResourceNameDnsARecordOnLaunch": False,
        "enableResourceNameDnsAaaaRecordOnLaunch": False,
        "id": id,
        "ipv6CidrBlock": "",
        "ipv6CidrBlockAssociationId": "",
        "ipv6Native": bool(subnet.get("Ipv6Native")),
        "mapCustomerOwnedIpOnLaunch": False,
        "mapPublicIpOnLaunch": bool(subnet.get("MapPublicIpOnLaunch")),
        "outpostArn": "",
        "ownerId": subnet.get("OwnerId", aws.account),
        "privateDnsHostnameTypeOnLaunch": "ip-name",
        "state": subnet["State"],
        "tags": mapping(subnet.get("Tags")),
        "vpcId": subnet["VpcId"],
    }


def get_route_tables(aws: Aws, arguments: Properties) -> Properties:
    """`aws:ec2/getRouteTables:getRouteTables`: the ids of all that match."""
    found = aws.pages("ec2", "describe_route_tables", "RouteTables", Filters=filters(arguments, vpcId="vpc-id"))
    return {"id": aws.region, "ids": sorted(each["RouteTableId"] for each in found)}


def get_security_group(aws: Aws, arguments: Properties) -> Properties:
    """`aws:ec2/getSecurityGroup:getSecurityGroup`: by id, name, VPC, tags or filters."""
    asked_for = filters(arguments, id="group-id", name="group-name", vpcId="vpc-id")
    found = aws.ec2.describe_security_groups(Filters=asked_for)["SecurityGroups"]
    group = only(found, "aws:ec2/getSecurityGroup:getSecurityGroup")
    return {
        "arn": aws.arn("ec2", f"security-group/{group['GroupId']}"),
        "description": group.get("Description", ""),
        "id": group["GroupId"],
        "name": group["GroupName"],
        "tags": mapping(group.get("Tags")),
        "vpcId": group.get("VpcId", ""),
    }
