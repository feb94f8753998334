"""The role that uses what the other stack made."""

import json

import pulumi
import pulumi_aws as aws

data = pulumi.StackReference(f"{pulumi.get_organization()}/data/{pulumi.get_stack()}")
table = data.require_output("table")
bucket_arn = data.get_output("bucket_arn")

role = aws.iam.Role(
    "reader",
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    ),
)
aws.iam.RolePolicy(
    "reader",
    role=role.name,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "dynamodb:Query", "Resource": table["arn"]},
                {"Effect": "Allow", "Action": "s3:GetObject", "Resource": pulumi.Output.concat(bucket_arn, "/*")},
            ],
        }
    ),
)
where = aws.ssm.Parameter("table", name="/example/table", type="String", value=table["name"])

pulumi.export("role", role.name)
pulumi.export("parameter", where.name)
