"""A bucket that nobody outside reaches."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws
import pydantic

from stackyard.platform.components import policies
from stackyard.platform.components.component import Component
from stackyard.platform.components.settings import Input, Settings
from stackyard.platform.components.tags import Tags


class PrivateBucketSettings(Settings):
    """`key_arn` encrypts it (None: the service's own key). Old versions are kept `old_versions_days`.

    `disposable` lets a destroy empty it first: for stages whose data may go. `outlives`: a destroy leaves it as it is.
    """

    key_arn: Input = None
    old_versions_days: int = pydantic.Field(default=30, ge=1, le=3650)
    uploads_days: int = pydantic.Field(default=7, ge=1, le=365)
    expire_days: int = pydantic.Field(default=0, ge=0, le=3650)
    disposable: bool = False
    outlives: bool = False


class PrivateBucket(Component):
    """Makes an S3 bucket: versioned, encrypted, owned by its account, closed to the public, readable over TLS only.

    Replaced versions and abandoned uploads expire; so do the objects, when `expire_days` is set.
    Costs nothing while empty; about 0.023 USD per GB and month.
    """

    def __init__(
        self, name: str, settings: PrivateBucketSettings, tags: Tags, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("components:PrivateBucket", name, tags, opts)
        kept = self.below(retain_on_delete=settings.outlives)
        bucket = aws.s3.Bucket(name, force_destroy=settings.disposable, tags=self.tagged(name), opts=kept)
        # What closes it to others stays with it.
        inside = pulumi.ResourceOptions(parent=bucket, retain_on_delete=settings.outlives)
        aws.s3.BucketVersioning(name, bucket=bucket.bucket, versioning_configuration={"status": "Enabled"}, opts=inside)
        self._encrypt(name, bucket, settings, inside)
        self._close(name, bucket, inside)
        aws.s3.BucketLifecycleConfiguration(name, bucket=bucket.bucket, rules=_expiry(settings), opts=inside)
        self.arn = bucket.arn
        self.bucket = bucket.bucket
        self.register_outputs({"arn": self.arn, "bucket": self.bucket})

    def _encrypt(
        self, name: str, bucket: aws.s3.Bucket, settings: PrivateBucketSettings, inside: pulumi.ResourceOptions
    ) -> None:
        own = {"sse_algorithm": "AES256"}
        chosen = (
            own if settings.key_arn is None else {"sse_algorithm": "aws:kms", "kms_master_key_id": settings.key_arn}
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=bucket.bucket,
            rules=[{"apply_server_side_encryption_by_default": chosen, "bucket_key_enabled": True}],
            opts=inside,
        )

    def _close(self, name: str, bucket: aws.s3.Bucket, inside: pulumi.ResourceOptions) -> None:
        aws.s3.BucketOwnershipControls(
            name, bucket=bucket.bucket, rule={"object_ownership": "BucketOwnerEnforced"}, opts=inside
        )
        closed = aws.s3.BucketPublicAccessBlock(
            name,
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=inside,
        )
        everything = [bucket.arn, pulumi.Output.concat(bucket.arn, "/*")]
        plain = {"Bool": {"aws:SecureTransport": "false"}}
        policy = policies.document(policies.deny(["s3:*"], everything, Principal="*", Condition=plain))
        # S3 refuses two changes of one bucket's access at the same moment.
        after = pulumi.ResourceOptions.merge(inside, pulumi.ResourceOptions(depends_on=[closed]))
        aws.s3.BucketPolicy(name, bucket=bucket.bucket, policy=policy, opts=after)


def _expiry(settings: PrivateBucketSettings) -> list[dict[str, object]]:
    rules: list[dict[str, object]] = [
        {
            "id": "old-versions",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "noncurrent_version_expiration": {"noncurrent_days": settings.old_versions_days},
            "abort_incomplete_multipart_upload": {"days_after_initiation": settings.uploads_days},
        }
    ]
    if settings.expire_days:
        expiration = {"days": settings.expire_days}
        rules.append({"id": "objects", "status": "Enabled", "filter": {"prefix": ""}, "expiration": expiration})
    return rules
