"""What the platform asks of S3 and DynamoDB beyond putting and getting."""

from __future__ import annotations

import datetime
import time
import urllib.error
import urllib.request
from typing import Any

import botocore.config
import botocore.exceptions
import pytest

from stackyard.cloud.client import EmbeddedCloud
from tests.functional.cloud.conftest import Clients, client_of

Api = Any


def fails(code: str, act: Any) -> None:
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        act()
    assert caught.value.response["Error"]["Code"] == code


@pytest.fixture
def bucket(client: Clients, fresh_account: str) -> tuple[Api, str]:
    """S3 and the name of a bucket."""
    s3, name = client("s3"), f"objects-{fresh_account}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return s3, name


def test_a_put_if_there_is_none(bucket: tuple[Api, str]) -> None:
    s3, name = bucket
    s3.put_object(Bucket=name, Key="k", Body=b"1", IfNoneMatch="*")
    fails("PreconditionFailed", lambda: s3.put_object(Bucket=name, Key="k", Body=b"2", IfNoneMatch="*"))
    assert s3.get_object(Bucket=name, Key="k")["Body"].read() == b"1"


def test_a_put_over_what_was_read(bucket: tuple[Api, str]) -> None:
    s3, name = bucket
    tag = s3.put_object(Bucket=name, Key="k", Body=b"1")["ETag"]
    s3.put_object(Bucket=name, Key="k", Body=b"2", IfMatch=tag)
    fails("PreconditionFailed", lambda: s3.put_object(Bucket=name, Key="k", Body=b"3", IfMatch=tag))
    assert s3.get_object(Bucket=name, Key="k")["Body"].read() == b"2"


def test_versions(bucket: tuple[Api, str]) -> None:
    s3, name = bucket
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    first, second = (s3.put_object(Bucket=name, Key="k", Body=body)["VersionId"] for body in (b"1", b"2"))
    s3.delete_object(Bucket=name, Key="k")
    fails("NoSuchKey", lambda: s3.get_object(Bucket=name, Key="k"))
    assert s3.get_object(Bucket=name, Key="k", VersionId=first)["Body"].read() == b"1"
    listed = s3.list_object_versions(Bucket=name)
    assert [row["VersionId"] for row in listed["Versions"]] == [second, first]
    s3.delete_object(Bucket=name, Key="k", VersionId=listed["DeleteMarkers"][0]["VersionId"])
    assert s3.get_object(Bucket=name, Key="k")["Body"].read() == b"2"


def test_parts(bucket: tuple[Api, str]) -> None:
    s3, name = bucket
    where = {"Bucket": name, "Key": "big"}
    upload = s3.create_multipart_upload(**where)["UploadId"]
    body = [b"a" * (5 << 20), b"b" * 1000]
    parts = [
        {"PartNumber": n, "ETag": s3.upload_part(**where, UploadId=upload, PartNumber=n, Body=part)["ETag"]}
        for n, part in enumerate(body, 1)
    ]
    s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": parts})
    assert s3.head_object(**where)["ContentLength"] == (5 << 20) + 1000
    assert s3.get_object(**where, Range="bytes=5242879-5242881")["Body"].read() == b"abb"


def test_a_presigned_address(bucket: tuple[Api, str], client: Clients) -> None:
    _, name = bucket
    signing = botocore.config.Config(signature_version="s3v4", s3={"addressing_style": "path"})
    s3 = client("s3", config=signing)
    s3.put_object(Bucket=name, Key="k", Body=b"found")
    address = s3.generate_presigned_url("get_object", Params={"Bucket": name, "Key": "k"}, ExpiresIn=60)
    with urllib.request.urlopen(address) as response:
        assert response.read() == b"found"
    for wrong in (address.replace("X-Amz-Signature=", "X-Amz-Signature=0"), address.replace("/k?", "/l?"),
                  address.partition("?")[0]):  # fmt: skip
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(wrong)
        assert caught.value.code == 403
        caught.value.close()
    put = s3.generate_presigned_url("put_object", Params={"Bucket": name, "Key": "up"}, ExpiresIn=60)
    urllib.request.urlopen(urllib.request.Request(put, b"given", method="PUT")).close()
    assert s3.get_object(Bucket=name, Key="up")["Body"].read() == b"given"


def test_an_address_ends(bucket: tuple[Api, str], client: Clients) -> None:
    _, name = bucket
    s3 = client("s3", config=botocore.config.Config(signature_version="s3v4", s3={"addressing_style": "path"}))
    s3.put_object(Bucket=name, Key="k", Body=b"found")
    address = s3.generate_presigned_url("get_object", Params={"Bucket": name, "Key": "k"}, ExpiresIn=1)
    deadline = time.monotonic() + 10
    while True:
        try:
            urllib.request.urlopen(address).close()
        except urllib.error.HTTPError as error:
            error.close()
            status = error.code
            break
        assert time.monotonic() < deadline
    assert status == 403


