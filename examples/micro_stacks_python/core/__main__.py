"""The table, which rarely changes, and what others need to know of it."""

import pulumi
import pulumi_aws as aws

config = pulumi.Config()

table = aws.dynamodb.Table(
    "items",
    attributes=[{"name": "id", "type": "S"}],
    hash_key="id",
    billing_mode="PAY_PER_REQUEST",
    tags={"Owner": config.get("owner") or "core"},
)

pulumi.export("table_name", table.name)
pulumi.export("table_arn", table.arn)
