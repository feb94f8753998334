"""Lambda functions run without Docker, as their role, and leave logs."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from typing import Any

import pytest

from tests.functional.cloud import lambdas
from tests.functional.cloud.conftest import Clients


def call(client: Clients, name: str, payload: Any = None) -> tuple[Any, str]:
    """What a function returned and logged."""
    answer = client("lambda").invoke(FunctionName=name, Payload=json.dumps(payload or {}), LogType="Tail")
    return json.loads(answer["Payload"].read()), base64.b64decode(answer.get("LogResult", "")).decode()


def test_a_function_is_its_role_and_has_boto3(client: Clients, fresh_account: str) -> None:
    lambdas.function(client, "who")
    returned, _ = call(client, "who")
    assert returned["arn"] == f"arn:aws:sts::{fresh_account}:assumed-role/for-who/who"


def test_a_function_may_do_what_its_role_may(client: Clients) -> None:
    lambdas.function(client, "make_queue", "sqs:CreateQueue")
    url, _ = call(client, "make_queue", {"name": "made"})
    assert url.endswith("/made")


def test_a_function_may_not_do_what_its_role_may_not(client: Clients) -> None:
    lambdas.function(client, "make_queue", "sqs:ListQueues")
    returned, _ = call(client, "make_queue", {"name": "made"})
    assert "AccessDenied" in returned["errorMessage"]


def test_what_it_writes_is_logged(client: Clients) -> None:
    lambdas.function(client, "who")
    _, tail = call(client, "who")
    events = client("logs").filter_log_events(logGroupName="/aws/lambda/who")["events"]
    messages = "\n".join(event["message"] for event in events)
    for said in ("to stdout", "to stderr", "to the log"):
        assert said in messages
        assert said in tail


def test_it_sees_nothing_of_the_server_s_surroundings(client: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    lambdas.function(client, "who")
    names = set(call(client, "who")[0]["environ"])
    assert {"AWS_ENDPOINT_URL", "AWS_REGION", "AWS_SESSION_TOKEN", "AWS_LAMBDA_FUNCTION_NAME"} <= names
    assert not {name for name in names if name.startswith(("PYTEST", "VIRTUAL_ENV", "PULUMI", "STACKYARD"))}


def test_its_key_cannot_be_worked_out(client: Clients, fresh_account: str) -> None:
    arn = lambdas.function(client, "who")
    call(client, "who")
    role = f"arn:aws:iam::{fresh_account}:role/for-who"
    digest = hashlib.sha256(f"{arn}:{role}".encode()).hexdigest()
    guessed = client(
        "sts", aws_access_key_id=f"ASIA{digest[:16].upper()}",
        aws_secret_access_key=hashlib.sha256(f"secret:{digest}".encode()).hexdigest(),
        aws_session_token=hashlib.sha256(f"token:{digest}".encode()).hexdigest(),
    )  # fmt: skip
    with pytest.raises(Exception, match="InvalidClientTokenId"):
        guessed.get_caller_identity()


def test_a_warm_call_does_not_wait_for_silence(client: Clients) -> None:
    lambdas.function(client, "echo")
    api = client("lambda")
    api.invoke(FunctionName="echo", Payload=b"{}")
    times = []
    for _ in range(15):
        began = time.perf_counter()
        api.invoke(FunctionName="echo", Payload=b"{}")["Payload"].read()
        times.append(time.perf_counter() - began)
    assert min(times) < 0.045  # it was 50 ms and more, each time


def test_every_call_is_logged_to_one_stream(client: Clients) -> None:
    lambdas.function(client, "echo")
    for _ in range(3):
        call(client, "echo")
    streams = client("logs").describe_log_streams(logGroupName="/aws/lambda/echo")["logStreams"]
    assert len(streams) == 1
    events = client("logs").filter_log_events(logGroupName="/aws/lambda/echo", filterPattern="REPORT")["events"]
    assert len(events) == 3
