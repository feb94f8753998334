"""A function with a role of its own."""

import json

import pulumi
import pulumi_aws as aws

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


class Service(pulumi.ComponentResource):
    """A Lambda function of the code in `functions/<name>`; `allows` lists actions, and what they are on."""

    def __init__(self, name, allows, variables):
        super().__init__("shop:parts:Service", name)
        below = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(name, assume_role_policy=json.dumps(TRUST), opts=below)
        statements = [{"Effect": "Allow", "Action": actions, "Resource": on} for actions, on in allows]
        statements.append({"Effect": "Allow", "Action": "logs:*", "Resource": "*"})
        granted = aws.iam.RolePolicy(
            name,
            role=role.name,
            policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": statements}),
            opts=below,
        )
        self.function = aws.lambda_.Function(
            name,
            runtime="python3.12",
            handler="handler.handle",
            role=role.arn,
            code=pulumi.FileArchive(f"../functions/{name}"),
            timeout=30,
            environment={"variables": variables},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[granted]),
        )
        self.register_outputs({})
