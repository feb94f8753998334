"""What the runs of one environment may do, and what may start them."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws

from stackyard.platform.components import policies
from stackyard.platform.components.component import Component
from stackyard.platform.components.settings import Input, Settings
from stackyard.platform.components.tags import Tags


class RunReach(Settings):
    """`key` and `base` are the environment's names with a dot and with an underscore; ARNs are the site's."""

    organization: str
    project: str
    key: str
    base: str
    bucket_arn: Input
    key_arn: Input
    runs_table_arn: Input
    log_group_arn: Input
    boundary_arn: Input


class RunRoles(Component):
    """Makes the role of an environment's tasks and the role that starts them. Free.

    A run reads its project's source and its secrets, keeps its own state and rows, and reaches nothing of another
    environment, not even of its own project.
    """

    def __init__(self, name: str, reach: RunReach, tags: Tags, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("activated_environments:RunRoles", name, tags, opts)
        self.reach = reach
        identity = aws.get_caller_identity(opts=pulumi.InvokeOptions(parent=self))
        region = aws.get_region(opts=pulumi.InvokeOptions(parent=self))
        self.account, self.region = identity.account_id, region.region
        self.task_role_arn = self._role(reach.base, "run", self._running())
        self.execution_role_arn = self._role(f"exec_{reach.base}", "start", self._executing())
        self.register_outputs({"task_role_arn": self.task_role_arn, "execution_role_arn": self.execution_role_arn})

    def _role(self, name: str, what: str, statements: list[policies.Statement]) -> pulumi.Output[str]:
        label = f"{self.name}-{what}"
        own = {"StringEquals": {"aws:SourceAccount": self.account}}
        trusted = policies.trust({"Service": "ecs-tasks.amazonaws.com"}, Condition=own)
        role = aws.iam.Role(
            label,
            name=name,
            description=f"Tasks of {self.reach.key} ({what})",
            assume_role_policy=policies.document(trusted),
            permissions_boundary=self.reach.boundary_arn,
            tags=self.tagged(),
            opts=self.below(),
        )
        policy = policies.document(*statements)
        aws.iam.RolePolicy(label, role=role.name, policy=policy, opts=pulumi.ResourceOptions(parent=role))
        return role.arn

    def _arn(self, service: str, rest: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account}:{rest}"

    def _running(self) -> list[policies.Statement]:
        reach = self.reach
        own = pulumi.Output.concat(reach.bucket_arn, f"/environments/{reach.key}/*")
        source = pulumi.Output.concat(reach.bucket_arn, f"/projects/{reach.project}/sources/*")
        secrets = [f"secret:/site/{reach.organization}/{owner}/*" for owner in (reach.project, reach.key)]
        mine = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [reach.key]}}
        rows = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:ConditionCheckItem"]
        listing = {"StringLike": {"s3:prefix": [f"environments/{reach.key}/*"]}}
        return [
            policies.allow(["s3:GetObject"], [own, source]),
            policies.allow(["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"], own),
            policies.allow(["s3:ListBucket"], reach.bucket_arn, Condition=listing),
            policies.allow(["kms:Decrypt", "kms:GenerateDataKey"], reach.key_arn),
            policies.allow(["secretsmanager:GetSecretValue"], [self._arn("secretsmanager", each) for each in secrets]),
            policies.allow(rows, reach.runs_table_arn, Condition=mine),
        ]

    def _executing(self) -> list[policies.Statement]:
        lines = pulumi.Output.concat(self.reach.log_group_arn, ":*")
        layers = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"]
        return [
            policies.allow(["logs:CreateLogStream", "logs:PutLogEvents"], lines),
            # A token of the registry is for no repository in particular; the repositories' policies say who may pull.
            policies.allow(["ecr:GetAuthorizationToken"], "*"),
            policies.allow(layers, f"arn:aws:ecr:{self.region}:*:repository/*"),
        ]

    def launching(self, cluster_arn: Input) -> tuple[dict[str, Any], ...]:
        """The statements of the function that starts and stops this environment's tasks, and no other's."""
        reach = self.reach
        here = {"ArnEquals": {"ecs:cluster": cluster_arn}}
        keys = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [reach.key, "slots"]}}
        rows = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"]
        # Burying another environment's dead run changes that run's row, and nothing else of it.
        buries = {
            "ForAllValues:StringEquals": {"dynamodb:Attributes": ["environment", "run", "status", "ended", "message"]}
        }
        passed = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
        tasks = self._arn("ecs", "task/site/*")
        return (
            policies.allow(["ecs:RunTask"], self._arn("ecs", f"task-definition/{reach.base}:*"), Condition=here),
            policies.allow(["ecs:TagResource", "ecs:DescribeTasks", "ecs:StopTask"], tasks),
            policies.allow(["ecs:ListTasks"], "*", Condition=here),
            policies.allow(["iam:PassRole"], [self.task_role_arn, self.execution_role_arn], Condition=passed),
            policies.allow(rows, reach.runs_table_arn, Condition=keys),
            policies.allow(["dynamodb:UpdateItem"], reach.runs_table_arn, Condition=buries),
        )
