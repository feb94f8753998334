"""VPCs and what makes them reachable: subnets, internet and NAT gateways, Elastic IPs."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from stackyard import errors
from stackyard.model.registrations import CheckFailure
from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.ec2.tagged import Tagged
from stackyard.providers.aws.kinds import Change, fixed
from stackyard.providers.aws.tables import Call, given

_IPAM = ("ipv4IpamPoolId", "ipv4NetmaskLength", "ipv6IpamPoolId", "ipv6NetmaskLength")


def _check_block(inputs: Properties) -> Iterable[CheckFailure]:
    block = inputs.get("cidrBlock")
    if not isinstance(block, str):
        return
    try:
        ipaddress.IPv4Network(block)
    except ValueError as fault:
        yield CheckFailure("cidrBlock", f"is not an IPv4 network: {fault}")


class Vpc(Tagged):
    """`aws:ec2/vpc:Vpc`."""

    resource_type = "vpc"
    id = "VpcId"
    defaults = fixed(enableDnsSupport=True, instanceTenancy="default")
    replaces: ClassVar[tuple[str, ...]] = ("cidrBlock", "instanceTenancy")
    computed: ClassVar[tuple[str, ...]] = ("cidrBlock", "enableDnsHostnames", "enableNetworkAddressUsageMetrics")
    unsupported: ClassVar[tuple[str, ...]] = (
        *_IPAM,
        "assignGeneratedIpv6CidrBlock",
        "ipv6CidrBlock",
        "ipv6CidrBlockNetworkBorderGroup",
    )
    making = Call("create_vpc", at="Vpc")
    reading = Call("describe_vpcs", given(VpcIds=["$id"]), at="Vpcs[0]")
    removing = Call("delete_vpc", given(VpcId="$id"))

    def check(self, inputs: Properties) -> Iterable[CheckFailure]:
        return _check_block(inputs)

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        aws.wait(f"VPC {id}", lambda: self.call(aws, self.reading, {"VpcIds": [id]})["State"] == "available")
        if inputs.get("enableDnsSupport") is False:
            self._set(aws, id, "enableDnsSupport", False)
        for name in ("enableDnsHostnames", "enableNetworkAddressUsageMetrics"):
            if inputs.get(name):
                self._set(aws, id, name, True)

    def _set(self, aws: Aws, id: str, name: str, value: bool) -> None:
        aws.ec2.modify_vpc_attribute(VpcId=id, **{name[0].upper() + name[1:]: {"Value": value}})

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        id_, ec2 = found["VpcId"], aws.ec2
        outputs["enableNetworkAddressUsageMetrics"] = False
        for name in ("enableDnsSupport", "enableDnsHostnames"):
            key = name[0].upper() + name[1:]
            outputs[name] = ec2.describe_vpc_attribute(VpcId=id_, Attribute=name)[key]["Value"]
        here = [{"Name": "vpc-id", "Values": [id_]}]
        main = ec2.describe_route_tables(Filters=[*here, {"Name": "association.main", "Values": ["true"]}])
        lists = ec2.describe_network_acls(Filters=[*here, {"Name": "default", "Values": ["true"]}])
        groups = ec2.describe_security_groups(Filters=[*here, {"Name": "group-name", "Values": ["default"]}])
        table = next((each["RouteTableId"] for each in main["RouteTables"]), None)
        return {
            **outputs,
            "mainRouteTableId": table,
            "defaultRouteTableId": table,
            "defaultNetworkAclId": next((each["NetworkAclId"] for each in lists["NetworkAcls"]), None),
            "defaultSecurityGroupId": next((each["GroupId"] for each in groups["SecurityGroups"]), None),
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        for name in ("enableDnsSupport", "enableDnsHostnames", "enableNetworkAddressUsageMetrics"):
            if change.any(name):
                self._set(aws, id, name, bool(change.new.get(name)))


class Subnet(Tagged):
    """`aws:ec2/subnet:Subnet`."""

    resource_type = "subnet"
    id = "SubnetId"
    defaults = fixed(
        assignIpv6AddressOnCreation=False,
        enableDns64=False,
        enableResourceNameDnsARecordOnLaunch=False,
        enableResourceNameDnsAaaaRecordOnLaunch=False,
        ipv6Native=False,
        mapPublicIpOnLaunch=False,
    )
    replaces: ClassVar[tuple[str, ...]] = (
        "cidrBlock",
        "vpcId",
        "availabilityZone",
        "availabilityZoneId",
        "outpostArn",
        "ipv6Native",
    )
    computed: ClassVar[tuple[str, ...]] = (
        "availabilityZone",
        "availabilityZoneId",
        "cidrBlock",
        "privateDnsHostnameTypeOnLaunch",
    )
    unsupported: ClassVar[tuple[str, ...]] = (
        *_IPAM,
        "customerOwnedIpv4Pool",
        "enableLniAtDeviceIndex",
        "ipv6CidrBlock",
        "mapCustomerOwnedIpOnLaunch",
    )
    making = Call("create_subnet", at="Subnet")
    reading = Call("describe_subnets", given(SubnetIds=["$id"]), at="Subnets[0]")
    removing = Call("delete_subnet", given(SubnetId="$id"))
    _settings = (
        "mapPublicIpOnLaunch",
        "assignIpv6AddressOnCreation",
        "enableDns64",
        "enableResourceNameDnsARecordOnLaunch",
        "enableResourceNameDnsAaaaRecordOnLaunch",
        "privateDnsHostnameTypeOnLaunch",
    )

    def check(self, inputs: Properties) -> Iterable[CheckFailure]:
        return _check_block(inputs)

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        aws.wait(f"subnet {id}", lambda: self.call(aws, self.reading, {"SubnetIds": [id]})["State"] == "available")
        for name in self._settings:
            if inputs.get(name):
                self._set(aws, id, name, inputs[name])

    def _set(self, aws: Aws, id: str, name: str, value: Any) -> None:
        member = name[0].upper() + name[1:]
        if name == "privateDnsHostnameTypeOnLaunch":
            aws.ec2.modify_subnet_attribute(SubnetId=id, PrivateDnsHostnameTypeOnLaunch=value)
        else:
            aws.ec2.modify_subnet_attribute(SubnetId=id, **{member: {"Value": bool(value)}})

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        launch = found.get("PrivateDnsNameOptionsOnLaunch") or {}
        outputs["privateDnsHostnameTypeOnLaunch"] = launch.get("HostnameType", "ip-name")
        outputs["enableResourceNameDnsARecordOnLaunch"] = bool(launch.get("EnableResourceNameDnsARecord"))
        outputs["enableResourceNameDnsAaaaRecordOnLaunch"] = bool(launch.get("EnableResourceNameDnsAAAARecord"))
        return outputs

    def update(self, aws: Aws, id: str, change: Change) -> None:
        for name in self._settings:
            if change.any(name):
                self._set(aws, id, name, change.new.get(name))


class InternetGateway(Tagged):
    """`aws:ec2/internetGateway:InternetGateway`. Moving it to another VPC detaches and attaches it."""

    resource_type = "internet-gateway"
    id = "InternetGatewayId"
    making = Call("create_internet_gateway", at="InternetGateway")
    reading = Call("describe_internet_gateways", given(InternetGatewayIds=["$id"]), at="InternetGateways[0]")
    removing = Call("delete_internet_gateway", given(InternetGatewayId="$id"))

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        if inputs.get("vpcId"):
            aws.ec2.attach_internet_gateway(InternetGatewayId=id, VpcId=inputs["vpcId"])

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        attached = found.get("Attachments") or []
        return {**outputs, "vpcId": attached[0]["VpcId"] if attached else None}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        if change.any("vpcId"):
            if change.old.get("vpcId"):
                aws.ec2.detach_internet_gateway(InternetGatewayId=id, VpcId=change.old["vpcId"])
            self.complete(aws, id, change.new)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        attached = (self.read(aws, id, known) or {}).get("vpcId")
        if attached:
            aws.ec2.detach_internet_gateway(InternetGatewayId=id, VpcId=attached)
        super().delete(aws, id, known)


class Eip(Tagged):
    """`aws:ec2/eip:Eip`, always of a VPC."""

    resource_type = "elastic-ip"
    id = "AllocationId"
    replaces = ("address", "domain", "networkBorderGroup", "publicIpv4Pool")
    computed = ("domain", "instance", "networkInterface", "networkBorderGroup", "publicIpv4Pool")
    volatile = ("associationId", "privateIp", "privateDns")
    unsupported = ("customerOwnedIpv4Pool", "ipamPoolId")
    making = Call("allocate_address", given(Domain="vpc"))
    reading = Call("describe_addresses", given(AllocationIds=["$id"]), at="Addresses[0]")
    removing = Call("release_address", given(AllocationId="$id"))

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        target = {
            "InstanceId": inputs.get("instance"),
            "NetworkInterfaceId": inputs.get("networkInterface"),
            "PrivateIpAddress": inputs.get("associateWithPrivateIp"),
        }
        if target["InstanceId"] or target["NetworkInterfaceId"]:
            arguments = {key: value for key, value in target.items() if value}
            aws.ec2.associate_address(AllocationId=id, AllowReassociation=True, **arguments)

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        address = found.get("PublicIp", "")
        host = f"ec2-{address.replace('.', '-')}"
        zone = "compute-1" if aws.region == "us-east-1" else f"{aws.region}.compute"
        return {
            **outputs,
            "allocationId": found["AllocationId"],
            "instance": found.get("InstanceId", ""),
            "networkInterface": found.get("NetworkInterfaceId", ""),
            "privateIp": found.get("PrivateIpAddress"),
            "publicDns": f"{host}.{zone}.amazonaws.com",
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        if change.any("instance", "networkInterface", "associateWithPrivateIp"):
            association = change.outputs.get("associationId")
            if association:
                aws.ec2.disassociate_address(AssociationId=association)
            self.complete(aws, id, change.new)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        association = (self.read(aws, id, known) or {}).get("associationId")
        if association:
            aws.ec2.disassociate_address(AssociationId=association)
        super().delete(aws, id, known)


class NatGateway(Tagged):
    """`aws:ec2/natGateway:NatGateway`, zonal."""

    resource_type = "natgateway"
    id = "NatGatewayId"
    living = ("pending", "available")
    defaults = fixed(connectivityType="public")
    replaces = ("allocationId", "connectivityType", "privateIp", "subnetId")
    computed = ("privateIp", "secondaryPrivateIpAddressCount", "secondaryPrivateIpAddresses", "vpcId")
    unsupported = (
        "availabilityMode",
        "availabilityZoneAddresses",
        "secondaryAllocationIds",
        "secondaryPrivateIpAddressCount",
        "secondaryPrivateIpAddresses",
    )
    names = given(privateIp="PrivateIpAddress")
    making = Call("create_nat_gateway", at="NatGateway")
    reading = Call("describe_nat_gateways", given(NatGatewayIds=["$id"]), at="NatGateways[0]")
    removing = Call("delete_nat_gateway", given(NatGatewayId="$id"))
    waits_gone = True

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        return super().create(aws, {name: value for name, value in inputs.items() if name != "vpcId"}, token)

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        aws.wait(f"NAT gateway {id}", lambda: self._is_available(aws, id))

    def _is_available(self, aws: Aws, id: str) -> bool:
        found = aws.ec2.describe_nat_gateways(NatGatewayIds=[id])["NatGateways"][0]
        if found["State"] == "failed":
            reason = found.get("FailureMessage", "no reason was given")
            raise errors.ProviderError(f"aws:ec2/natGateway:NatGateway: {id} failed: {reason}")
        return bool(found["State"] == "available")

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        address: Mapping[str, Any] = next(iter(found.get("NatGatewayAddresses") or []), {})
        seen = {
            "allocationId": address.get("AllocationId"),
            "associationId": address.get("AssociationId"),
            "networkInterfaceId": address.get("NetworkInterfaceId"),
            "privateIp": address.get("PrivateIp"),
            "publicIp": address.get("PublicIp"),
        }
        return {**outputs, **{name: value for name, value in seen.items() if value is not None}}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        """Only its tags can change."""
