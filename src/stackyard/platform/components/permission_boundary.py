"""The most that any role of an account may do, whatever its own policies say."""

from __future__ import annotations

from typing import Final

import pulumi
import pulumi_aws as aws
import pydantic

from stackyard.platform.components import policies
from stackyard.platform.components.component import Component
from stackyard.platform.components.settings import Settings
from stackyard.platform.components.tags import Tags

FORBIDDEN: Final = (
    "account:*",
    "billing:*",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:CreateUser",
    "iam:DeleteRolePermissionsBoundary",
    "iam:PutRolePermissionsBoundary",
    "organizations:*",
)


class PermissionBoundarySettings(Settings):
    """`actions` are what roles within the boundary may be allowed at most."""

    description: str
    actions: tuple[str, ...] = pydantic.Field(default=("*",), min_length=1)


class PermissionBoundary(Component):
    """Makes a policy to be set as the permissions boundary of every role in the account.

    Users, keys, the organization and the boundary itself are beyond all of them. Free.
    """

    def __init__(
        self, name: str, settings: PermissionBoundarySettings, tags: Tags, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("components:PermissionBoundary", name, tags, opts)
        most = policies.allow(settings.actions, "*")
        policy = aws.iam.Policy(
            name,
            description=settings.description,
            policy=policies.document(most, policies.deny(FORBIDDEN, "*")),
            tags=self.tagged(),
            opts=self.below(),
        )
        self.arn = policy.arn
        self.register_outputs({"arn": self.arn})
