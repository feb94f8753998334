"""Known calls are counted exactly: by account, resource, kind and caller, as AWS would bill them."""

from __future__ import annotations

import asyncio
import datetime
import http.client
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import botocore.exceptions
import pytest

from stackyard.cloud.client import EmbeddedCloud, images, processes
from tests.functional.cloud import lambdas, test_apis, test_schedules
from tests.functional.cloud.conftest import Clients, client_of
from tests.functional.cloud.jobs import Jobs

Found = dict[tuple[str, str], Decimal]
REGION = "eu-west-1"


class Meter:
    """What an account used since it was made, by kind and the last part of the resource's ARN."""

    def __init__(self, cloud: EmbeddedCloud, account: str) -> None:
        self.cloud, self.account = cloud, account

    def rows(self, **given: Any) -> list[Any]:
        now = datetime.datetime.now(datetime.UTC)
        window = (now - datetime.timedelta(hours=2), now + datetime.timedelta(hours=1))
        found = asyncio.run(self.cloud.usage(*window, **given))
        return [row for row in found.counts if row.account == self.account]

    def __call__(self, *kinds: str) -> Found:
        found: Found = {}
        for row in self.rows():
            if row.kind in kinds:
                name = (row.kind, row.resource.split(":")[-1])
                found[name] = found.get(name, Decimal(0)) + row.amount
        return found


@pytest.fixture
def meter(embedded_cloud: EmbeddedCloud, fresh_account: str) -> Meter:
    return Meter(embedded_cloud, fresh_account)


def test_requests_to_buckets_by_class_and_the_bytes_that_leave(client: Clients, meter: Meter) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="metered-bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    for n in range(3):
        s3.put_object(Bucket="metered-bucket", Key=f"k{n}", Body=b"x" * 1000)
    s3.copy_object(Bucket="metered-bucket", Key="copy", CopySource="metered-bucket/k0")
    s3.list_objects_v2(Bucket="metered-bucket", Prefix="k")
    s3.list_object_versions(Bucket="metered-bucket")
    before = meter("bytes_sent")["bytes_sent", "metered-bucket"]
    for _ in range(5):
        assert len(s3.get_object(Bucket="metered-bucket", Key="k1")["Body"].read()) == 1000
    assert meter("bytes_sent")["bytes_sent", "metered-bucket"] == before + 5000
    s3.head_object(Bucket="metered-bucket", Key="k1")
    s3.get_bucket_location(Bucket="metered-bucket")
    s3.get_bucket_versioning(Bucket="metered-bucket")
    with pytest.raises(botocore.exceptions.ClientError, match="NoSuchKey"):
        s3.get_object(Bucket="metered-bucket", Key="absent")
    s3.delete_object(Bucket="metered-bucket", Key="k2")
    s3.delete_objects(Bucket="metered-bucket", Delete={"Objects": [{"Key": "k1"}]})
    assert meter("requests", "read_requests") == {
        ("requests", "metered-bucket"): 1 + 3 + 1 + 2,
        ("read_requests", "metered-bucket"): 5 + 1 + 2 + 1,
    }
    with pytest.raises(botocore.exceptions.ClientError, match="NoSuchBucket"):
        s3.get_object(Bucket="nobodys-bucket", Key="k")
    assert sum(meter("read_requests").values()) == 9, "a bucket that is not there costs nobody"


def _table(client: Clients, name: str, **given: Any) -> Any:
    tables = client("dynamodb")
    tables.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        **(given or {"BillingMode": "PAY_PER_REQUEST"}),
    )
    return tables


def _item(name: str, size: int) -> dict[str, Any]:
    """An item of exactly `size` bytes."""
    return {"id": {"S": name}, "v": {"S": "x" * (size - 3 - len(name))}}


def test_units_of_a_table_on_demand(client: Clients, meter: Meter) -> None:
    tables = _table(client, "items")
    expected = Decimal(0)

    def wrote(units: float) -> None:
        nonlocal expected
        expected += Decimal(units)
        assert meter("table_writes") == {("table_writes", "table/items"): expected}

    tables.put_item(TableName="items", Item=_item("a", 1024))
    wrote(1)
    tables.put_item(TableName="items", Item=_item("b", 1025))
    wrote(2)
    tables.put_item(TableName="items", Item=_item("b", 100))
    wrote(2)  # by the larger of the two
    with pytest.raises(botocore.exceptions.ClientError, match="ConditionalCheckFailed"):
        tables.put_item(TableName="items", Item=_item("a", 10), ConditionExpression="attribute_not_exists(id)")
    wrote(1)
    tables.batch_write_item(RequestItems={"items": [{"PutRequest": {"Item": _item(f"n{n}", 3000)}} for n in range(4)]})
    wrote(12)
    answer = tables.transact_write_items(TransactItems=[{"Put": {"TableName": "items", "Item": _item("z", 1500)}}])
    assert "ConsumedCapacity" not in answer, "nobody asked for it"
    wrote(4)
    tables.delete_item(TableName="items", Key={"id": {"S": "z"}})
    wrote(2)


