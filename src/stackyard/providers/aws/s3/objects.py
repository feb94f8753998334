"""S3 objects. The id is `<bucket>/<key>`; content comes as text, base64 or an asset."""

from __future__ import annotations

import base64
import contextlib
import pathlib
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from stackyard.errors import ProviderError
from stackyard.model.registrations import CheckFailure
from stackyard.model.values import Archive, Asset, Properties, Value
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tagging import mapping, pairs

_HEADERS = {
    "acl": "ACL",
    "bucketKeyEnabled": "BucketKeyEnabled",
    "cacheControl": "CacheControl",
    "checksumAlgorithm": "ChecksumAlgorithm",
    "contentDisposition": "ContentDisposition",
    "contentEncoding": "ContentEncoding",
    "contentLanguage": "ContentLanguage",
    "contentType": "ContentType",
    "kmsKeyId": "SSEKMSKeyId",
    "metadata": "Metadata",
    "objectLockLegalHoldStatus": "ObjectLockLegalHoldStatus",
    "objectLockMode": "ObjectLockMode",
    "objectLockRetainUntilDate": "ObjectLockRetainUntilDate",
    "serverSideEncryption": "ServerSideEncryption",
    "storageClass": "StorageClass",
    "websiteRedirect": "WebsiteRedirectLocation",
}
_CHECKSUMS = {
    "checksumCrc32": "ChecksumCRC32",
    "checksumCrc32c": "ChecksumCRC32C",
    "checksumCrc64nvme": "ChecksumCRC64NVME",
    "checksumSha1": "ChecksumSHA1",
    "checksumSha256": "ChecksumSHA256",
}


class BucketObjectv2(Kind):
    """`aws:s3/bucketObjectv2:BucketObjectv2`."""

    naming = Naming(property="key", prefix="", limit=1024, digits=0)
    defaults = fixed(forceDestroy=False)
    replaces = ("bucket", "key")
    computed = ("acl", "bucketKeyEnabled", "contentType", "etag", "kmsKeyId", "serverSideEncryption", "storageClass")
    volatile: ClassVar[tuple[str, ...]] = ("versionId", *_CHECKSUMS)
    affects = fixed(content=("etag",), contentBase64=("etag",), source=("etag",), sourceHash=("etag",))
    unsupported: ClassVar[tuple[str, ...]] = ("overrideProvider",)

    def check(self, inputs: Properties) -> Iterable[CheckFailure]:
        sources = [name for name in ("content", "contentBase64", "source") if name in inputs]
        if len(sources) > 1:
            yield CheckFailure(sources[1], f"cannot be given beside {sources[0]}")

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": f"arn:{aws.partition}:s3:::{inputs['bucket']}/{inputs['key']}"}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        self._put(aws, inputs)
        return f"{inputs['bucket']}/{inputs['key']}"

    def _put(self, aws: Aws, inputs: Properties) -> None:
        headers = {member: inputs[name] for name, member in _HEADERS.items() if inputs.get(name)}
        headers.setdefault("ContentType", "application/octet-stream")
        if inputs.get("kmsKeyId"):
            headers["ServerSideEncryption"] = "aws:kms"
        if inputs.get("tagsAll"):
            headers["Tagging"] = urllib.parse.urlencode(inputs["tagsAll"])
        with _opened(inputs) as body:
            aws.s3.put_object(Bucket=inputs["bucket"], Key=inputs["key"], Body=body, **headers)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        bucket, _, key = id.partition("/")
        bucket, key = known.get("bucket") or bucket, known.get("key") or key
        found = aws.s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        outputs: Properties = {
            "arn": f"arn:{aws.partition}:s3:::{bucket}/{key}",
            "bucket": bucket,
            "key": key,
            "etag": found["ETag"].strip('"'),
            "storageClass": found.get("StorageClass") or "STANDARD",
            "versionId": found.get("VersionId", ""),
            "tags": mapping(aws.s3.get_object_tagging(Bucket=bucket, Key=key).get("TagSet")),
        }
        for name, member in {**_HEADERS, **_CHECKSUMS}.items():
            if found.get(member) not in (None, "") and name in self.schema.outputs:
                outputs.setdefault(name, _plain(found[member]))
        return outputs

    def update(self, aws: Aws, id: str, change: Change) -> None:
        new = change.new
        if change.keys - {"tags", "tagsAll", "forceDestroy"}:
            self._put(aws, new)
        elif change.any("tagsAll"):
            tags = {"TagSet": pairs(new.get("tagsAll"))}
            aws.s3.put_object_tagging(Bucket=new["bucket"], Key=new["key"], Tagging=tags)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        bucket, key = known["bucket"], known["key"]
        if not known.get("versionId"):
            aws.s3.delete_object(Bucket=bucket, Key=key)
            return
        for page in aws.s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key):
            for version in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                if version["Key"] == key:
                    bypass = {"BypassGovernanceRetention": True} if known.get("forceDestroy") is True else {}
                    aws.s3.delete_object(Bucket=bucket, Key=key, VersionId=version["VersionId"], **bypass)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return f"{inputs['bucket']}/{inputs['key']}"


class BucketObject(BucketObjectv2):
    """`aws:s3/bucketObject:BucketObject`: the older token of the same thing."""

    volatile = ("versionId",)
    unsupported = ()


def _plain(value: Any) -> Value:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if hasattr(value, "strftime") else value


@contextlib.contextmanager
def _opened(inputs: Properties) -> Iterator[Any]:
    """The body: bytes, or a file opened for reading, so that a large one is never in memory."""
    source = inputs.get("source")
    if isinstance(source, Asset) and source.path:
        with pathlib.Path(source.file).open("rb") as stream:
            yield stream
    elif isinstance(source, Asset) and source.uri:
        if not source.uri.startswith(("https://", "http://", "file://")):
            raise ProviderError(f"aws:s3: an asset at {source.uri}: only http, https and file can be read")
        with urllib.request.urlopen(source.uri) as stream:
            yield stream.read()
    elif isinstance(source, Archive):
        raise ProviderError("aws:s3: an archive as the source of an object is not carried out", hint="zip it first")
    else:
        yield _text(inputs, source)


def _text(inputs: Properties, source: Value) -> bytes:
    if isinstance(source, Asset):
        return (source.text or "").encode()
    if inputs.get("contentBase64"):
        return base64.b64decode(inputs["contentBase64"])
    return str(inputs.get("content") or "").encode()