def test_a_lifecycle_is_kept(bucket: tuple[Api, str]) -> None:
    s3, name = bucket
    rule = {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "runs/"}, "Expiration": {"Days": 30}}
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [rule]})
    assert s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"] == [rule]


def test_a_signature_of_another_account_does_not_open_a_bucket(
    bucket: tuple[Api, str], embedded_cloud: EmbeddedCloud
) -> None:
    s3, name = bucket
    s3.put_object(Bucket=name, Key="k", Body=b"mine")
    other = client_of(embedded_cloud.environ("210987654321"), "s3")
    fails("AccessDenied", lambda: other.get_object(Bucket=name, Key="k"))


@pytest.fixture
def table(client: Clients) -> Api:
    """DynamoDB with the table `runs`, of environments and times."""
    api = client("dynamodb")
    api.create_table(
        TableName="runs", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("env", "at")],
        KeySchema=[{"AttributeName": "env", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
    )  # fmt: skip
    return api


def item(env: str, at: str, **more: Any) -> dict[str, Any]:
    return {"env": {"S": env}, "at": {"S": at}, **more}


def test_a_write_on_a_condition(table: Api) -> None:
    absent = {"ConditionExpression": "attribute_not_exists(env)"}
    table.put_item(TableName="runs", Item=item("e", "1", n={"N": "1"}), **absent)
    fails(
        "ConditionalCheckFailedException",
        lambda: table.put_item(TableName="runs", Item=item("e", "1", n={"N": "9"}), **absent),
    )

    def advance(old: str, new: str) -> Any:
        return table.update_item(
            TableName="runs", Key=item("e", "1"), UpdateExpression="SET n = :new",
            ConditionExpression="n = :old", ReturnValues="ALL_NEW",
            ExpressionAttributeValues={":old": {"N": old}, ":new": {"N": new}},
        )  # fmt: skip

    assert advance("1", "2")["Attributes"]["n"] == {"N": "2"}
    fails("ConditionalCheckFailedException", lambda: advance("1", "3"))


def test_a_query_by_a_prefix_backwards_and_by_pages(table: Api) -> None:
    for at in ("2026-01-01", "2026-01-02", "2026-02-01", "2026-02-02", "2026-02-03"):
        table.put_item(TableName="runs", Item=item("e", at))
    table.put_item(TableName="runs", Item=item("other", "2026-02-01"))
    query = {
        "TableName": "runs", "KeyConditionExpression": "env = :e AND begins_with(#at, :m)",
        "ExpressionAttributeNames": {"#at": "at"},
        "ExpressionAttributeValues": {":e": {"S": "e"}, ":m": {"S": "2026-02"}}, "ScanIndexForward": False, "Limit": 2,
    }  # fmt: skip
    page = table.query(**query)
    assert [row["at"]["S"] for row in page["Items"]] == ["2026-02-03", "2026-02-02"]
    rest = table.query(**query, ExclusiveStartKey=page["LastEvaluatedKey"])
    assert [row["at"]["S"] for row in rest["Items"]] == ["2026-02-01"]


def test_a_transaction_is_whole_or_nothing(table: Api) -> None:
    table.put_item(TableName="runs", Item=item("e", "1"))

    def put(at: str, **given: Any) -> dict[str, Any]:
        return {"Put": {"TableName": "runs", "Item": item("e", at), **given}}

    absent = {"ConditionExpression": "attribute_not_exists(env)"}
    with pytest.raises(table.exceptions.TransactionCanceledException) as caught:
        table.transact_write_items(TransactItems=[put("2"), put("1", **absent)])
    assert [row["Code"] for row in caught.value.response["CancellationReasons"]] == ["None", "ConditionalCheckFailed"]
    assert "Item" not in table.get_item(TableName="runs", Key=item("e", "2"))
    table.transact_write_items(TransactItems=[put("2"), put("3", **absent)])
    query = {"KeyConditionExpression": "env = :e", "ExpressionAttributeValues": {":e": {"S": "e"}}}
    assert table.query(TableName="runs", **query, Select="COUNT")["Count"] == 3


@pytest.mark.slow  # it is looked for once a minute
def test_what_is_over_goes(table: Api) -> None:
    table.update_time_to_live(TableName="runs", TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"})
    assert table.describe_time_to_live(TableName="runs")["TimeToLiveDescription"] == {
        "AttributeName": "until", "TimeToLiveStatus": "ENABLED",
    }  # fmt: skip
    now = int(datetime.datetime.now(datetime.UTC).timestamp())
    table.put_item(TableName="runs", Item=item("e", "over", until={"N": str(now - 10)}))
    table.put_item(TableName="runs", Item=item("e", "stays", until={"N": str(now + 3600)}))
    deadline = time.monotonic() + 90
    while "Item" in table.get_item(TableName="runs", Key=item("e", "over")):
        assert time.monotonic() < deadline
        time.sleep(0.2)  # it goes within a minute, and nobody tells
    assert "Item" in table.get_item(TableName="runs", Key=item("e", "stays"))
