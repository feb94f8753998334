"""A site instance: the organization's own part of the platform."""

from __future__ import annotations

from typing import Final

import pulumi
import pulumi_aws as aws
import pydantic

from stackyard.platform.components.component import Component
from stackyard.platform.components.encryption_key import EncryptionKey, EncryptionKeySettings
from stackyard.platform.components.permission_boundary import PermissionBoundary, PermissionBoundarySettings
from stackyard.platform.components.private_bucket import PrivateBucket, PrivateBucketSettings
from stackyard.platform.components.settings import Input, Settings
from stackyard.platform.components.tags import Tags
from stackyard.platform.site_instances.roles import SiteRoles, SiteRolesSettings
from stackyard.platform.site_instances.tenants import Access, Tenant

SERVICES: Final = ("s3:*", "kms:*", "logs:*", "ssm:*", "sts:*")


class SiteInstanceSettings(Settings):
    """`organization` names everything; `tenant` is its file. `broker_arn` is the fabric's."""

    organization: str = pydantic.Field(pattern=r"^[a-z][a-z0-9-]{1,31}$")
    tenant: Tenant
    broker_arn: Input

    def people(self) -> dict[Access, tuple[str, ...]]:
        """The members of all groups with a role, by role."""
        groups = self.tenant.groups.values()
        return {
            access: tuple(sorted({one for group in groups if group.access is access for one in group.members}))
            for access in Access
        }


class SiteInstance(Component):
    """Makes an organization's key, bucket, log group, permission boundary and roles, in an account of its own.

    The roles reach these and nothing else, not even what else may come to be in the account.

    Standing cost is the key's: about 1 USD a month. Storage and logs are paid by use.
    """

    def __init__(
        self, name: str, settings: SiteInstanceSettings, tags: Tags, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("site_instances:SiteInstance", name, tags, opts)
        stage = tags.environment.lower()
        tenant = settings.tenant
        key = EncryptionKey(
            name,
            EncryptionKeySettings(alias=f"site/{name}-{stage}", description=f"Data of {tenant.display_name}"),
            tags,
            opts=self.below(),
        )
        bucket = PrivateBucket(
            f"{name}-data",
            PrivateBucketSettings(
                key_arn=key.arn, old_versions_days=tenant.retention_days, disposable=tenant.disposable
            ),
            tags,
            opts=self.below(),
        )
        logs = aws.cloudwatch.LogGroup(
            name,
            name=f"/site/{stage}/{name}",
            retention_in_days=tenant.retention_days,
            tags=self.tagged(),
            opts=self.below(),
        )
        within = PermissionBoundarySettings(description=f"The most that a role of {name} may do", actions=SERVICES)
        boundary = PermissionBoundary(f"{name}-boundary", within, tags, opts=self.below())
        reach = SiteRolesSettings(
            organization=name,
            bucket_arn=bucket.arn,
            key_arn=key.arn,
            log_group_arn=logs.arn,
            broker_arn=settings.broker_arn,
            boundary_arn=boundary.arn,
            people=settings.people(),
        )
        roles = SiteRoles(name, reach, tags, opts=self.below())
        self.bucket, self.key_arn, self.key_alias = bucket.bucket, key.arn, key.alias
        self.log_group, self.role_arns = logs.name, roles.arns
        self.register_outputs(
            {
                "bucket": self.bucket,
                "key_arn": self.key_arn,
                "log_group": self.log_group,
                "role_arns": self.role_arns,
            }
        )
