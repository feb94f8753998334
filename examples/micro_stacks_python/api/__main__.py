"""Create, update and get items of the table that the core stack made, over HTTP."""

import json

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
core = pulumi.StackReference(
    f"{config.require('core_organization')}/{config.require('core_project')}/{config.require('core_stack')}"
)
table_name = core.require_output("table_name")
table_arn = core.require_output("table_arn")

ROUTES = {
    "create": ("POST /items", "PutItem"),
    "update": ("PUT /items/{id}", "UpdateItem"),
    "get": ("GET /items/{id}", "GetItem"),
}

api = aws.apigatewayv2.Api("api-items", protocol_type="HTTP")
aws.apigatewayv2.Stage("api-items", api_id=api.id, name="$default", auto_deploy=True)


def serve(name: str, route: str, action: str) -> aws.lambda_.Function:
    """One function behind one route, which may do one thing to the table."""
    role = aws.iam.Role(
        f"api-{name}",
        assume_role_policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "lambda.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            }
        ),
    )
    allowed = aws.iam.RolePolicy(
        f"api-{name}",
        role=role.name,
        policy=pulumi.Output.json_dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": f"dynamodb:{action}", "Resource": table_arn}],
            }
        ),
    )
    function = aws.lambda_.Function(
        f"api-{name}",
        runtime="python3.12",
        handler=f"{name}.handler",
        role=role.arn,
        code=pulumi.AssetArchive({f"{name}.py": pulumi.FileAsset(f"functions/{name}.py")}),
        environment={"variables": {"TABLE": table_name}},
        opts=pulumi.ResourceOptions(depends_on=[allowed]),
    )
    integration = aws.apigatewayv2.Integration(
        f"api-{name}",
        api_id=api.id,
        integration_type="AWS_PROXY",
        integration_uri=function.invoke_arn,
        payload_format_version="2.0",
    )
    aws.apigatewayv2.Route(
        f"api-{name}", api_id=api.id, route_key=route, target=pulumi.Output.concat("integrations/", integration.id)
    )
    aws.lambda_.Permission(
        f"api-{name}",
        action="lambda:InvokeFunction",
        function=function.name,
        principal="apigateway.amazonaws.com",
        source_arn=pulumi.Output.concat(api.execution_arn, "/*/*"),
    )
    return function


functions = {name: serve(name, route, action) for name, (route, action) in ROUTES.items()}

pulumi.export("url", api.api_endpoint)
pulumi.export("functions", {name: function.name for name, function in functions.items()})
