"""Where an organization's environments are kept once they are gone."""

from __future__ import annotations

from typing import Final

import pulumi
import pulumi_aws as aws

from stackyard.platform.components import policies
from stackyard.platform.components.component import Component
from stackyard.platform.components.function import FunctionSettings, ServiceFunction
from stackyard.platform.components.private_bucket import PrivateBucket, PrivateBucketSettings
from stackyard.platform.components.settings import Input, LogDays, Settings
from stackyard.platform.components.tags import Tags
from stackyard.platform.site_instances.settling import CODE

CLOSING: Final = "site-closing"


class ArchiveSettings(Settings):
    """`disposable`: the archive goes with the organization. Otherwise it outlives it."""

    boundary_arn: Input
    old_versions_days: int = 30
    log_days: LogDays = 30
    disposable: bool = False


class Archive(Component):
    """Makes a bucket that outlives its organization, and a function that removes it at the end if it is empty.

    It is encrypted with S3's own key: the organization's goes with the organization. Everything that closes the
    bucket to others stays with it. Costs 0.023 USD per GB and month; the function costs nothing.
    """

    def __init__(
        self, name: str, settings: ArchiveSettings, tags: Tags, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("site_instances:Archive", name, tags, opts)
        kept = PrivateBucketSettings(
            old_versions_days=settings.old_versions_days,
            disposable=settings.disposable,
            outlives=not settings.disposable,
        )
        bucket = PrivateBucket(name, kept, tags, opts=self.below())
        self.bucket, self.arn = bucket.bucket, bucket.arn
        if not settings.disposable:
            self._close_at_the_end(settings)
        self.register_outputs({"bucket": self.bucket, "arn": self.arn})

    def _close_at_the_end(self, settings: ArchiveSettings) -> None:
        """No engine deletes a bucket only if it is empty; S3 itself does, so a function asks it when the stack goes."""
        said = FunctionSettings(
            code=str(CODE / "closing.py"),
            handler="closing.handler",
            function_name=CLOSING,
            allows=(policies.allow(["s3:DeleteBucket"], self.arn),),
            variables={"ARCHIVE_BUCKET": self.bucket},
            boundary_arn=settings.boundary_arn,
            timeout_seconds=30,
            log_days=settings.log_days,
        )
        function = ServiceFunction(CLOSING, said, self.tags, opts=self.below())
        aws.lambda_.Invocation(
            CLOSING,
            function_name=function.function_name,
            input="{}",
            lifecycle_scope="CRUD",
            opts=self.below(depends_on=[function]),
        )
