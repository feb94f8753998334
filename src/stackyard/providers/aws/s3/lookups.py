"""Looks up buckets and objects."""

from __future__ import annotations

import base64

from stackyard.model.values import Properties
from stackyard.providers.aws import catalog
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.s3 import places


def get_bucket(aws: Aws, arguments: Properties) -> Properties:
    """`aws:s3/getBucket:getBucket`, in whatever region it is."""
    bucket = arguments["bucket"]
    aws.s3.head_bucket(Bucket=bucket)
    region = aws.s3.get_bucket_location(Bucket=bucket).get("LocationConstraint") or "us-east-1"
    there = aws.at(region)
    website = {"websiteDomain": "", "websiteEndpoint": ""}
    try:
        there.s3.get_bucket_website(Bucket=bucket)
        website = places.website(there, bucket)
    except there.s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchWebsiteConfiguration":
            raise
    return {"id": bucket, "bucket": bucket, "bucketRegion": region, **places.names(there, bucket), **website}


def get_object(aws: Aws, arguments: Properties) -> Properties:
    """`aws:s3/getObject:getObject`: the body only of text and JSON, as in Terraform, unless `downloadBody` says."""
    bucket, key = arguments["bucket"], arguments["key"]
    at = {"VersionId": arguments["versionId"]} if arguments.get("versionId") else {}
    found = catalog.kind("aws:s3/bucketObjectv2:BucketObjectv2").read(aws, f"{bucket}/{key}", {}) or {}
    head = aws.s3.head_object(Bucket=bucket, Key=key, **at)
    outputs: Properties = {
        **{name: value for name, value in found.items() if name not in ("acl", "kmsKeyId")},
        "id": f"{bucket}/{key}",
        "contentLength": head["ContentLength"],
        "lastModified": head["LastModified"].strftime("%a, %d %b %Y %H:%M:%S GMT"),
        "sseKmsKeyId": head.get("SSEKMSKeyId", ""),
        "websiteRedirectLocation": head.get("WebsiteRedirectLocation", ""),
    }
    wanted = arguments.get("downloadBody")
    kind = str(head.get("ContentType", ""))
    if wanted == "true" or (wanted is None and (kind.startswith("text/") or "json" in kind)):
        part = {"Range": arguments["range"]} if arguments.get("range") else {}
        body = aws.s3.get_object(Bucket=bucket, Key=key, **at, **part)["Body"].read()
        outputs["body"] = body.decode("utf-8", errors="replace")
        outputs["bodyBase64"] = base64.b64encode(body).decode()
    return outputs


def get_bucket_policy(aws: Aws, arguments: Properties) -> Properties:
    """`aws:s3/getBucketPolicy:getBucketPolicy`."""
    bucket = arguments["bucket"]
    return {"id": bucket, "policy": aws.s3.get_bucket_policy(Bucket=bucket)["Policy"]}


def get_canonical_user_id(aws: Aws, arguments: Properties) -> Properties:
    """`aws:s3/getCanonicalUserId:getCanonicalUserId`: the account as ACLs of buckets name it."""
    owner = aws.s3.list_buckets()["Owner"]
    return {"id": owner["ID"], "displayName": owner.get("DisplayName", "")}


def get_objects(aws: Aws, arguments: Properties) -> Properties:
    """`aws:s3/getObjects:getObjects`: keys and common prefixes, 1000 of them unless `maxKeys` says."""
    names = {"delimiter": "Delimiter", "prefix": "Prefix", "startAfter": "StartAfter", "fetchOwner": "FetchOwner"}
    given = {member: arguments[name] for name, member in names.items() if arguments.get(name)}
    limit = int(arguments.get("maxKeys") or 1000)
    keys, prefixes, owners = [], [], []
    for page in aws.s3.get_paginator("list_objects_v2").paginate(Bucket=arguments["bucket"], **given):
        keys += [entry["Key"] for entry in page.get("Contents", ())]
        owners += [entry["Owner"]["ID"] for entry in page.get("Contents", ()) if entry.get("Owner")]
        prefixes += [entry["Prefix"] for entry in page.get("CommonPrefixes", ())]
        if len(keys) >= limit:
            break
    return {"id": arguments["bucket"], "keys": keys[:limit], "commonPrefixes": prefixes, "owners": owners[:limit]}
