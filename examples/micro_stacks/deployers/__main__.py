"""One deployer role a stack, and a team member who may take that of the API only.

Each role may do what its own stack needs, to things whose names begin as that stack's do.
"""

import json

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
account = aws.get_caller_identity().account_id
region = aws.config.region

MAY = {
    "core": {
        "dynamodb:*": [f"arn:aws:dynamodb:{region}:{account}:table/items-*"],
        "dynamodb:ListTables": ["*"],
    },
    "api": {
        "lambda:*": [f"arn:aws:lambda:{region}:{account}:function:api-*"],
        "iam:*": [f"arn:aws:iam::{account}:role/api-*"],
        "apigateway:*": [f"arn:aws:apigateway:{region}::/{what}" for what in ("apis", "apis/*", "tags/*")],
    },
}
MEMBERS = config.get_object("members") or {"ada": ["api"]}


def policy(statements: list[dict]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]})


roles = {}
for stack, rights in MAY.items():
    roles[stack] = aws.iam.Role(
        f"deploy-{stack}",
        name=f"deploy-{stack}",
        assume_role_policy=policy([{"Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}]),
    )
    aws.iam.RolePolicy(
        f"deploy-{stack}",
        role=roles[stack].name,
        policy=policy([{"Action": action, "Resource": things} for action, things in rights.items()]),
    )

for member, stacks in MEMBERS.items():
    user = aws.iam.User(member, name=member)
    aws.iam.UserPolicy(
        member,
        user=user.name,
        policy=policy(
            [{"Action": "sts:AssumeRole", "Resource": f"arn:aws:iam::{account}:role/deploy-{s}"} for s in stacks]
        ),
    )
    key = aws.iam.AccessKey(member, user=user.name)
    pulumi.export(f"{member}_key_id", key.id)
    pulumi.export(f"{member}_secret_key", key.secret)

pulumi.export("roles", {stack: role.arn for stack, role in roles.items()})