def test_units_that_reads_cost(client: Clients, meter: Meter) -> None:
    tables = _table(client, "items")
    tables.put_item(TableName="items", Item=_item("a", 4097))
    tables.put_item(TableName="items", Item=_item("b", 4000))
    expected = Decimal(0)

    def read(units: float) -> None:
        nonlocal expected
        expected += Decimal(units)
        assert meter("table_reads") == {("table_reads", "table/items"): expected}

    tables.get_item(TableName="items", Key={"id": {"S": "b"}})
    read(0.5)
    tables.get_item(TableName="items", Key={"id": {"S": "absent"}}, ConsistentRead=True)
    read(1)
    tables.get_item(TableName="items", Key={"id": {"S": "a"}}, ConsistentRead=True)
    read(2)
    tables.scan(TableName="items", FilterExpression="v = :v", ExpressionAttributeValues={":v": {"S": "no"}})
    read(1)  # 8,097 bytes looked at: two halves, filtered out or not
    asked = {"KeyConditionExpression": "id = :id", "ExpressionAttributeValues": {":id": {"S": "a"}}}
    tables.query(TableName="items", **asked)
    read(1)
    tables.batch_get_item(RequestItems={"items": {"Keys": [{"id": {"S": "a"}}, {"id": {"S": "b"}}]}})
    read(1.5)
    tables.transact_get_items(TransactItems=[{"Get": {"TableName": "items", "Key": {"id": {"S": "b"}}}}])
    read(2)


def test_a_provisioned_table_costs_by_the_hour(client: Clients, meter: Meter) -> None:
    tables = _table(client, "items", ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1})
    tables.put_item(TableName="items", Item=_item("a", 10))
    tables.scan(TableName="items")
    assert meter("table_writes", "table_reads") == {}


def test_messages_events_keys_secrets_and_logs(client: Clients, meter: Meter) -> None:
    queues, topics = client("sqs"), client("sns")
    url = queues.create_queue(QueueName="q")["QueueUrl"]
    for size in (10, 64 * 1024, 64 * 1024 + 1):
        queues.send_message(QueueUrl=url, MessageBody="x" * size)
    queues.receive_message(QueueUrl=url)
    topic = topics.create_topic(Name="news")["TopicArn"]
    topics.publish(TopicArn=topic, Message="x")
    topics.publish(TopicArn=topic, Message="x" * 100_000)
    entry = {"Source": "tests", "DetailType": "d", "Detail": json.dumps({"x": "y" * 70_000})}
    client("events").put_events(Entries=[entry, {**entry, "Detail": "{}"}])
    keys, secrets, logs = client("kms"), client("secretsmanager"), client("logs")
    key = keys.create_key()["KeyMetadata"]["KeyId"]
    text = keys.encrypt(KeyId=key, Plaintext=b"p")["CiphertextBlob"]
    keys.decrypt(CiphertextBlob=text)
    secret = secrets.create_secret(Name="s", SecretString="v")["ARN"]
    for _ in range(2):
        secrets.get_secret_value(SecretId="s")
    keys.list_keys()
    secrets.list_secrets()
    topics.list_topics()
    logs.create_log_group(logGroupName="/g")
    logs.create_log_stream(logGroupName="/g", logStreamName="s")
    now = int(datetime.datetime.now(datetime.UTC).timestamp() * 1000)
    events = [{"timestamp": now, "message": message} for message in ("four", "é")]
    logs.put_log_events(logGroupName="/g", logStreamName="s", logEvents=events)
    assert meter("queue_requests", "topic_requests", "events", "key_requests", "secret_requests", "log_bytes") == {
        ("queue_requests", "q"): 1 + 1 + 1 + 2 + 1,
        ("topic_requests", "news"): 1 + 1 + 2,
        ("topic_requests", ""): 1,
        ("events", "event-bus/default"): 3,
        ("key_requests", f"key/{key}"): 3,
        ("key_requests", ""): 1,
        ("secret_requests", secret.split(":")[-1]): 3,
        ("secret_requests", ""): 1,
        ("log_bytes", "/g"): 4 + 2 + 2 * 26,
    }


def test_a_schedule_that_fired_and_what_it_sent(client: Clients, meter: Meter) -> None:
    url = test_schedules.schedule(client, 1)
    before = meter("queue_requests")["queue_requests", "due"]
    assert client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=20).get("Messages")
    assert meter("scheduled", "queue_requests") == {
        ("scheduled", "schedule/default/due-1"): 1,
        ("queue_requests", "due"): before + 1,  # what received it; the sending is the schedule's
    }


def test_a_rest_api_is_of_another_kind(client: Clients, meter: Meter, embedded_cloud: EmbeddedCloud) -> None:
    api = client("apigateway")
    made = api.create_rest_api(name="r")["id"]
    root = api.get_resources(restApiId=made)["items"][0]["id"]
    api.put_method(restApiId=made, resourceId=root, httpMethod="GET", authorizationType="NONE")
    api.put_integration(
        restApiId=made, resourceId=root, httpMethod="GET", type="MOCK", requestTemplates={"application/json": "{}"}
    )
    api.create_deployment(restApiId=made, stageName="s")
    for _ in range(3):
        test_apis.get(embedded_cloud, f"/_aws/execute-api/{made}/s/")
    assert meter("rest_api_requests", "api_requests") == {("rest_api_requests", f"/restapis/{made}"): 3}


