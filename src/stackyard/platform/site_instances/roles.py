"""The roles of one organization: what its admins, its runs and its readers may do."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pydantic

from stackyard.platform.components import policies
from stackyard.platform.components.component import Component
from stackyard.platform.components.settings import Input, Settings
from stackyard.platform.components.tags import Tags
from stackyard.platform.site_instances.tenants import Access

READ = ("s3:GetObject", "s3:GetObjectVersion")
LIST = ("s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketLocation")
WRITE = ("s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload")
LOOK_UP = ("logs:GetLogEvents", "logs:FilterLogEvents", "logs:DescribeLogStreams")
LOG = ("logs:CreateLogStream", "logs:PutLogEvents")


class SiteRolesSettings(Settings):
    """What the roles reach (the organization's own bucket, key and log group) and who may become them.

    `broker_arn`, of the platform's account, opens the sessions of people; `boundary_arn` bounds every role.
    `people` maps a role to the mail addresses of those who may have it.
    """

    organization: str
    bucket_arn: Input
    key_arn: Input
    log_group_arn: Input
    broker_arn: Input
    boundary_arn: Input
    people: dict[Access, tuple[str, ...]] = pydantic.Field(default_factory=dict)
    session_seconds: int = pydantic.Field(default=3600, ge=900, le=43200)


class SiteRoles(Component):
    """Makes the roles admin, runner and viewer, each bounded to what is the organization's own.

    People become admin or viewer through the session broker only, with the organization as external id; runs
    become runner as tasks or functions of the platform. Who may have which role is a parameter. Free.
    """

    def __init__(
        self, name: str, settings: SiteRolesSettings, tags: Tags, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("site_instances:SiteRoles", name, tags, opts)
        self.settings = settings
        self.inside = pulumi.Output.concat(settings.bucket_arn, "/*")
        self.lines = pulumi.Output.concat(settings.log_group_arn, ":*")
        self.people_arn = self._people().arn
        self.arns = {access.value: self._role(access).arn for access in Access}
        self.register_outputs({"arns": self.arns})

    def _people(self) -> aws.ssm.Parameter:
        people = {access: list(members) for access, members in sorted(self.settings.people.items())}
        return aws.ssm.Parameter(
            f"{self.name}-access",
            name=f"/site/{self.tags.environment.lower()}/{self.settings.organization}/access",
            type="String",
            value=json.dumps(people),
            tags=self.tagged(),
            opts=self.below(),
        )

    def _role(self, access: Access) -> aws.iam.Role:
        stage = self.tags.environment.lower()
        role = aws.iam.Role(
            f"{self.name}-{access}",
            name=f"{self.settings.organization}-{stage}-{access}",
            path="/site/",
            description=f"{access} of {self.settings.organization}",
            assume_role_policy=policies.document(self._trust(access)),
            permissions_boundary=self.settings.boundary_arn,
            max_session_duration=self.settings.session_seconds,
            tags=self.tagged(),
            opts=self.below(),
        )
        aws.iam.RolePolicy(
            f"{self.name}-{access}",
            role=role.name,
            policy=policies.document(*self._allowed(access)),
            opts=pulumi.ResourceOptions(parent=role),
        )
        return role

    def _trust(self, access: Access) -> policies.Statement:
        if access is Access.RUNNER:
            return policies.trust({"Service": ["ecs-tasks.amazonaws.com", "lambda.amazonaws.com"]})
        own = {"StringEquals": {"sts:ExternalId": self.settings.organization}}
        return policies.trust({"AWS": self.settings.broker_arn}, Condition=own)

    def _allowed(self, access: Access) -> list[policies.Statement]:
        """The statements of a role: readers read, runs also write and log, admins do both and look up logs."""
        changes = access is not Access.VIEWER
        uses: list[Any] = ["kms:Decrypt", "kms:DescribeKey", *(["kms:GenerateDataKey"] if changes else [])]
        statements = [
            policies.allow(LIST, self.settings.bucket_arn),
            policies.allow([*READ, *(WRITE if changes else ())], self.inside),
            policies.allow(uses, self.settings.key_arn),
        ]
        if access is not Access.RUNNER:
            statements.append(policies.allow(LOOK_UP, self.lines))
        if changes:
            statements.append(policies.allow(LOG, self.lines))
        if access is Access.ADMIN:
            statements.append(policies.allow(["ssm:GetParameter"], self.people_arn))
        return statements
