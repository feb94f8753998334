"""A site instance: the organization's own part of the platform."""

from __future__ import annotations

from typing import Final

import pulumi
import pulumi_aws as aws

from stackyard.model.tenants import Organization
from stackyard.platform.components.component import Component
from stackyard.platform.components.encryption_key import EncryptionKey, EncryptionKeySettings
from stackyard.platform.components.permission_boundary import PermissionBoundary, PermissionBoundarySettings
from stackyard.platform.components.private_bucket import PrivateBucket, PrivateBucketSettings
from stackyard.platform.components.settings import Input, Settings
from stackyard.platform.components.tags import Tags
from stackyard.platform.site_instances.archive import Archive, ArchiveSettings
from stackyard.platform.site_instances.directory import SiteDirectory, SiteDirectorySettings
from stackyard.platform.site_instances.roles import SiteRoles, SiteRolesSettings
from stackyard.platform.site_instances.settling import Settling, SettlingSettings

SERVICES: Final = ("cloudwatch:*", "dynamodb:*", "ecr:*", "ecs:*", "iam:PassRole", "kms:*", "lambda:*", "logs:*",
                   "s3:*", "scheduler:*", "secretsmanager:*", "ssm:*", "sts:*")  # fmt: skip
CLUSTER: Final = "site"
RUNS: Final = "site-runs"
SETTLE: Final = "site-settle"


class SiteInstanceSettings(Settings):
    """`tenant` is the organization as its file says it. `broker_arn` is the fabric's."""

    tenant: Organization
    broker_arn: Input


class SiteInstance(Component):
    """Makes all that is one organization's own, in an account of its own, and a role for each of its groups.

    A key, a data bucket and an archive, the table of runs, an empty cluster, a log group, the function that settles
    runs, a budget if the file has one, and the roles. Roles reach these and nothing else, not even what else may come
    to be in the account. Standing cost is the key's: about 1 USD a month. Storage, requests and logs are paid by use.
    """

    def __init__(
        self, name: str, settings: SiteInstanceSettings, tags: Tags, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("site_instances:SiteInstance", name, tags, opts)
        self.tenant, self.stage = settings.tenant, tags.environment.lower()
        within = PermissionBoundarySettings(description=f"The most that a role of {name} may do", actions=SERVICES)
        self.boundary = PermissionBoundary(f"{name}-boundary", within, tags, opts=self.below())
        self.key = self._key()
        self.data = self._data()
        self.archive = self._archive()
        self.cluster = self._cluster()
        self.runs = self._runs()
        self.logs = self._logs()
        self.settling = self._settling()
        self.roles = self._roles(settings)
        self.directory = self._directory(settings)
        self._budget()
        self.register_outputs(self.outputs())

    def outputs(self) -> dict[str, Input]:
        """What others may rely on, by the names of docs/design/0008-tenants.md."""
        return {
            "bucket": self.data.bucket,
            "bucket_arn": self.data.arn,
            "archive_bucket": self.archive.bucket,
            "archive_bucket_arn": self.archive.arn,
            "key_arn": self.key.arn,
            "log_group": self.logs.name,
            "cluster_arn": self.cluster.arn,
            "runs_table": self.runs.name,
            "runs_table_arn": self.runs.arn,
            "boundary_arn": self.boundary.arn,
            "role_arns": self.roles.arns,
            "directory_role_arn": self.directory.arn,
            "scheduler_role_arn": self.roles.scheduler_role_arn,
            "settle_function": self.settling.function.function_name,
            "suspended": self.tenant.suspended,
        }

    def _key(self) -> EncryptionKey:
        said = EncryptionKeySettings(
            alias=f"site/{self.name}-{self.stage}", description=f"Data of {self.tenant.display_name}"
        )
        return EncryptionKey(self.name, said, self.tags, opts=self.below())

    def _data(self) -> PrivateBucket:
        said = PrivateBucketSettings(
            key_arn=self.key.arn, old_versions_days=self.tenant.retention_days, disposable=self.tenant.disposable
        )
        return PrivateBucket(f"{self.name}-data", said, self.tags, opts=self.below())

    def _archive(self) -> Archive:
        said = ArchiveSettings(
            boundary_arn=self.boundary.arn,
            old_versions_days=self.tenant.retention_days,
            log_days=self.tenant.retention_days,
            disposable=self.tenant.disposable,
        )
        return Archive(f"{self.name}-archive", said, self.tags, opts=self.below())

    def _cluster(self) -> aws.ecs.Cluster:
        return aws.ecs.Cluster(CLUSTER, name=CLUSTER, tags=self.tagged(CLUSTER), opts=self.below())

    def _runs(self) -> aws.dynamodb.Table:
        return aws.dynamodb.Table(
            RUNS,
            name=RUNS,
            billing_mode="PAY_PER_REQUEST",
            hash_key="environment",
            range_key="run",
            attributes=[{"name": key, "type": "S"} for key in ("environment", "run")],
            point_in_time_recovery={"enabled": True},
            server_side_encryption={"enabled": True},
            tags=self.tagged(RUNS),
            opts=self.below(),
        )

    def _logs(self) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            self.name,
            name=f"/site/{self.stage}/{self.name}",
            retention_in_days=self.tenant.retention_days,
            tags=self.tagged(),
            opts=self.below(),
        )

    def _settling(self) -> Settling:
        said = SettlingSettings(
            cluster_arn=self.cluster.arn,
            table=self.runs.name,
            table_arn=self.runs.arn,
            boundary_arn=self.boundary.arn,
            log_days=self.tenant.retention_days,
        )
        return Settling(SETTLE, said, self.tags, opts=self.below())

    def _roles(self, settings: SiteInstanceSettings) -> SiteRoles:
        said = SiteRolesSettings(
            organization=self.tenant.name,
            groups=self.tenant.groups,
            bucket_arn=self.data.arn,
            archive_arn=self.archive.arn,
            key_arn=self.key.arn,
            table_arn=self.runs.arn,
            broker_arn=settings.broker_arn,
            boundary_arn=self.boundary.arn,
        )
        return SiteRoles(self.name, said, self.tags, opts=self.below())

    def _directory(self, settings: SiteInstanceSettings) -> SiteDirectory:
        said = SiteDirectorySettings(
            organization=self.tenant.name,
            access_arn=self.roles.access.arn,
            broker_arn=settings.broker_arn,
            boundary_arn=self.boundary.arn,
        )
        return SiteDirectory(f"{self.name}-directory", said, self.tags, opts=self.below())

    def _budget(self) -> None:
        """The account is the organization's alone, so the budget needs no filter."""
        budget = self.tenant.budget
        if budget is None:
            return
        told = {
            "comparison_operator": "GREATER_THAN",
            "notification_type": "ACTUAL",
            "threshold_type": "PERCENTAGE",
            "subscriber_email_addresses": [self.tenant.billing],
        }
        aws.budgets.Budget(
            self.name,
            name=f"site-{self.name}",
            budget_type="COST",
            limit_amount=f"{budget.monthly:g}",
            limit_unit="USD",
            time_unit="MONTHLY",
            notifications=[{**told, "threshold": percent} for percent in budget.warn_at],
            tags=self.tagged(),
            opts=self.below(),
        )
