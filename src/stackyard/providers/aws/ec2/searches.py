"""More of what exists already: machines, gateways, route tables, addresses, keys and prefix lists."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from stackyard.model.values import Properties
from stackyard.providers.aws import catalog
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.ec2 import routes
from stackyard.providers.aws.ec2.lookups import filters, only
from stackyard.providers.aws.tagging import mapping

_RUNNING: Final = ("running",)


def get_vpcs(aws: Aws, arguments: Properties) -> Properties:
    """`aws:ec2/getVpcs:getVpcs`: the ids of all that match."""
    found = aws.pages("ec2", "describe_vpcs", "Vpcs", Filters=filters(arguments))
    return {"id": aws.region, "ids": sorted(each["VpcId"] for each in found)}


def get_security_groups(aws: Aws, arguments: Properties) -> Properties:
    """`aws:ec2/getSecurityGroups:getSecurityGroups`: all that match, in three lists of one order."""
    found = aws.pages("ec2", "describe_security_groups", "SecurityGroups", Filters=filters(arguments))
    groups = sorted(found, key=lambda each: str(each["GroupId"]))
    return {
        "arns": [aws.arn("ec2", f"security-group/{each['GroupId']}") for each in groups],
        "id": aws.region,
        "ids": [each["GroupId"] for each in groups],
        "vpcIds": [each.get("VpcId", "") for each in groups],
    }


def get_ami_ids(aws: Aws, arguments: Properties) -> Properties:
    """`aws:ec2/getAmiIds:getAmiIds`: newest first, unless `sortAscending`."""
    asked: dict[str, Any] = {"Owners": arguments["owners"], "Filters": filters(arguments)}
    if arguments.get("executableUsers"):
        asked["ExecutableUsers"] = arguments["executableUsers"]
    if arguments.get("includeDeprecated") is not None:
        asked["IncludeDeprecated"] = arguments["includeDeprecated"]
    images = aws.ec2.describe_images(**asked)["Images"]
    if arguments.get("nameRegex"):
        images = [image for image in images if re.search(arguments["nameRegex"], image.get("Name", ""))]
    rising = arguments.get("sortAscending") is True
    images.sort(key=lambda image: str(image.get("CreationDate", "")), reverse=not rising)
    return {"id": aws.region, "ids": [image["ImageId"] for image in images]}


def get_instances(aws: Aws, arguments: Properties) -> Properties:
    """`aws:ec2/getInstances:getInstances`: running ones, unless `instanceStateNames` says otherwise."""
    asked = filters({**arguments, "tags": arguments.get("instanceTags")})
    states = list(arguments.get("instanceStateNames") or _RUNNING)
    asked.append({"Name": "instance-state-name", "Values": states})
    found = [
        each
        for reservation in aws.pages("ec2", "describe_instances", "Reservations", Filters=asked)
        for each in reservation["Instances"]
    ]
    return {
        "id": aws.region,
        "ids": [each["InstanceId"] for each in found],
        "ipv6Addresses": [each["Ipv6Address"] for each in found if each.get("Ipv6Address")],
        "privateIps": [each["PrivateIpAddress"] for each in found if each.get("PrivateIpAddress")],
        "publicIps": [each["PublicIpAddress"] for each in found if each.get("PublicIpAddress")],
    }


def get_instance(aws: Aws, arguments: Properties) -> Properties:
    """`aws:ec2/getInstance:getInstance`: the one that matches, as its resource would tell it."""
    asked = filters({**arguments, "tags": arguments.get("instanceTags")}, instanceId="instance-id")
    found = [
        each
        for reservation in aws.pages("ec2", "describe_instances", "Reservations", Filters=asked)
        for each in reservation["Instances"]
        if each["State"]["Name"] != "terminated"
    ]
    id = only(found, "aws:ec2/getInstance:getInstance")["InstanceId"]
    seen = catalog.kind("aws:ec2/instance:Instance").read(aws, id, {"disableApiStop": False}) or {}
    apart = ("metadataOptions", "enclaveOptions", "userData", "userDataBase64", "rootBlockDevice", "ebsBlockDevices")
    known = catalog.function("aws:ec2/getInstance:getInstance")[1].outputs
    told = {name: value for name, value in seen.items() if name in known and name not in apart}
    data = {name: seen.get(name, "") for name in ("userData",) if arguments.get("getUserData") is True}
    return {
        **told,
        **data,
        "ebsBlockDevices": [],
        "enclaveOptions": [seen["enclaveOptions"]],
        "id": id,
        "instanceId": id,
        "instanceTags": seen["tags"],
        "metadataOptions": [seen["metadataOptions"]],
        "networkInterfaceId": seen.get("primaryNetworkInterfaceId", ""),
        "rootBlockDevices": [seen["rootBlockDevice"]] if seen.get("rootBlockDevice") else [],
    }


def get_route_table(aws: Aws, arguments: Properties) -> Properties:
    """`aws:ec2/getRouteTable:getRouteTable`: by id, subnet, gateway, VPC, tags or filters."""
    asked = filters(
        arguments,
        gatewayId="association.gateway-id",
        routeTableId="route-table-id",
        subnetId="association.subnet-id",
        vpcId="vpc-id",
    )
    token = "aws:ec2/getRouteTable:getRouteTable"
    found = only(list(aws.pages("ec2", "describe_route_tables", "RouteTables", Filters=asked)), token)
    names = {
        "gatewayId": "GatewayId",
        "routeTableAssociationId": "RouteTableAssociationId",
        "routeTableId": "RouteTableId",
        "subnetId": "SubnetId",
    }
    return {
        "arn": aws.arn("ec2", f"route-table/{found['RouteTableId']}"),
        "associations": [
            {**{name: each.get(member, "") for name, member in names.items()}, "main": bool(each.get("Main"))}
            for each in found.get("Associations") or ()
        ],
        "id": found["RouteTableId"],
        "ownerId": found.get("OwnerId", aws.account),
        "routeTableId": found["RouteTableId"],
        "routes": [routes.inline(each) for each in found.get("Routes") or () if each.get("GatewayId") != "local"],
        "tags": mapping(found.get("Tags")),
        "vpcId": found["VpcId"],
    }


def get_internet_gateway(aws: Aws, arguments: Properties) -> Properties:
    """`aws:ec2/getInternetGateway:getInternetGateway`: by id, tags or filters."""
    asked = filters(arguments, internetGatewayId="internet-gateway-id")
    listed = aws.ec2.describe_internet_gateways(Filters=asked)["InternetGateways"]
    found = only(listed, "aws:ec2/getInternetGateway:getInternetGateway")
    id = found["InternetGatewayId"]
    return {
        "arn": aws.arn("ec2", f"internet-gateway/{id}"),
        "attachments": [{"state": each["State"], "vpcId": each["VpcId"]} for each in found.get("Attachments") or ()],
        "id": id,
        "internetGatewayId": id,
        "ownerId": found.get("OwnerId", aws.account),
        "tags": mapping(found.get("Tags")),
    }


def get_nat_gateway(aws: Aws, arguments: Properties) -> Properties:
    """`aws:ec2/getNatGateway:getNatGateway`: by id, subnet, VPC, state, tags or filters."""
    asked = filters(arguments, id="nat-gateway-id", state="state", subnetId="subnet-id", vpcId="vpc-id")
    token = "aws:ec2/getNatGateway:getNatGateway"
    found = only(list(aws.pages("ec2", "describe_nat_gateways", "NatGateways", Filters=asked)), token)
    address: Mapping[str, Any] = next(iter(found.get("NatGatewayAddresses") or ()), {})
    return {
        "allocationId": address.get("AllocationId", ""),
        "associationId": address.get("AssociationId", ""),
        "connectivityType": found.get("ConnectivityType", "public"),
        "id": found["NatGatewayId"],
        "networkInterfaceId": address.get("NetworkInterfaceId", ""),
        "privateIp": address.get("PrivateIp", ""),
        "publicIp": address.get("PublicIp", ""),
        "secondaryAllocationIds": [],
        "secondaryPrivateIpAddressCount": 0,
        "secondaryPrivateIpAddresses": [],
        "state": found["State"],
        "subnetId": found.get("SubnetId", ""),
        "tags": mapping(found.get("Tags")),
        "vpcId": found.get("VpcId", ""),
    }


def get_key_pair(aws: Aws, arguments: Properties) -> Properties:
    """`aws:ec2/getKeyPair:getKeyPair`: by name, id, tags or filters."""
    asked: dict[str, Any] = {"Filters": filters(arguments)}
    for argument, member in (("keyName", "KeyNames"), ("keyPairId", "KeyPairIds")):
        asked |= {member: [arguments[argument]]} if arguments.get(argument) else {}
    public = arguments.get("includePublicKey") is True
    listed = aws.ec2.describe_key_pairs(IncludePublicKey=public, **asked)["KeyPairs"]
    found = only(listed, "aws:ec2/getKeyPair:getKeyPair")
    return {
        "arn": aws.arn("ec2", f"key-pair/{found['KeyName']}"),
        "createTime": found["CreateTime"].isoformat() if found.get("CreateTime") else "",
        "fingerprint": found.get("KeyFingerprint", ""),
        "id": found["KeyPairId"],
        "keyName": found["KeyName"],
        "keyPairId": found["KeyPairId"],
        "keyType": found.get("KeyType", ""),
        "publicKey": found.get("PublicKey", "") if public else "",
        "tags": mapping(found.get("Tags")),
    }


def get_elastic_ip(aws: Aws, arguments: Properties) -> Properties:
    """`aws:ec2/getElasticIp:getElasticIp`: by allocation, address, tags or filters."""
    asked: dict[str, Any] = {"Filters": filters(arguments)}
    asked |= {"AllocationIds": [arguments["id"]]} if arguments.get("id") else {}
    asked |= {"PublicIps": [arguments["publicIp"]]} if arguments.get("publicIp") else {}
    found = only(aws.ec2.describe_addresses(**asked)["Addresses"], "aws:ec2/getElasticIp:getElasticIp")
    names = {
        "associationId": "AssociationId",
        "carrierIp": "CarrierIp",
        "customerOwnedIp": "CustomerOwnedIp",
        "customerOwnedIpv4Pool": "CustomerOwnedIpv4Pool",
        "domain": "Domain",
        "instanceId": "InstanceId",
        "networkInterfaceId": "NetworkInterfaceId",
        "networkInterfaceOwnerId": "NetworkInterfaceOwnerId",
        "privateIp": "PrivateIpAddress",
        "publicIp": "PublicIp",
        "publicIpv4Pool": "PublicIpv4Pool",
    }
    id = found["AllocationId"]
    return {
        **{name: found.get(member, "") for name, member in names.items()},
        "arn": aws.arn("ec2", f"elastic-ip/{id}"),
        "id": id,
        "tags": mapping(found.get("Tags")),
    }


def get_managed_prefix_list(aws: Aws, arguments: Properties) -> Properties:
    """`aws:ec2/getManagedPrefixList:getManagedPrefixList`: by id, name (`com.amazonaws.…`), tags or filters."""
    asked = filters(arguments, id="prefix-list-id", name="prefix-list-name")
    token = "aws:ec2/getManagedPrefixList:getManagedPrefixList"
    found = only(list(aws.pages("ec2", "describe_managed_prefix_lists", "PrefixLists", Filters=asked)), token)
    id = found["PrefixListId"]
    entries = aws.pages("ec2", "get_managed_prefix_list_entries", "Entries", PrefixListId=id)
    return {
        "addressFamily": found.get("AddressFamily", "IPv4"),
        "arn": found.get("PrefixListArn", ""),
        "entries": [{"cidr": each["Cidr"], "description": each.get("Description", "")} for each in entries],
        "id": id,
        "maxEntries": found.get("MaxEntries", 0),
        "name": found["PrefixListName"],
        "ownerId": found.get("OwnerId", ""),
        "tags": mapping(found.get("Tags")),
        "version": found.get("Version", 0),
    }
