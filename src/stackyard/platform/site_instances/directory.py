"""How the control API learns who belongs to an organization: a role that may read that one parameter."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from stackyard.platform.components import policies
from stackyard.platform.components.component import Component
from stackyard.platform.components.settings import Input, Settings
from stackyard.platform.components.tags import Tags


class SiteDirectorySettings(Settings):
    """`access_arn` is the parameter of groups, members and grants; `broker_arn` of the platform opens the sessions."""

    organization: str
    access_arn: Input
    broker_arn: Input
    boundary_arn: Input


class SiteDirectory(Component):
    """Makes the role `<organization>-<stage>`, which may read who is in which group, and nothing else.

    The API asks as it before it knows which group's role is the caller's. That the role can be had at all is also
    how the API knows that the organization's site is there. Free.
    """

    def __init__(
        self, name: str, settings: SiteDirectorySettings, tags: Tags, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("site_instances:SiteDirectory", name, tags, opts)
        own = {"StringEquals": {"sts:ExternalId": settings.organization}}
        role = aws.iam.Role(
            f"{name}-directory",
            name=f"{settings.organization}-{tags.environment.lower()}",
            path="/site/",
            description=f"Reads who belongs to {settings.organization}",
            assume_role_policy=policies.document(policies.trust({"AWS": settings.broker_arn}, Condition=own)),
            permissions_boundary=settings.boundary_arn,
            tags=self.tagged(),
            opts=self.below(),
        )
        aws.iam.RolePolicy(
            f"{name}-directory",
            role=role.name,
            policy=policies.document(policies.allow(["ssm:GetParameter"], settings.access_arn)),
            opts=pulumi.ResourceOptions(parent=role),
        )
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})
