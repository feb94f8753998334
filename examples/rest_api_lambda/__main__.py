"""A REST API, resource by resource: GET /echo/{word} is answered by a function written right here."""

import hashlib
import json

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
shout = config.get_bool("shout") or False

CODE = f"""
import json

def handler(event, context):
    word = event["pathParameters"]["word"]
    return {{"statusCode": 200, "body": json.dumps({{"echo": word{".upper()" if shout else ""}}})}}
"""

role = aws.iam.Role(
    "echo",
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    ),
    managed_policy_arns=["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"],
)
echo = aws.lambda_.Function(
    "echo",
    runtime=aws.lambda_.Runtime.PYTHON3D12,
    handler="index.handler",
    role=role.arn,
    code=pulumi.AssetArchive({"index.py": pulumi.StringAsset(CODE)}),
)

api = aws.apigateway.RestApi("api", description="Echoes words", endpoint_configuration={"types": "REGIONAL"})
collection = aws.apigateway.Resource("echo", rest_api=api.id, parent_id=api.root_resource_id, path_part="echo")
member = aws.apigateway.Resource("word", rest_api=api.id, parent_id=collection.id, path_part="{word}")
method = aws.apigateway.Method(
    "get-word", rest_api=api.id, resource_id=member.id, http_method="GET", authorization="NONE"
)
integration = aws.apigateway.Integration(
    "get-word",
    rest_api=api.id,
    resource_id=member.id,
    http_method=method.http_method,
    integration_http_method="POST",
    type="AWS_PROXY",
    uri=echo.invoke_arn,
)
deployment = aws.apigateway.Deployment(
    "api",
    rest_api=api.id,
    triggers={"code": hashlib.sha256(CODE.encode()).hexdigest()},
    opts=pulumi.ResourceOptions(depends_on=[integration]),
)
stage = aws.apigateway.Stage("live", rest_api=api.id, deployment=deployment.id, stage_name="live")
aws.lambda_.Permission(
    "api",
    action="lambda:InvokeFunction",
    function=echo.name,
    principal="apigateway.amazonaws.com",
    source_arn=api.execution_arn.apply(lambda arn: f"{arn}/*/*/*"),
)

pulumi.export("url", stage.invoke_url)
pulumi.export("api_id", api.id)
pulumi.export("function", echo.name)
