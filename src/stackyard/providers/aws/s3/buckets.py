"""S3 buckets. The id is the name. The settings that Terraform has deprecated on the bucket are carried out too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from stackyard.model.values import Properties, Value
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.s3 import inline, places
from stackyard.providers.aws.tagging import mapping, pairs


class Bucket(Kind):
    """`aws:s3/bucket:Bucket`."""

    naming = Naming(property="bucket", prefix="bucketPrefix", limit=63, lower=True)
    defaults = fixed(forceDestroy=False)
    replaces = ("bucket", "bucketPrefix", "objectLockEnabled")
    documents = ("policy",)
    sets: ClassVar[tuple[str, ...]] = ("corsRules[*].allowedMethods", "corsRules[*].allowedOrigins", "grants")
    computed: ClassVar[tuple[str, ...]] = (
        "accelerationStatus",
        "acl",
        "corsRules",
        "lifecycleRules",
        "lifecycleRules[*].id",
        "logging",
        "objectLockEnabled",
        "policy",
        "requestPayer",
        "serverSideEncryptionConfiguration",
        "versioning",
        "website",
    )
    unsupported: ClassVar[tuple[str, ...]] = (
        "bucketNamespace",
        "grants",
        "objectLockConfiguration",
        "replicationConfiguration",
    )
    affects = fixed(website=("websiteEndpoint", "websiteDomain"))

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        known = places.names(aws, inputs["bucket"])
        website = ("websiteDomain", "websiteEndpoint") if not inputs.get("website") else ()
        return {**known, "bucketRegion": aws.region, **dict.fromkeys(website, "")}

    def same(self, key: str, left: Value, right: Value) -> bool:
        return key in inline.SETTINGS and inline.same(key, left, right)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        arguments: dict[str, Any] = {"Bucket": inputs["bucket"]}
        if aws.region != "us-east-1":
            arguments["CreateBucketConfiguration"] = {"LocationConstraint": aws.region}
        if inputs.get("objectLockEnabled"):
            arguments["ObjectLockEnabledForBucket"] = True
        aws.persist(lambda: aws.s3.create_bucket(**arguments), "OperationAborted")
        return str(inputs["bucket"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        self._tag(aws, id, inputs)
        for name in inline.SETTINGS:
            if inputs.get(name):
                inline.put(aws, id, name, inputs[name])

    def _tag(self, aws: Aws, id: str, inputs: Properties) -> None:
        if inputs.get("tagsAll"):
            aws.s3.put_bucket_tagging(Bucket=id, Tagging={"TagSet": pairs(inputs["tagsAll"])})
        else:
            aws.s3.delete_bucket_tagging(Bucket=id)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        """The deprecated settings are read where the program gives them, and all of them while adopting."""
        aws.s3.head_bucket(Bucket=id)
        outputs: Properties = {
            **places.names(aws, id),
            "bucket": id,
            "bucketRegion": aws.region,
            "tags": _absent(aws, lambda: mapping(aws.s3.get_bucket_tagging(Bucket=id)["TagSet"])) or {},
            "websiteDomain": "",
            "websiteEndpoint": "",
        }
        for name in inline.SETTINGS:
            if not known or known.get(name):
                value = inline.get(aws, id, name)
                if value is not None:
                    outputs[name] = value
        if outputs.get("website"):
            outputs.update(places.website(aws, id))
        return outputs

    def update(self, aws: Aws, id: str, change: Change) -> None:
        if change.any("tagsAll"):
            self._tag(aws, id, change.new)
        for name in inline.SETTINGS:
            if name in change.keys:
                inline.put(aws, id, name, change.new.get(name))

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        if known.get("forceDestroy") is True:
            _empty(aws, id)
        aws.s3.delete_bucket(Bucket=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["bucket"])


class BucketV2(Bucket):
    """`aws:s3/bucketV2:BucketV2`: the older token, whose settings are resources of their own."""

    unsupported = (
        "accelerationStatus",
        "acl",
        "bucketNamespace",
        "corsRules",
        "grants",
        "lifecycleRules",
        "loggings",
        "objectLockConfiguration",
        "policy",
        "replicationConfigurations",
        "requestPayer",
        "serverSideEncryptionConfigurations",
        "versionings",
        "websites",
    )
    computed = ("objectLockEnabled",)
    sets = ()

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        return super().read(aws, id, {**known, "bucket": id})


def _absent(aws: Aws, look: Callable[[], Any]) -> Any:
    """What `look` answers, None when S3 says that there is no such setting."""
    try:
        return look()
    except aws.s3.exceptions.ClientError as error:
        if "NoSuchTagSet" not in str(error):
            raise
        return None


def _empty(aws: Aws, bucket: str) -> None:
    """Delete every object, every version and every delete marker."""
    paginator = aws.s3.get_paginator("list_object_versions")
    for page in paginator.paginate(Bucket=bucket):
        entries = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        doomed = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]
        if doomed:
            aws.s3.delete_objects(Bucket=bucket, Delete={"Objects": doomed, "Quiet": True})
