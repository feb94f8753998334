"""Runs when an organization's site is destroyed: an archive with nothing in it goes, any other stays.

Called by the site's stack (`aws.lambda.Invocation`, scope CRUD) with `tf.action`; only `delete` does anything.
"""

from __future__ import annotations

import os
from typing import Any

import boto3
from botocore.exceptions import ClientError

STAYS = ("BucketNotEmpty", "NoSuchBucket")


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Delete the archive bucket if it is empty. S3 itself refuses a bucket that holds anything, old versions too."""
    if (event.get("tf") or {}).get("action") != "delete":
        return {"deleted": False}
    try:
        boto3.client("s3").delete_bucket(Bucket=os.environ["ARCHIVE_BUCKET"])
    except ClientError as error:
        if error.response["Error"]["Code"] not in STAYS:
            raise
        return {"deleted": False}
    return {"deleted": True}
