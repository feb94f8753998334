"""What every region and VPC is born with: the default VPC and subnets, security group and main route table.

These types take over what is there, and leave it as it is when they are deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard import errors
from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.ec2.firewalls import SecurityGroup
from stackyard.providers.aws.ec2.networks import Subnet, Vpc
from stackyard.providers.aws.ec2.routes import RouteTable
from stackyard.providers.aws.kinds import Created, FoundBy, fixed
from stackyard.providers.aws.tagging import pairs


def _tag(aws: Aws, id: str, inputs: Properties) -> None:
    if inputs.get("tagsAll"):
        aws.ec2.create_tags(Resources=[id], Tags=pairs(inputs["tagsAll"]))


class DefaultSecurityGroup(SecurityGroup):
    """`aws:ec2/defaultSecurityGroup:DefaultSecurityGroup`; a direction that is not stated has no rules."""

    naming = None
    found_by = FoundBy.NAME
    overwrites = True
    defaults = fixed(revokeRulesOnDelete=False)
    replaces = ("vpcId",)
    computed = ("vpcId",)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        id = self._default(aws, inputs)
        _tag(aws, id, inputs)
        return id

    def _default(self, aws: Aws, inputs: Properties) -> str:
        filters = [{"Name": "group-name", "Values": ["default"]}]
        vpc = inputs.get("vpcId") or self._default_vpc(aws)
        groups = aws.ec2.describe_security_groups(Filters=[*filters, {"Name": "vpc-id", "Values": [vpc]}])
        if not groups["SecurityGroups"]:
            raise errors.ProviderError(f"{self.token}: VPC {vpc} has no default security group")
        return str(groups["SecurityGroups"][0]["GroupId"])

    def _default_vpc(self, aws: Aws) -> str:
        vpcs = aws.ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
        if not vpcs:
            raise errors.ProviderError(f"{self.token}: {aws.region} has no default VPC", hint="give it a vpcId")
        return str(vpcs[0]["VpcId"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        seen = self.read(aws, id, {}) or {}
        for way in ("ingress", "egress"):
            self._sync(aws, id, way, seen.get(way) or [], inputs.get(way) or [])

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        """EC2 does not let it go before its VPC."""

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        return self._default(aws, inputs)


class DefaultRouteTable(RouteTable):
    """`aws:ec2/defaultRouteTable:DefaultRouteTable`."""

    found_by = FoundBy.NAME
    overwrites = True
    replaces = ("defaultRouteTableId",)
    sets = ("routes", "propagatingVgws")
    computed = ()

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        id = str(inputs["defaultRouteTableId"])
        _tag(aws, id, inputs)
        return id

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        seen = self.read(aws, id, {}) or {}
        self.sync(aws, id, seen, inputs)

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        return {**super().seen(aws, found, outputs), "defaultRouteTableId": found["RouteTableId"]}

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        """EC2 does not let it go before its VPC."""

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        return str(inputs["defaultRouteTableId"])


class DefaultVpc(Vpc):
    """`aws:ec2/defaultVpc:DefaultVpc`: the region's own, made when it has none; `forceDestroy` deletes it."""

    found_by = FoundBy.NAME
    overwrites = True
    defaults = fixed(enableDnsHostnames=True, enableDnsSupport=True, forceDestroy=False)
    replaces = ()
    computed = ("enableNetworkAddressUsageMetrics",)
    unsupported = (
        "assignGeneratedIpv6CidrBlock",
        "ipv6CidrBlock",
        "ipv6CidrBlockNetworkBorderGroup",
        "ipv6IpamPoolId",
        "ipv6NetmaskLength",
    )

    def create(self, aws: Aws, inputs: Properties, token: str) -> str | Created:  # type: ignore[override]
        found = self.locate(aws, inputs, token)
        id = found or str(aws.ec2.create_default_vpc()["Vpc"]["VpcId"])
        _tag(aws, id, inputs)
        return Created(id, {"existingDefaultVpc": found is not None})

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        super().complete(aws, id, inputs)
        for name in ("enableDnsHostnames", "enableDnsSupport"):
            self._set(aws, id, name, bool(inputs[name]))

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        if known.get("forceDestroy") is True:
            super().delete(aws, id, known)

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        vpcs = aws.ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
        return str(vpcs[0]["VpcId"]) if vpcs else None


class DefaultSubnet(Subnet):
    """`aws:ec2/defaultSubnet:DefaultSubnet`: a zone's own, made when it has none; `forceDestroy` deletes it."""

    found_by = FoundBy.NAME
    overwrites = True
    defaults = fixed(forceDestroy=False, mapPublicIpOnLaunch=True)
    replaces = ("availabilityZone",)
    computed = (
        "assignIpv6AddressOnCreation",
        "enableDns64",
        "enableResourceNameDnsARecordOnLaunch",
        "enableResourceNameDnsAaaaRecordOnLaunch",
        "privateDnsHostnameTypeOnLaunch",
    )
    unsupported = ("customerOwnedIpv4Pool", "ipv6CidrBlock", "ipv6Native", "mapCustomerOwnedIpOnLaunch")

    def create(self, aws: Aws, inputs: Properties, token: str) -> str | Created:  # type: ignore[override]
        found = self.locate(aws, inputs, token)
        zone = inputs["availabilityZone"]
        id = found or str(aws.ec2.create_default_subnet(AvailabilityZone=zone)["Subnet"]["SubnetId"])
        _tag(aws, id, inputs)
        return Created(id, {"existingDefaultSubnet": found is not None})

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        super().complete(aws, id, inputs)
        self._set(aws, id, "mapPublicIpOnLaunch", bool(inputs["mapPublicIpOnLaunch"]))

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        if known.get("forceDestroy") is True:
            super().delete(aws, id, known)

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        filters = [
            {"Name": "default-for-az", "Values": ["true"]},
            {"Name": "availability-zone", "Values": [inputs["availabilityZone"]]},
        ]
        subnets = aws.ec2.describe_subnets(Filters=filters)["Subnets"]
        return str(subnets[0]["SubnetId"]) if subnets else None
