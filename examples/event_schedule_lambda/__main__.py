"""A function that runs on a schedule, and whenever somebody says that a file has come."""

import json

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
every = config.get("every") or "5 minutes"

role = aws.iam.Role(
    "tidy",
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    ),
    inline_policies=[
        {
            "name": "logs",
            "policy": json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "arn:aws:logs:*:*:*"}],
                }
            ),
        }
    ],
)
tidy = aws.lambda_.Function(
    "tidy",
    runtime="python3.12",
    handler="tidy.handler",
    role=role.arn,
    code=pulumi.AssetArchive({"tidy.py": pulumi.StringAsset("def handler(event, context):\n    print(event)\n")}),
)
logs = aws.cloudwatch.LogGroup("tidy", name=tidy.name.apply(lambda name: f"/aws/lambda/{name}"), retention_in_days=7)

bus = aws.cloudwatch.EventBus("files")
rules = {
    "schedule": aws.cloudwatch.EventRule("schedule", schedule_expression=f"rate({every})"),
    "arrival": aws.cloudwatch.EventRule(
        "arrival",
        event_bus_name=bus.name,
        event_pattern=json.dumps({"source": ["files"], "detail-type": ["arrived"]}),
    ),
}
for name, rule in rules.items():
    aws.cloudwatch.EventTarget(name, rule=rule.name, event_bus_name=rule.event_bus_name, arn=tidy.arn)
    aws.lambda_.Permission(
        name,
        action="lambda:InvokeFunction",
        function=tidy.name,
        principal="events.amazonaws.com",
        source_arn=rule.arn,
    )

pulumi.export("function", tidy.name)
pulumi.export("bus", bus.name)
pulumi.export("schedule", rules["schedule"].name)
pulumi.export("log_group", logs.name)
