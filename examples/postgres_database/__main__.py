"""A PostgreSQL database in a network of its own, with settings and a password that can be renewed in place."""

import pulumi
import pulumi_aws as aws
import pulumi_random as random

config = pulumi.Config()
generation = config.get("password_generation") or "1"

network = aws.ec2.Vpc("database", cidr_block="10.70.0.0/16")
subnets = [
    aws.ec2.Subnet(
        f"database-{zone}", vpc_id=network.id, cidr_block=f"10.70.{number}.0/24", availability_zone=f"us-east-1{zone}"
    )
    for number, zone in enumerate("ab")
]
group = aws.rds.SubnetGroup("database", subnet_ids=[subnet.id for subnet in subnets])
parameters = aws.rds.ParameterGroup(
    "database", family="postgres16", parameters=[{"name": "statement_timeout", "value": "30000"}]
)
password = random.RandomPassword("database", length=24, special=False, keepers={"generation": generation})

database = aws.rds.Instance(
    "database",
    engine="postgres",
    engine_version="16",
    instance_class="db.t3.micro",
    allocated_storage=20,
    db_name="app",
    username="owner",
    password=password.result,
    db_subnet_group_name=group.name,
    parameter_group_name=parameters.name,
    apply_immediately=True,
    skip_final_snapshot=True,
)

pulumi.export("name", database.identifier)
pulumi.export("address", database.address)
pulumi.export("port", database.port)
pulumi.export("url", pulumi.Output.concat("postgresql://owner:", password.result, "@", database.endpoint, "/app"))
