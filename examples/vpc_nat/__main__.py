"""A VPC over two zones: public subnets, private subnets, and a way out for the private ones."""

import ipaddress

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
cidr = config.get("cidr") or "10.0.0.0/16"
nat_per_zone = config.get_bool("nat_per_zone") or False
zones = aws.get_availability_zones(state="available").names[:2]
blocks = [str(block) for block in ipaddress.ip_network(cidr).subnets(new_prefix=20)]

vpc = aws.ec2.Vpc("main", cidr_block=cidr, enable_dns_hostnames=True, enable_dns_support=True, tags={"Name": "main"})
gateway = aws.ec2.InternetGateway("main", vpc_id=vpc.id, tags={"Name": "main"})

public_table = aws.ec2.RouteTable(
    "public",
    vpc_id=vpc.id,
    routes=[aws.ec2.RouteTableRouteArgs(cidr_block="0.0.0.0/0", gateway_id=gateway.id)],
    tags={"Name": "public"},
)

public, private, addresses, gateways = [], [], [], []
for number, zone in enumerate(zones):
    public_subnet = aws.ec2.Subnet(
        f"public-{zone}",
        vpc_id=vpc.id,
        availability_zone=zone,
        cidr_block=blocks[number],
        map_public_ip_on_launch=True,
        tags={"Name": f"public-{zone}", "kubernetes.io/role/elb": "1"},
    )
    aws.ec2.RouteTableAssociation(f"public-{zone}", subnet_id=public_subnet.id, route_table_id=public_table.id)
    public.append(public_subnet)

    if number == 0 or nat_per_zone:
        address = aws.ec2.Eip(f"nat-{zone}", domain="vpc", opts=pulumi.ResourceOptions(depends_on=[gateway]))
        addresses.append(address)
        gateways.append(
            aws.ec2.NatGateway(f"nat-{zone}", subnet_id=public_subnet.id, allocation_id=address.allocation_id)
        )

    private_subnet = aws.ec2.Subnet(
        f"private-{zone}",
        vpc_id=vpc.id,
        availability_zone=zone,
        cidr_block=blocks[number + 8],
        tags={"Name": f"private-{zone}"},
    )
    private_table = aws.ec2.RouteTable(f"private-{zone}", vpc_id=vpc.id, tags={"Name": f"private-{zone}"})
    aws.ec2.Route(
        f"private-{zone}",
        route_table_id=private_table.id,
        destination_cidr_block="0.0.0.0/0",
        nat_gateway_id=gateways[-1].id,
    )
    aws.ec2.RouteTableAssociation(f"private-{zone}", subnet_id=private_subnet.id, route_table_id=private_table.id)
    private.append(private_subnet)

web = aws.ec2.SecurityGroup(
    "web",
    vpc_id=vpc.id,
    description="HTTP and HTTPS from anywhere",
    ingress=[
        {"protocol": "tcp", "from_port": port, "to_port": port, "cidr_blocks": ["0.0.0.0/0"]} for port in (80, 443)
    ],
    egress=[{"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"]}],
)

pulumi.export("vpc_id", vpc.id)
pulumi.export("public_subnet_ids", [subnet.id for subnet in public])
pulumi.export("private_subnet_ids", [subnet.id for subnet in private])
pulumi.export("nat_addresses", [address.public_ip for address in addresses])
pulumi.export("web_security_group_id", web.id)
