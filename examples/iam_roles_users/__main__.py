"""Users from a list, in a group, with a policy; and a role that they may assume."""

import json

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
users = config.get_object("users") or ["ada", "grace"]

group = aws.iam.Group("readers", path="/example/")
people = {name: aws.iam.User(name, path="/example/", tags={"Team": "data"}) for name in users}
aws.iam.GroupMembership("readers", group=group.name, users=[person.name for person in people.values()])

read_only = aws.iam.Policy(
    "read-only",
    description="Reads objects and their names",
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}],
        }
    ),
)
aws.iam.GroupPolicyAttachment("readers", group=group.name, policy_arn=read_only.arn)

robot = aws.iam.User("robot", path="/example/")
aws.iam.UserPolicyAttachment("robot", user=robot.name, policy_arn=read_only.arn)
access_key = aws.iam.AccessKey("robot", user=robot.name)

role = aws.iam.Role(
    "analyst",
    path="/example/",
    max_session_duration=7200,
    assume_role_policy=robot.arn.apply(
        lambda arn: json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sts:AssumeRole"}],
            }
        )
    ),
)
aws.iam.RolePolicyAttachment("analyst", role=role.name, policy_arn=read_only.arn)
profile = aws.iam.InstanceProfile("analyst", role=role.name)

pulumi.export("group", group.name)
pulumi.export("role_arn", role.arn)
pulumi.export("robot", robot.name)
pulumi.export("access_key_id", access_key.id)
pulumi.export("secret_access_key", access_key.secret)
