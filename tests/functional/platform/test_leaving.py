"""An organization leaves: nothing of another is touched, and nothing of its own stays behind but its archive."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.functional.asking import Cloud
from tests.functional.platform import living

pytestmark = pytest.mark.cloud


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[living.Estate]:
    """Two tenants with objects, rows and secrets in both."""
    with living.two_tenants(tmp_path) as estate:
        for organization in ("acme", "globex"):
            _used(estate, organization)
        yield estate


def _used(estate: living.Estate, organization: str) -> None:
    cloud, site = estate.sites[organization], estate.outputs(f"site_instances/{organization}.Production")
    for bucket in (site["bucket"], site["archive_bucket"]):
        cloud.client("s3").put_object(Bucket=bucket, Key="archive/shop.prod/1/index.json", Body=organization.encode())
    secret = f"/site/{organization}/shop/SHOP_PASSWORD"
    cloud.client("secretsmanager").put_secret_value(SecretId=secret, SecretString=organization)
    row = {"environment": {"S": "shop.prod"}, "run": {"S": "20260101T000000.000000Z-00000000"}}
    cloud.client("dynamodb").put_item(TableName="site-runs", Item=row)


def test_nothing_of_another_is_touched_and_only_the_archive_stays(estate: living.Estate) -> None:
    site = estate.outputs("site_instances/acme.Production")
    others = {name: cloud for name, cloud in {"platform": estate.cloud, **estate.sites}.items() if name != "acme"}
    untouched = Cloud(estate.server.environ("111111111111", living.REGION)).things()
    before = {name: contents(cloud) for name, cloud in others.items()}
    states = recorded(estate.root)
    living.emptied(estate.sites["acme"], site["bucket"])

    estate.run("destroy", "tenant:acme", "--yes")

    assert {name: contents(cloud) for name, cloud in others.items()} == before
    assert {path: text for path, text in recorded(estate.root).items() if "acme" not in path} == {
        path: text for path, text in states.items() if "acme" not in path
    }
    archive = f"s3 list_buckets {site['archive_bucket']}"
    assert estate.sites["acme"].things() - untouched == {archive}
    s3 = estate.sites["acme"].client("s3")
    kept = s3.get_object(Bucket=site["archive_bucket"], Key="archive/shop.prod/1/index.json")["Body"].read()
    assert kept == b"acme"


def recorded(root: Path) -> dict[str, str]:
    """The digest of every file of recorded state."""
    folder = root / ".stackyard" / ".pulumi" / "stacks"
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def contents(cloud: Cloud) -> dict[str, Any]:
    """What is in an account: every thing, every object, row, secret and policy."""
    s3, secrets, dynamodb, iam = (cloud.client(each) for each in ("s3", "secretsmanager", "dynamodb", "iam"))
    buckets = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    tables = dynamodb.list_tables()["TableNames"]
    roles = [role["RoleName"] for role in iam.list_roles()["Roles"]]
    return {
        "things": sorted(cloud.things()),
        "objects": {
            bucket: [(each["Key"], each["VersionId"], each["ETag"]) for each in _versions(s3, bucket)]
            for bucket in buckets
        },
        "rows": {table: dynamodb.scan(TableName=table)["Items"] for table in tables},
        "secrets": {each["Name"]: each.get("SecretVersionsToStages") for each in secrets.list_secrets()["SecretList"]},
        "policies": {
            role: [
                iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
                for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
            ]
            for role in roles
        },
    }


def _versions(s3: Any, bucket: str) -> list[dict[str, Any]]:
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
    return [version for page in pages for version in page.get("Versions", [])]
