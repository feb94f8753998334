"""The service that packs orders."""

import sys
from pathlib import Path

import pulumi
import pulumi_aws as aws
import pulumi_random as random

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from parts.services import Service

core = pulumi.StackReference(f"{pulumi.get_organization()}/core/{pulumi.get_stack()}")
label_key = random.RandomPassword("label-key", length=24, special=False)
service = Service(
    "packing",
    [
        (["dynamodb:GetItem", "dynamodb:PutItem"], core.require_output("orders_arn")),
        (["dynamodb:UpdateItem"], core.require_output("stock_arn")),
        (["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], core.require_output("queue_arn")),
    ],
    {
        "ORDERS": core.require_output("orders_name"),
        "STOCK": core.require_output("stock_name"),
        "LABEL_KEY": label_key.result,
    },
)
aws.lambda_.EventSourceMapping(
    "packing", event_source_arn=core.require_output("queue_arn"), function_name=service.function.arn, batch_size=1
)
