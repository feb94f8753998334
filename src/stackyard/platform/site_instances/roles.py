"""The roles of one organization: one for each group of its file, one for its schedules."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import pulumi
import pulumi_aws as aws
import pydantic

from stackyard.errors import ConfigError
from stackyard.model.tenants import Group
from stackyard.platform.components import policies
from stackyard.platform.components.component import Component
from stackyard.platform.components.settings import Input, Settings
from stackyard.platform.components.tags import Tags
from stackyard.platform.site_instances import permissions

PATH: Final = "/site/"
LONGEST: Final = 10_240  # the inline policies of one role, in characters


class SiteRolesSettings(Settings):
    """What the roles reach, all of it the organization's own, and who may become them.

    `broker_arn`, of the platform's account, opens the sessions of people; `boundary_arn` bounds every role.
    """

    organization: str
    groups: Mapping[str, Group]
    bucket_arn: Input
    archive_arn: Input
    key_arn: Input
    table_arn: Input
    broker_arn: Input
    boundary_arn: Input
    session_seconds: int = pydantic.Field(default=3600, ge=900, le=43200)


class SiteRoles(Component):
    """Makes a role for each group, the scheduler's role, and the list of who is in which group.

    People become their group's role through the session broker only, with the organization as external id.
    Schedules may call launch functions and nothing else. All of it is free.
    """

    def __init__(
        self, name: str, settings: SiteRolesSettings, tags: Tags, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("site_instances:SiteRoles", name, tags, opts)
        self.settings = settings
        self.prefix = f"{settings.organization}-{tags.environment.lower()}"
        asking = pulumi.InvokeOptions(parent=self)
        self.account = aws.get_caller_identity(opts=asking).account_id
        self.region = aws.get_region(opts=asking).region
        self.access = self._access()
        self.scheduler_role_arn = self._scheduler()
        reach = self._reach()
        self.arns = {
            group.name: self._of_people(f"{self.prefix}-{group.name}", permissions.statements(group.grants, reach))
            for group in sorted(settings.groups.values(), key=lambda group: group.name)
        }
        self.register_outputs({"arns": self.arns, "scheduler_role_arn": self.scheduler_role_arn})

    def _reach(self) -> permissions.Reach:
        return permissions.Reach(
            organization=self.settings.organization,
            stage=self.tags.environment.lower(),
            account=self.account,
            region=self.region,
            bucket_arn=self.settings.bucket_arn,
            archive_arn=self.settings.archive_arn,
            key_arn=self.settings.key_arn,
            table_arn=self.settings.table_arn,
            access_arn=self.access.arn,
            scheduler_role_arn=self.scheduler_role_arn,
        )

    def _access(self) -> aws.ssm.Parameter:
        return aws.ssm.Parameter(
            f"{self.name}-access",
            name=f"/site/{self.tags.environment.lower()}/{self.settings.organization}/access",
            description="Who is in which group, and what it may do",
            type="String",
            value=json.dumps(access_document(self.settings.groups)),
            tags=self.tagged(),
            opts=self.below(),
        )

    def _of_people(self, name: str, allowed: list[policies.Statement]) -> pulumi.Output[str]:
        own = {"StringEquals": {"sts:ExternalId": self.settings.organization}}
        trusted = policies.trust({"AWS": self.settings.broker_arn}, Condition=own)
        return self._role(name, trusted, allowed, path=PATH, max_session_duration=self.settings.session_seconds)

    def _scheduler(self) -> pulumi.Output[str]:
        own = {"StringEquals": {"aws:SourceAccount": self.account}}
        trusted = policies.trust({"Service": "scheduler.amazonaws.com"}, Condition=own)
        launches = f"arn:aws:lambda:{self.region}:{self.account}:function:launch_*"
        return self._role("site-scheduler", trusted, [policies.allow(["lambda:InvokeFunction"], launches)])

    def _role(
        self, name: str, trusted: policies.Statement, allowed: list[policies.Statement], **options: Any
    ) -> pulumi.Output[str]:
        role = aws.iam.Role(
            name,
            name=name,
            description=f"{name} of {self.settings.organization}",
            assume_role_policy=policies.document(trusted),
            permissions_boundary=self.settings.boundary_arn,
            tags=self.tagged(),
            opts=self.below(),
            **options,
        )
        policy = policies.document(*allowed).apply(lambda text: _holdable(name, text))
        aws.iam.RolePolicy(name, role=role.name, policy=policy, opts=pulumi.ResourceOptions(parent=role))
        return role.arn


def _holdable(role: str, policy: str) -> str:
    """The policy; raises ConfigError when it is longer than IAM takes, which does not count spaces."""
    length = len("".join(policy.split()))
    if length > LONGEST:
        hint = "grant on fewer globs, such as shop/dev-*, or divide the group"
        raise ConfigError(
            f"the grants of {role} need {length:,} characters of policy; IAM takes {LONGEST:,}", hint=hint
        )
    return policy


def access_document(groups: Mapping[str, Group]) -> dict[str, Any]:
    """Who is in which group and what it may do, as the control plane reads it."""
    return {
        name: {
            "members": sorted(group.members),
            "grants": [{"may": grant.may.value, "on": grant.on} for grant in group.grants],
        }
        for name, group in sorted(groups.items())
    }
