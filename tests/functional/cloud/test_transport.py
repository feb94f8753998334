"""The usual bucket policy, which denies what did not come over TLS, lets the bucket's own users in."""

from __future__ import annotations

import json

import botocore.exceptions
import pytest

from stackyard.cloud.client import EmbeddedCloud
from tests.functional.cloud.conftest import Clients, client_of


@pytest.mark.parametrize(("required", "reads"), [("false", True), ("true", False)])
def test_a_policy_that_asks_for_tls_is_met(
    client: Clients, embedded_cloud: EmbeddedCloud, fresh_account: str, required: str, reads: bool
) -> None:
    """`required` is the value that is denied: `false` is what policies say, `true` shows that the key is looked at."""
    bucket = f"transport-{fresh_account}-{required}"
    s3, iam = client("s3"), client("iam")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    s3.put_object(Bucket=bucket, Key="a", Body=b"a")
    denied = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": required}},
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [denied]}))
    allowed = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    iam.create_user(UserName="reader")
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName="reader", PolicyName="reads", PolicyDocument=policy)
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    reader = client_of(
        embedded_cloud.environ(fresh_account),
        "s3",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    if reads:
        assert reader.get_object(Bucket=bucket, Key="a")["Body"].read() == b"a"
    else:
        with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
            reader.get_object(Bucket=bucket, Key="a")
