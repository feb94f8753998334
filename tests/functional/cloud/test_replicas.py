"""Objects are copied to another bucket by a role that may do it, and by none that was only named."""

from __future__ import annotations

import json
from typing import Any

import botocore.exceptions
import pytest

from stackyard.cloud.client import EmbeddedCloud
from tests.functional.cloud import lambdas
from tests.functional.cloud.conftest import Clients, client_of
from tests.functional.cloud.test_passing import allow, user

COPIES = ("s3:GetObjectVersionForReplication", "s3:ReplicateObject", "s3:ReplicateDelete")


def bucket(s3: Any, name: str) -> str:
    """A versioned bucket."""
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def replicate(s3: Any, source: str, destination: str, role: str) -> None:
    """Have everything in one bucket copied to another."""
    rule = {
        "ID": "all", "Status": "Enabled", "Priority": 1, "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Enabled"}, "Destination": {"Bucket": f"arn:aws:s3:::{destination}"},
    }  # fmt: skip
    s3.put_bucket_replication(Bucket=source, ReplicationConfiguration={"Role": role, "Rules": [rule]})


def keys(s3: Any, name: str) -> list[str]:
    """What is in a bucket."""
    return [each["Key"] for each in s3.list_objects_v2(Bucket=name).get("Contents", [])]


def admit(s3: Any, name: str, role: str) -> None:
    """Let a role write into a bucket."""
    said = {"Effect": "Allow", "Principal": {"AWS": role}, "Action": "s3:*", "Resource": f"arn:aws:s3:::{name}/*"}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [said]}))


@pytest.fixture
def theirs(embedded_cloud: EmbeddedCloud, fresh_account: str) -> Any:
    """S3 in another organization's account."""
    return client_of(embedded_cloud.environ(f"{int(fresh_account) + 500_000_000:012}"), "s3")


def test_anothers_role_is_not_named(client: Clients, theirs: Any, fresh_account: str) -> None:
    """Their bucket lets their role in; whoever names it would write as that role."""
    s3, role = client("s3"), f"arn:aws:iam::{int(fresh_account) + 500_000_000:012}:role/copies"
    source, target = bucket(s3, f"source-{fresh_account}"), bucket(theirs, f"target-{fresh_account}")
    admit(theirs, target, role)
    with pytest.raises(botocore.exceptions.ClientError, match="Cross-account pass role"):
        replicate(s3, source, target, role)
    s3.put_object(Bucket=source, Key="planted", Body=b"x")
    assert keys(theirs, target) == []


@pytest.mark.parametrize("may", [False, True])
def test_a_role_copies_and_deletes_where_it_may(client: Clients, fresh_account: str, may: bool) -> None:
    s3 = client("s3")
    source, target = (bucket(s3, f"{name}-{fresh_account}") for name in ("source", "target"))
    replicate(s3, source, target, lambdas.role(client, "copies", *(COPIES if may else COPIES[:1])))
    s3.put_object(Bucket=source, Key="a", Body=b"x")
    assert keys(s3, target) == (["a"] if may else [])
    assert s3.head_object(Bucket=source, Key="a")["ReplicationStatus"] == ("COMPLETED" if may else "FAILED")
    s3.put_object(Bucket=target, Key="a", Body=b"x")
    s3.delete_object(Bucket=source, Key="a")
    assert keys(s3, target) == ([] if may else ["a"])


def test_another_account_that_admits_the_role_gets_the_copies(client: Clients, theirs: Any, fresh_account: str) -> None:
    s3, role = client("s3"), lambdas.role(client, "copies", *COPIES)
    source, target = bucket(s3, f"source-{fresh_account}"), bucket(theirs, f"target-{fresh_account}")
    replicate(s3, source, target, role)
    s3.put_object(Bucket=source, Key="refused", Body=b"x")
    admit(theirs, target, role)
    s3.put_object(Bucket=source, Key="taken", Body=b"x")
    assert keys(theirs, target) == ["taken"]


def test_nobody_gives_a_bucket_a_role_that_they_may_not_pass(client: Clients, fresh_account: str) -> None:
    s3, role = client("s3"), lambdas.role(client, "copies", *COPIES)
    source, target = (bucket(s3, f"{name}-{fresh_account}") for name in ("source", "target"))
    with pytest.raises(botocore.exceptions.ClientError, match="not authorized to perform: iam:PassRole"):
        replicate(user(client, "s3", allow("s3:*")), source, target, role)
