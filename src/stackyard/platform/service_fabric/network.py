"""The network that everything with an address stands in."""

from __future__ import annotations

import ipaddress
from typing import Final

import pulumi
import pulumi_aws as aws
import pydantic

from stackyard.platform.components.component import Component
from stackyard.platform.components.settings import Settings
from stackyard.platform.components.tags import Tags

ANYWHERE: Final = "0.0.0.0/0"
SUBNET_BITS: Final = 4


class NetworkSettings(Settings):
    """`cidr_block` is cut in sixteen: public subnets from the front, private ones from the middle.

    `nat_gateways`: 0 leaves the private subnets without a way out but the endpoints; 1 serves all zones;
    as many as there are zones outlives the loss of one.
    """

    cidr_block: str = "10.0.0.0/16"
    zones: int = pydantic.Field(default=2, ge=2, le=6)
    nat_gateways: int = pydantic.Field(default=0, ge=0, le=6)

    @pydantic.field_validator("cidr_block")
    @classmethod
    def _fits(cls, text: str) -> str:
        block = ipaddress.IPv4Network(text)
        if not 16 <= block.prefixlen <= 24:
            raise ValueError(f"a block between /16 and /24 is needed, not /{block.prefixlen}")
        return text

    @pydantic.model_validator(mode="after")
    def _balanced(self) -> NetworkSettings:
        if self.nat_gateways > self.zones:
            raise ValueError(f"{self.nat_gateways} NAT gateways for {self.zones} zones: one a zone is the most")
        return self

    def blocks(self) -> tuple[list[str], list[str]]:
        """The blocks of the public and of the private subnets, one a zone."""
        cut = [str(block) for block in ipaddress.IPv4Network(self.cidr_block).subnets(prefixlen_diff=SUBNET_BITS)]
        middle = len(cut) // 2
        return cut[: self.zones], cut[middle : middle + self.zones]


