"""An HTTP API over a table: every path is counted."""

import json

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
greeting = config.get("greeting") or "Hello"

table = aws.dynamodb.Table(
    "visits",
    attributes=[{"name": "path", "type": "S"}],
    hash_key="path",
    billing_mode="PAY_PER_REQUEST",
    point_in_time_recovery={"enabled": True},
    tags={"Owner": "web"},
)

assume = aws.iam.get_policy_document(
    statements=[
        aws.iam.GetPolicyDocumentStatementArgs(
            actions=["sts:AssumeRole"],
            principals=[
                aws.iam.GetPolicyDocumentStatementPrincipalArgs(type="Service", identifiers=["lambda.amazonaws.com"])
            ],
        )
    ]
)
role = aws.iam.Role("counter", assume_role_policy=assume.json)
aws.iam.RolePolicyAttachment(
    "logs", role=role.name, policy_arn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
)
counts = aws.iam.RolePolicy(
    "counts",
    role=role.name,
    policy=table.arn.apply(
        lambda arn: json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "dynamodb:UpdateItem", "Resource": arn}],
            }
        )
    ),
)
counter = aws.lambda_.Function(
    "counter",
    runtime="python3.12",
    handler="counter.handler",
    role=role.arn,
    code=pulumi.FileArchive("api"),
    memory_size=256,
    environment={"variables": {"TABLE": table.name, "GREETING": greeting}},
    opts=pulumi.ResourceOptions(depends_on=[counts]),
)

api = aws.apigatewayv2.Api(
    "api", protocol_type="HTTP", cors_configuration={"allow_origins": ["*"], "allow_methods": ["GET"]}
)
integration = aws.apigatewayv2.Integration(
    "counter",
    api_id=api.id,
    integration_type="AWS_PROXY",
    integration_uri=counter.invoke_arn,
    payload_format_version="2.0",
)
route = aws.apigatewayv2.Route(
    "default", api_id=api.id, route_key="$default", target=integration.id.apply(lambda id: f"integrations/{id}")
)
stage = aws.apigatewayv2.Stage("default", api_id=api.id, name="$default", auto_deploy=True)
aws.lambda_.Permission(
    "api",
    action="lambda:InvokeFunction",
    function=counter.name,
    principal="apigateway.amazonaws.com",
    source_arn=pulumi.Output.concat(api.execution_arn, "/*/*"),
)

pulumi.export("url", api.api_endpoint)
pulumi.export("table", table.name)
pulumi.export("function", counter.name)