def test_calls_of_functions_and_requests_to_apis(client: Clients, meter: Meter, embedded_cloud: EmbeddedCloud) -> None:
    api = test_apis.http_api(client, REGION)
    assert test_apis.get(embedded_cloud, f"/_aws/execute-api/{api}/x")[0] == 200
    assert test_apis.get(embedded_cloud, f"/_aws/execute-api/{api}/nothing")[0] == 404
    assert test_apis.get(embedded_cloud, f"/_aws/execute-api/{api}/iam")[0] == 403, "turned away, and free"
    for _ in range(2):
        client("lambda").invoke(FunctionName="echo", Payload=b"{}")
    found = meter("api_requests", "function_requests", "function_gb_seconds")
    steps = found.pop(("function_gb_seconds", "echo"))
    assert found == {("api_requests", f"/apis/{api}"): 2, ("function_requests", "echo"): 3}
    assert 0 < steps < 3 * 20 * Decimal(128) / 1024
    assert steps * 1024 * 1000 % 128 == 0, "whole milliseconds of 128 MB"


def test_a_functions_calls_bear_its_role_and_stay_within_the_region(client: Clients, meter: Meter) -> None:
    lambdas.function(client, "make_queue", "sqs:*")
    client("lambda").invoke(FunctionName="make_queue", Payload=json.dumps({"name": "made"}).encode())
    [row] = [each for each in meter.rows() if each.kind == "queue_requests"]
    assert row.resource == f"arn:aws:sqs:{REGION}:{meter.account}:made"
    assert row.caller == f"arn:aws:iam::{meter.account}:role/for-make_queue"
    assert {each.kind for each in meter.rows() if each.caller == row.caller} == {"queue_requests", "bytes_inside"}


def test_what_a_task_moves_is_its_roles(
    client: Clients, meter: Meter, embedded_cloud: EmbeddedCloud, tmp_path: Path
) -> None:
    jobs = Jobs(embedded_cloud, client, tmp_path)
    s3 = client("s3")
    s3.create_bucket(Bucket="moved-by-tasks", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="moved-by-tasks", Key="in", Body=b"x" * 10_000)
    role = jobs.role("mover", {"Effect": "Allow", "Action": "*", "Resource": "*"})
    script = (
        "import boto3\n"
        "body = boto3.client('s3').get_object(Bucket='moved-by-tasks', Key='in')['Body'].read()\n"
        "boto3.client('s3').put_object(Bucket='moved-by-tasks', Key='out', Body=body * 2)\n"
        "boto3.client('sqs').create_queue(QueueName='q')\n"
        "print('done')\n"
    )
    embedded_cloud.provide(images.LocalImage("mover", tmp_path, (sys.executable, "-c")))
    _task, lines = jobs.ended(jobs.start(jobs.define(jobs.container(script, image="mover"), taskRoleArn=role)))
    assert lines == ["done"]
    found = {(row.kind, row.resource.split(":")[-1]): row.amount for row in meter.rows() if row.caller == role}
    assert 30_000 <= found["bytes_inside", "moved-by-tasks"] < 31_000, "what came and what went, and little beside"
    assert 50 < found["bytes_moved", "q"] < 1000, "to a service that a task reaches through a NAT gateway"
    assert (found["requests", "moved-by-tasks"], found["read_requests", "moved-by-tasks"]) == (1, 1)
    assert meter("log_bytes")["log_bytes", "tasks"] == len("done") + 26


def test_only_the_clouds_owner_reads_the_meter(client: Clients, meter: Meter, embedded_cloud: EmbeddedCloud) -> None:
    client("sqs").create_queue(QueueName="q")
    asked = "/_stackyard/usage?start=2020-01-01&end=2999-01-01"
    port = int(embedded_cloud.environ(meter.account)["AWS_ENDPOINT_URL"].rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", asked)
    assert connection.getresponse().status == 403
    connection.close()
    answer = processes.ask(embedded_cloud.folder, port, "GET", asked)
    assert any(row["account"] == meter.account for row in answer["usage"])
    [row] = meter.rows(hourly=True)[:1]
    assert (row.end - row.start).total_seconds() == 3600


def test_two_accounts_are_counted_apart(embedded_cloud: EmbeddedCloud, client: Clients, meter: Meter) -> None:
    other = Meter(embedded_cloud, "999988887777")
    client("sqs").create_queue(QueueName="mine")
    client_of(embedded_cloud.environ(other.account), "sqs").create_queue(QueueName="theirs")
    assert set(meter("queue_requests")) == {("queue_requests", "mine")}
    assert set(other("queue_requests")) == {("queue_requests", "theirs")}
