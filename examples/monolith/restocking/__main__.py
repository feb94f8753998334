"""The service that fills the shelves."""

import sys
from pathlib import Path

import pulumi
import pulumi_aws as aws

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from parts.services import Service

core = pulumi.StackReference(f"{pulumi.get_organization()}/core/{pulumi.get_stack()}")
shelf = pulumi.Config().get("shelf") or "5"
service = Service(
    "restocking",
    [(["dynamodb:Scan", "dynamodb:PutItem"], core.require_output("stock_arn"))],
    {"STOCK": core.require_output("stock_name"), "SHELF": shelf},
)
nightly = aws.cloudwatch.EventRule("nightly", schedule_expression="cron(0 2 * * ? *)")
aws.cloudwatch.EventTarget("nightly", rule=nightly.name, arn=service.function.arn)
aws.lambda_.Permission(
    "nightly",
    action="lambda:InvokeFunction",
    function=service.function.name,
    principal="events.amazonaws.com",
    source_arn=nightly.arn,
)

pulumi.export("restocking", service.function.name)
