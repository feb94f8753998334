"""The settings that a bucket resource may hold itself, each with its own calls; Terraform calls them deprecated."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from stackyard.model.values import Properties, Value
from stackyard.providers.aws.connections import Aws

Bucket = dict[str, str]
_OFF = {"versioning": {"enabled": False, "mfaDelete": False}}


def put(aws: Aws, bucket: str, name: str, value: Value) -> None:
    """Bring one setting to `value`; None brings back what a new bucket has."""
    SETTINGS[name][0](aws.s3, {"Bucket": bucket}, value)


def get(aws: Aws, bucket: str, name: str) -> Value:
    """One setting as it is, None when the bucket has none."""
    try:
        return SETTINGS[name][1](aws.s3, {"Bucket": bucket})
    except aws.s3.exceptions.ClientError as error:
        code = error.response["Error"]["Code"]
        if (code.startswith("NoSuch") and code != "NoSuchBucket") or code.endswith("NotFoundError"):
            return None
        raise


def same(name: str, left: Value, right: Value) -> bool:
    """Whether two values of a setting mean the same: off is as good as absent."""
    off = _OFF.get(name)
    return off is not None and all({**off, **(side or {})} == off for side in (left, right))


def _put_versioning(s3: Any, at: Bucket, value: Value) -> None:
    given = value or {}
    delete = {"MFADelete": "Enabled"} if given.get("mfaDelete") else {}
    status = "Enabled" if given.get("enabled") else "Suspended"
    s3.put_bucket_versioning(**at, VersioningConfiguration={"Status": status, **delete})


def _get_versioning(s3: Any, at: Bucket) -> Value:
    found = s3.get_bucket_versioning(**at)
    return {"enabled": found.get("Status") == "Enabled", "mfaDelete": found.get("MFADelete") == "Enabled"}


def _put_website(s3: Any, at: Bucket, value: Value) -> None:
    if not value:
        s3.delete_bucket_website(**at)
        return
    configuration: dict[str, Any] = {}
    if value.get("redirectAllRequestsTo"):
        protocol, _, host = value["redirectAllRequestsTo"].rpartition("://")
        configuration["RedirectAllRequestsTo"] = {"HostName": host, **({"Protocol": protocol} if protocol else {})}
    if value.get("indexDocument"):
        configuration["IndexDocument"] = {"Suffix": value["indexDocument"]}
    if value.get("errorDocument"):
        configuration["ErrorDocument"] = {"Key": value["errorDocument"]}
    if value.get("routingRules"):
        rules = value["routingRules"]
        configuration["RoutingRules"] = json.loads(rules) if isinstance(rules, str) else rules
    s3.put_bucket_website(**at, WebsiteConfiguration=configuration)


def _get_website(s3: Any, at: Bucket) -> Value:
    found = s3.get_bucket_website(**at)
    redirect = found.get("RedirectAllRequestsTo")
    protocol = f"{redirect['Protocol']}://" if redirect and redirect.get("Protocol") else ""
    parts = {
        "indexDocument": found.get("IndexDocument", {}).get("Suffix"),
        "errorDocument": found.get("ErrorDocument", {}).get("Key"),
        "redirectAllRequestsTo": f"{protocol}{redirect['HostName']}" if redirect else None,
        "routingRules": json.dumps(found["RoutingRules"]) if found.get("RoutingRules") else None,
    }
    return {name: value for name, value in parts.items() if value}


def _put_encryption(s3: Any, at: Bucket, value: Value) -> None:
    if not value:
        s3.delete_bucket_encryption(**at)
        return
    rule = value["rule"]
    default = rule["applyServerSideEncryptionByDefault"]
    key = {"KMSMasterKeyID": default["kmsMasterKeyId"]} if default.get("kmsMasterKeyId") else {}
    entry = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": default["sseAlgorithm"], **key},
        "BucketKeyEnabled": rule.get("bucketKeyEnabled", False),
    }
    s3.put_bucket_encryption(**at, ServerSideEncryptionConfiguration={"Rules": [entry]})


def _get_encryption(s3: Any, at: Bucket) -> Value:
    rule = s3.get_bucket_encryption(**at)["ServerSideEncryptionConfiguration"]["Rules"][0]
    default = rule["ApplyServerSideEncryptionByDefault"]
    key = {"kmsMasterKeyId": default["KMSMasterKeyID"]} if default.get("KMSMasterKeyID") else {}
    applied = {"sseAlgorithm": default["SSEAlgorithm"], **key}
    bucket_key = {"bucketKeyEnabled": True} if rule.get("BucketKeyEnabled") else {}
    return {"rule": {"applyServerSideEncryptionByDefault": applied, **bucket_key}}


_CORS = {
    "allowedHeaders": "AllowedHeaders",
    "allowedMethods": "AllowedMethods",
    "allowedOrigins": "AllowedOrigins",
    "exposeHeaders": "ExposeHeaders",
    "maxAgeSeconds": "MaxAgeSeconds",
}


def _put_cors(s3: Any, at: Bucket, value: Value) -> None:
    if not value:
        s3.delete_bucket_cors(**at)
        return
    rules = [{member: rule[name] for name, member in _CORS.items() if rule.get(name)} for rule in value]
    s3.put_bucket_cors(**at, CORSConfiguration={"CORSRules": rules})


def _get_cors(s3: Any, at: Bucket) -> Value:
    rules = s3.get_bucket_cors(**at)["CORSRules"]
    return [{name: rule[member] for name, member in _CORS.items() if rule.get(member)} for rule in rules]


def _put_logging(s3: Any, at: Bucket, value: Value) -> None:
    status: dict[str, Any] = {}
    if value:
        target = {"TargetBucket": value["targetBucket"], "TargetPrefix": value.get("targetPrefix", "")}
        status = {"LoggingEnabled": target}
    s3.put_bucket_logging(**at, BucketLoggingStatus=status)


def _get_logging(s3: Any, at: Bucket) -> Value:
    found = s3.get_bucket_logging(**at).get("LoggingEnabled")
    return found and {"targetBucket": found["TargetBucket"], "targetPrefix": found.get("TargetPrefix", "")}


def _put_policy(s3: Any, at: Bucket, value: Value) -> None:
    if value:
        s3.put_bucket_policy(**at, Policy=value)
    else:
        s3.delete_bucket_policy(**at)


def _get_policy(s3: Any, at: Bucket) -> Value:
    return s3.get_bucket_policy(**at)["Policy"]


def _put_acl(s3: Any, at: Bucket, value: Value) -> None:
    """A bucket whose owner is enforced (every new one) takes no ACL but the private one, which it has anyway."""
    if value and value != "private":
        s3.put_bucket_acl(**at, ACL=value)


def _get_acl(s3: Any, at: Bucket) -> Value:
    """S3 does not tell which canned ACL it was: the recorded one stays."""
    return None


def _put_acceleration(s3: Any, at: Bucket, value: Value) -> None:
    s3.put_bucket_accelerate_configuration(**at, AccelerateConfiguration={"Status": value or "Suspended"})


def _get_acceleration(s3: Any, at: Bucket) -> Value:
    return s3.get_bucket_accelerate_configuration(**at).get("Status")


def _put_payer(s3: Any, at: Bucket, value: Value) -> None:
    s3.put_bucket_request_payment(**at, RequestPaymentConfiguration={"Payer": value or "BucketOwner"})


def _get_payer(s3: Any, at: Bucket) -> Value:
    return s3.get_bucket_request_payment(**at).get("Payer")


def _put_lifecycle(s3: Any, at: Bucket, value: Value) -> None:
    if value:
        s3.put_bucket_lifecycle_configuration(**at, LifecycleConfiguration={"Rules": [_rule(rule) for rule in value]})
    else:
        s3.delete_bucket_lifecycle(**at)


def _get_lifecycle(s3: Any, at: Bucket) -> Value:
    return [_read_rule(rule) for rule in s3.get_bucket_lifecycle_configuration(**at)["Rules"]]


def _rule(rule: Properties) -> dict[str, Any]:
    prefix, tags = rule.get("prefix", ""), rule.get("tags") or {}
    made: dict[str, Any] = {"Status": "Enabled" if rule["enabled"] else "Disabled", "Filter": {"Prefix": prefix}}
    if tags:
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        made["Filter"] = {"And": {"Prefix": prefix, "Tags": listed}}
    if rule.get("id"):
        made["ID"] = rule["id"]
    if rule.get("abortIncompleteMultipartUploadDays"):
        days = rule["abortIncompleteMultipartUploadDays"]
        made["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": days}
    if rule.get("expiration"):
        names = {"date": "Date", "days": "Days", "expiredObjectDeleteMarker": "ExpiredObjectDeleteMarker"}
        made["Expiration"] = {names[name]: value for name, value in rule["expiration"].items() if value}
    if rule.get("noncurrentVersionExpiration"):
        made["NoncurrentVersionExpiration"] = {"NoncurrentDays": rule["noncurrentVersionExpiration"]["days"]}
    if rule.get("transitions"):
        names = {"date": "Date", "days": "Days", "storageClass": "StorageClass"}
        made["Transitions"] = [{names[n]: v for n, v in t.items()} for t in rule["transitions"]]
    if rule.get("noncurrentVersionTransitions"):
        made["NoncurrentVersionTransitions"] = [
            {"NoncurrentDays": t.get("days", 0), "StorageClass": t["storageClass"]}
            for t in rule["noncurrentVersionTransitions"]
        ]
    return made


def _read_rule(rule: dict[str, Any]) -> Properties:
    chosen = rule.get("Filter", {}).get("And") or rule.get("Filter", {})
    tags = chosen.get("Tags") or ([chosen["Tag"]] if chosen.get("Tag") else [])
    found: Properties = {
        "enabled": rule["Status"] == "Enabled",
        "id": rule.get("ID"),
        "prefix": chosen.get("Prefix") or rule.get("Prefix"),
        "tags": {tag["Key"]: tag["Value"] for tag in tags},
        "abortIncompleteMultipartUploadDays": rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation"),
        "expiration": _lowered(rule.get("Expiration")),
        "transitions": [_lowered(transition) for transition in rule.get("Transitions", ())],
        "noncurrentVersionTransitions": [
            {"days": t.get("NoncurrentDays"), "storageClass": t["StorageClass"]}
            for t in rule.get("NoncurrentVersionTransitions", ())
        ],
    }
    if rule.get("NoncurrentVersionExpiration"):
        found["noncurrentVersionExpiration"] = {"days": rule["NoncurrentVersionExpiration"]["NoncurrentDays"]}
    return {name: value for name, value in found.items() if value not in (None, "", [], {})}


def _lowered(entry: dict[str, Any] | None) -> Properties:
    found = {f"{key[0].lower()}{key[1:]}": value for key, value in (entry or {}).items() if value}
    if "date" in found and not isinstance(found["date"], str):
        found["date"] = found["date"].strftime("%Y-%m-%dT%H:%M:%SZ")
    return found


SETTINGS: dict[str, tuple[Callable[[Any, Bucket, Value], None], Callable[[Any, Bucket], Value]]] = {
    "versioning": (_put_versioning, _get_versioning),
    "acl": (_put_acl, _get_acl),
    "policy": (_put_policy, _get_policy),
    "website": (_put_website, _get_website),
    "corsRules": (_put_cors, _get_cors),
    "logging": (_put_logging, _get_logging),
    "serverSideEncryptionConfiguration": (_put_encryption, _get_encryption),
    "lifecycleRules": (_put_lifecycle, _get_lifecycle),
    "accelerationStatus": (_put_acceleration, _get_acceleration),
    "requestPayer": (_put_payer, _get_payer),
}
