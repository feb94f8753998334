"""The HTTP API."""

import sys
from pathlib import Path

import pulumi
import pulumi_aws as aws

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from parts.services import Service

core = pulumi.StackReference(f"{pulumi.get_organization()}/core/{pulumi.get_stack()}")
service = Service(
    "api",
    [
        (["dynamodb:PutItem", "dynamodb:GetItem"], core.require_output("orders_arn")),
        (["dynamodb:GetItem"], core.require_output("stock_arn")),
        (["sqs:SendMessage"], core.require_output("queue_arn")),
    ],
    {
        "ORDERS": core.require_output("orders_name"),
        "STOCK": core.require_output("stock_name"),
        "QUEUE": core.require_output("queue_url"),
    },
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

pulumi.export("url", http.api_endpoint)
