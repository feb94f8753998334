"""The whole shop: its tables, its API, and the services that pack orders and fill shelves."""

import sys
from pathlib import Path

import pulumi
import pulumi_aws as aws
import pulumi_random as random

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from parts.services import Service

# What everything shares.
orders = aws.dynamodb.Table(
    "orders",
    attributes=[{"name": "id", "type": "S"}],
    hash_key="id",
    billing_mode="PAY_PER_REQUEST",
)
stock = aws.dynamodb.Table(
    "stock", attributes=[{"name": "item", "type": "S"}], hash_key="item", billing_mode="PAY_PER_REQUEST"
)
queue = aws.sqs.Queue("orders", visibility_timeout_seconds=60)

# The API.
service = Service(
    "api",
    [
        (["dynamodb:PutItem", "dynamodb:GetItem"], orders.arn),
        (["dynamodb:GetItem"], stock.arn),
        (["sqs:SendMessage"], queue.arn),
    ],
    {"ORDERS": orders.name, "STOCK": stock.name, "QUEUE": queue.url},
)
http = aws.apigatewayv2.Api("shop", protocol_type="HTTP")
integration = aws.apigatewayv2.Integration(
    "api",
    api_id=http.id,
    integration_type="AWS_PROXY",
    integration_uri=service.function.invoke_arn,
    payload_format_version="2.0",
)
for name, route in {"order": "POST /orders", "look": "GET /orders/{name}", "stock": "GET /stock/{name}"}.items():
    aws.apigatewayv2.Route(
        name, api_id=http.id, route_key=route, target=pulumi.Output.concat("integrations/", integration.id)
    )
aws.apigatewayv2.Stage("default", api_id=http.id, name="$default", auto_deploy=True)
aws.lambda_.Permission(
    "api",
    action="lambda:InvokeFunction",
    function=service.function.name,
    principal="apigateway.amazonaws.com",
    source_arn=pulumi.Output.concat(http.execution_arn, "/*/*"),
)

# Orders are packed.
label_key = random.RandomPassword("label-key", length=24, special=False)
packing = Service(
    "packing",
    [
        (["dynamodb:GetItem", "dynamodb:PutItem"], orders.arn),
        (["dynamodb:UpdateItem"], stock.arn),
        (["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], queue.arn),
    ],
    {"ORDERS": orders.name, "STOCK": stock.name, "LABEL_KEY": label_key.result},
)
aws.lambda_.EventSourceMapping("packing", event_source_arn=queue.arn, function_name=packing.function.arn, batch_size=1)

# Shelves are filled.
shelf = pulumi.Config().get("shelf") or "5"
restocking = Service(
    "restocking",
    [(["dynamodb:Scan", "dynamodb:PutItem"], stock.arn)],
    {"STOCK": stock.name, "SHELF": shelf},
)
nightly = aws.cloudwatch.EventRule("nightly", schedule_expression="cron(0 2 * * ? *)")
aws.cloudwatch.EventTarget("nightly", rule=nightly.name, arn=restocking.function.arn)
aws.lambda_.Permission(
    "nightly",
    action="lambda:InvokeFunction",
    function=restocking.function.name,
    principal="events.amazonaws.com",
    source_arn=nightly.arn,
)

pulumi.export("url", http.api_endpoint)
pulumi.export("stock_table", stock.name)
pulumi.export("restocking", restocking.function.name)
