"""A call is authorized as what it does, whatever else it says that it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.functional.cloud import lambdas
from tests.functional.cloud.conftest import Clients
from tests.functional.cloud.test_passing import allow, user
from tests.functional.cloud.test_policies import allowed

Api = Any
QUERIED = {
    "KeyConditionExpression": "id = :v",
    "ExpressionAttributeValues": {":v": {"S": "theirs"}},
    "TableName": "shared",
}


def saying(api: Api, change: Callable[[dict[str, Any]], None]) -> Api:
    """The same client, whose requests are changed before they are signed."""
    api.meta.events.register("before-call", lambda params, **_: change(params))
    return api


def in_query(action: str) -> Callable[[dict[str, Any]], None]:
    return lambda params: params.update(query_string={**(params["query_string"] or {}), "Action": action})


def in_target(action: str) -> Callable[[dict[str, Any]], None]:
    return lambda params: params["headers"].update({"X-Amz-Target": f"Any.{action}"})


def in_body(**more: Any) -> Callable[[dict[str, Any]], None]:
    """Members that the SDK would not let through."""
    return lambda params: params.update(body=json.dumps({**json.loads(params["body"]), **more}).encode())


def table(client: Clients) -> None:
    client("dynamodb").create_table(
        TableName="shared", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )  # fmt: skip


def test_who_may_read_items_does_not_write_them_by_another_name(client: Clients) -> None:
    table(client)
    api = saying(user(client, "dynamodb", allow("dynamodb:GetItem")), in_query("GetItem"))
    assert allowed(lambda: api.get_item(TableName="shared", Key={"id": {"S": "x"}}))
    assert not allowed(lambda: api.put_item(TableName="shared", Item={"id": {"S": "x"}}))


@pytest.mark.parametrize("said", [in_query("GetObject"), in_target("GetObject")])
def test_who_may_read_objects_does_not_write_them_by_another_name(
    client: Clients, fresh_account: str, said: Any
) -> None:
    bucket = f"claimed-{fresh_account}"
    client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    client("s3").put_object(Bucket=bucket, Key="x", Body=b"")
    api = saying(user(client, "s3", allow("s3:GetObject")), said)
    assert allowed(lambda: api.get_object(Bucket=bucket, Key="x"))
    assert not allowed(lambda: api.delete_object(Bucket=bucket, Key="x"))


def test_two_actions_are_none(client: Clients) -> None:
    api = saying(user(client, "sqs", allow("sqs:ListQueues")), in_query("ListQueues"))
    assert allowed(lambda: api.list_queues())
    assert not allowed(lambda: api.create_queue(QueueName="q"))


@pytest.mark.parametrize("said", [in_query("InvokeFunction"), in_target("InvokeFunction")])
def test_who_may_call_a_function_does_not_change_it(client: Clients, said: Any) -> None:
    lambdas.function(client, "echo")
    api = saying(user(client, "lambda", allow("lambda:InvokeFunction")), said)
    assert allowed(lambda: api.invoke(FunctionName="echo", Payload=b"{}"))
    assert not allowed(lambda: api.update_function_configuration(FunctionName="echo", Timeout=5))


def test_a_streamed_answer_needs_the_right_to_call(client: Clients) -> None:
    lambdas.function(client, "echo")
    api = user(client, "lambda", allow("lambda:InvokeFunction", "arn:aws:lambda:*:*:function:other"))
    assert not allowed(lambda: api.invoke_with_response_stream(FunctionName="echo", Payload=b"{}"))
    assert allowed(lambda: client("lambda").invoke_with_response_stream(FunctionName="echo", Payload=b"{}"))


def test_what_is_not_known_is_denied(client: Clients) -> None:
    api = user(client, "ecs", allow("ecs:ListClusters"))
    assert allowed(lambda: api.list_clusters())
    api.meta.events.register(
        "before-call", lambda params, **_: params["headers"].update({"X-Amz-Target": "ListClusters"})
    )
    assert not allowed(lambda: api.list_clusters())


DECOYED = {"Put": {"TableName": "shared", "Key": {"id": {"S": "mine"}}, "Item": {"id": {"S": "theirs"}}}}
DECOYS: list[tuple[str, dict[str, Any]]] = [
    ("put_item", {"Key": {"id": {"S": "mine"}}}),
    ("transact_write_items", {"TransactItems": [DECOYED]}),
    ("query", {"ExpressionAttributeValues": {":v": {"X": "mine", "S": "theirs"}}}),
]


@pytest.mark.parametrize(("call", "decoy"), DECOYS)
def test_a_decoy_of_ones_own_opens_nobody_elses_items(client: Clients, call: str, decoy: dict[str, Any]) -> None:
    table(client)
    own = {"Condition": {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["mine"]}}}
    api = saying(user(client, "dynamodb", allow("dynamodb:*", **own)), in_body(**decoy))
    theirs: dict[str, Any] = {"id": {"S": "theirs"}}
    given: dict[str, dict[str, Any]] = {
        "put_item": {"TableName": "shared", "Item": theirs},
        "transact_write_items": {"TransactItems": [{"Put": {"TableName": "shared", "Item": theirs}}]},
        "query": QUERIED,
    }
    assert not allowed(lambda: getattr(api, call)(**given[call]))
    assert "Item" not in client("dynamodb").get_item(TableName="shared", Key=theirs)