class Network(Component):
    """Makes a VPC over several zones: public and private subnets, routes, gateway endpoints, a security group.

    The VPC is free; a NAT gateway costs about 33 USD a month plus 0.045 USD per GB. S3 and DynamoDB are
    reached through gateway endpoints, which cost nothing and keep that traffic off the NAT gateways.
    """

    def __init__(
        self, name: str, settings: NetworkSettings, tags: Tags, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("service_fabric:Network", name, tags, opts)
        self.settings = settings
        self.vpc = aws.ec2.Vpc(
            name,
            cidr_block=settings.cidr_block,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=self.tagged(name),
            opts=self.below(),
        )
        self.inside = pulumi.ResourceOptions(parent=self.vpc)
        zones = aws.get_availability_zones(state="available", opts=pulumi.InvokeOptions(parent=self)).names
        public_blocks, private_blocks = settings.blocks()
        public = self._subnets("public", zones, public_blocks)
        private = self._subnets("private", zones, private_blocks)
        tables = [self._public_routes(public), *self._private_routes(private, self._ways_out(public))]
        self._endpoints(tables)
        self.security_group = self._security_group()
        self.vpc_id = self.vpc.id
        self.public_subnet_ids = [subnet.id for subnet in public]
        self.private_subnet_ids = [subnet.id for subnet in private]
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "public_subnet_ids": self.public_subnet_ids,
                "private_subnet_ids": self.private_subnet_ids,
                "security_group_id": self.security_group.id,
            }
        )

    def _subnets(self, kind: str, zones: list[str], blocks: list[str]) -> list[aws.ec2.Subnet]:
        if len(zones) < len(blocks):
            raise pulumi.RunError(f"{len(blocks)} zones are wanted and the region offers {len(zones)}")
        return [
            aws.ec2.Subnet(
                f"{self.name}-{kind}-{zone}",
                vpc_id=self.vpc.id,
                cidr_block=block,
                availability_zone=zone,
                map_public_ip_on_launch=kind == "public",
                tags=self.tagged(f"{self.name}-{kind}-{zone}"),
                opts=self.inside,
            )
            for zone, block in zip(zones, blocks, strict=False)
        ]

    def _public_routes(self, subnets: list[aws.ec2.Subnet]) -> aws.ec2.RouteTable:
        gateway = aws.ec2.InternetGateway(self.name, vpc_id=self.vpc.id, tags=self.tagged(self.name), opts=self.inside)
        table = self._table("public", subnets)
        aws.ec2.Route(
            f"{self.name}-public",
            route_table_id=table.id,
            destination_cidr_block=ANYWHERE,
            gateway_id=gateway.id,
            opts=pulumi.ResourceOptions(parent=table),
        )
        return table

    def _ways_out(self, public: list[aws.ec2.Subnet]) -> list[aws.ec2.NatGateway]:
        gateways = []
        for number, subnet in enumerate(public[: self.settings.nat_gateways], 1):
            name = f"{self.name}-nat-{number}"
            address = aws.ec2.Eip(name, domain="vpc", tags=self.tagged(name), opts=self.inside)
            gateway = aws.ec2.NatGateway(
                name, allocation_id=address.id, subnet_id=subnet.id, tags=self.tagged(name), opts=self.inside
            )
            gateways.append(gateway)
        return gateways

    def _private_routes(
        self, subnets: list[aws.ec2.Subnet], ways_out: list[aws.ec2.NatGateway]
    ) -> list[aws.ec2.RouteTable]:
        """One table a way out (one in all when there is none); zones share the ways out in turn."""
        tables = []
        count = max(1, len(ways_out))
        for index in range(count):
            table = self._table(f"private-{index + 1}", subnets[index::count])
            tables.append(table)
            for way_out in ways_out[index : index + 1]:
                aws.ec2.Route(
                    f"{self.name}-private-{index + 1}",
                    route_table_id=table.id,
                    destination_cidr_block=ANYWHERE,
                    nat_gateway_id=way_out.id,
                    opts=pulumi.ResourceOptions(parent=table),
                )
        return tables

    def _table(self, kind: str, subnets: list[aws.ec2.Subnet]) -> aws.ec2.RouteTable:
        name = f"{self.name}-{kind}"
        table = aws.ec2.RouteTable(name, vpc_id=self.vpc.id, tags=self.tagged(name), opts=self.inside)
        for number, subnet in enumerate(subnets, 1):
            aws.ec2.RouteTableAssociation(
                f"{name}-{number}",
                route_table_id=table.id,
                subnet_id=subnet.id,
                opts=pulumi.ResourceOptions(parent=table),
            )
        return table

    def _endpoints(self, tables: list[aws.ec2.RouteTable]) -> None:
        region = aws.get_region(opts=pulumi.InvokeOptions(parent=self)).region
        for service in ("s3", "dynamodb"):
            aws.ec2.VpcEndpoint(
                f"{self.name}-{service}",
                vpc_id=self.vpc.id,
                service_name=f"com.amazonaws.{region}.{service}",
                vpc_endpoint_type="Gateway",
                route_table_ids=[table.id for table in tables],
                tags=self.tagged(f"{self.name}-{service}"),
                opts=self.inside,
            )

    def _security_group(self) -> aws.ec2.SecurityGroup:
        """The group of the platform's own services: they talk TLS to each other and to the world, nobody else in."""
        name = f"{self.name}-services"
        group = aws.ec2.SecurityGroup(
            name,
            vpc_id=self.vpc.id,
            description="Services of the platform",
            tags=self.tagged(name),
            opts=self.inside,
        )
        tls = {"ip_protocol": "tcp", "from_port": 443, "to_port": 443, "security_group_id": group.id}
        inside = pulumi.ResourceOptions(parent=group)
        aws.vpc.SecurityGroupIngressRule(
            name, **tls, referenced_security_group_id=group.id, description="TLS among services", opts=inside
        )
        aws.vpc.SecurityGroupEgressRule(name, **tls, cidr_ipv4=ANYWHERE, description="TLS to anywhere", opts=inside)
        return group
