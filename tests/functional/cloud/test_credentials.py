"""Who gets in: minted keys and what they made, nobody else."""

from __future__ import annotations

import http.client
import json

import botocore.exceptions
import pytest

from stackyard.cloud.client import EmbeddedCloud, account_of
from tests.functional.cloud.conftest import Clients, client_of

INVALID = "InvalidClientTokenId|UnrecognizedClientException|InvalidAccessKeyId"


@pytest.mark.parametrize("key", ["test", "123456789012", "AKIAIOSFODNN7EXAMPLE"])
@pytest.mark.parametrize("service", ["sqs", "iam", "dynamodb"])
def test_a_key_that_was_not_minted_is_refused(client: Clients, key: str, service: str) -> None:
    stranger = client(service, aws_access_key_id=key, aws_secret_access_key="test")
    call = {"sqs": "list_queues", "iam": "list_users", "dynamodb": "list_tables"}[service]
    with pytest.raises(botocore.exceptions.ClientError, match=INVALID):
        getattr(stranger, call)()


def test_the_root_key_needs_its_secret(client: Clients) -> None:
    with pytest.raises(botocore.exceptions.ClientError, match="SignatureDoesNotMatch"):
        client("sqs", aws_secret_access_key="wrong").list_queues()


def test_a_key_is_root_of_its_own_account(client: Clients, fresh_account: str) -> None:
    identity = client("sts").get_caller_identity()
    assert identity["Account"] == fresh_account
    assert identity["Arn"] == f"arn:aws:iam::{fresh_account}:root"


def test_accounts_are_apart(client: Clients, embedded_cloud: EmbeddedCloud) -> None:
    client("dynamodb").create_table(
        TableName="mine", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )  # fmt: skip
    other = client_of(embedded_cloud.environ(account_of("somebody else")), "dynamodb")
    assert "mine" not in other.list_tables()["TableNames"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/bucket"), ("GET", "/"), ("POST", "/_ministack/reset"), ("GET", "/_ministack/health"),
     ("POST", "/_ministack/config"), ("GET", "/_stackyard/status"), ("PUT", "/latest/api/token"),
     ("GET", "/v2/credentials/00000000-0000-0000-0000-000000000000")],
)  # fmt: skip
def test_nothing_is_open(embedded_cloud: EmbeddedCloud, method: str, path: str) -> None:
    endpoint = embedded_cloud.environ(account_of("x"))["AWS_ENDPOINT_URL"]
    connection = http.client.HTTPConnection(endpoint.removeprefix("http://"))
    connection.request(method, path)
    assert connection.getresponse().status == 403
    connection.close()


def test_an_iam_user_may_do_what_its_policy_says(client: Clients) -> None:
    iam = client("iam")
    iam.create_user(UserName="reader")
    policy = {"Statement": [{"Effect": "Allow", "Action": "sqs:ListQueues", "Resource": "*"}]}
    iam.put_user_policy(UserName="reader", PolicyName="read", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    user = client("sqs", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    user.list_queues()
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        user.create_queue(QueueName="denied")
