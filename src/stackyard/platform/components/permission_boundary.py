"""The line that no role of the platform crosses."""

from __future__ import annotations

from typing import Final

import pulumi
import pulumi_aws as aws

from stackyard.platform.components import policies
from stackyard.platform.components.component import Component
from stackyard.platform.components.settings import Settings
from stackyard.platform.components.tags import Tags

BEYOND: Final = (
    "organizations:*",
    "account:*",
    "billing:*",
    "iam:CreateUser",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
)
UNTYING: Final = ("iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary")


class PermissionBoundarySettings(Settings):
    """`denied` are the actions that are forbidden whatever a role's own policies say."""

    denied: tuple[str, ...] = BEYOND


class PermissionBoundary(Component):
    """Makes the policy that bounds every role of one account; it also forbids to take a boundary off. Free."""

    def __init__(
        self,
        name: str,
        settings: PermissionBoundarySettings,
        tags: Tags,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("components:PermissionBoundary", name, tags, opts)
        policy = aws.iam.Policy(
            name,
            description="The most that any role of the platform may do",
            policy=policies.document(
                policies.allow(["*"], "*"), policies.deny(list(settings.denied), "*"), policies.deny(list(UNTYING), "*")
            ),
            tags=self.tagged(),
            opts=self.below(),
        )
        self.arn = policy.arn
        self.register_outputs({"arn": self.arn})
