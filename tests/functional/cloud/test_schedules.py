"""Schedules fire within a second or two of their time."""

from __future__ import annotations

import datetime
import itertools
import json
import time
import zoneinfo
from typing import Any

import botocore.exceptions
import pytest

from tests.functional.cloud import lambdas
from tests.functional.cloud.conftest import Clients


def schedule(client: Clients, *delays: int, actions: tuple[str, ...] = ("sqs:SendMessage",)) -> str:
    """Schedules due in `delays` seconds, whose role may do `actions`; returns the URL of the queue for them."""
    sqs, iam = client("sqs"), client("iam")
    url: str = sqs.create_queue(QueueName="due")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    trust = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName="due", AssumeRolePolicyDocument=lambdas.policy(trust))["Role"]["Arn"]
    allowed = lambdas.policy({"Effect": "Allow", "Action": list(actions), "Resource": arn})
    iam.put_role_policy(RoleName="due", PolicyName="allowed", PolicyDocument=allowed)
    for delay in delays:
        due = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=delay)
        client("scheduler").create_schedule(
            Name=f"due-{delay}", ScheduleExpression=f"at({due:%Y-%m-%dT%H:%M:%S})",
            FlexibleTimeWindow={"Mode": "OFF"}, Target={"Arn": arn, "RoleArn": role, "Input": json.dumps(delay)},
        )  # fmt: skip
    return url


@pytest.mark.slow  # it measures time, which a busy machine stretches
def test_schedules_are_on_time(client: Clients) -> None:
    url = schedule(client, 1, 5)
    times = []
    for _ in range(2):
        assert client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=20).get("Messages"), "nothing arrived"
        times.append(time.monotonic())
    # Looked at every ten seconds, they would come together, or ten seconds apart.
    assert 2 < times[1] - times[0] < 8


def test_a_schedule_may_do_what_its_role_may(client: Clients) -> None:
    url = schedule(client, 1, actions=("sqs:ReceiveMessage",))
    assert "Messages" not in client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=4)


def to_function(client: Clients, name: str, expression: str, **given: Any) -> str:
    """A schedule that calls the function `mark`; returns the URL of the queue that it tells."""
    url: str = client("sqs").create_queue(QueueName="marks")["QueueUrl"]
    if "mark" not in [row["FunctionName"] for row in client("lambda").list_functions()["Functions"]]:
        lambdas.function(client, "mark", "sqs:SendMessage", code=MARK)
    client("lambda").invoke(FunctionName="mark", Payload=b"{}")  # warm, so that its start is not measured
    trust = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=lambdas.policy(trust))["Role"]["Arn"]
    call = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}
    client("iam").put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=lambdas.policy(call))
    arn = client("lambda").get_function(FunctionName="mark")["Configuration"]["FunctionArn"]
    said = {"queue": url, "name": name, "time": "<aws.scheduler.scheduled-time>"}
    client("scheduler").create_schedule(
        Name=name, ScheduleExpression=expression, FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn, "RoleArn": role, "Input": json.dumps(said)}, **given,
    )  # fmt: skip
    return url


MARK = """
import boto3, json, time

def mark(event, context):
    if "queue" in event:
        boto3.client("sqs").send_message(QueueUrl=event["queue"], MessageBody=json.dumps({**event, "at": time.time()}))
"""


def marks(client: Clients, url: str, seconds: int) -> list[dict[str, Any]]:
    """What arrives first within a time."""
    found = client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=seconds).get("Messages", [])
    return [json.loads(message["Body"]) for message in found]


def test_a_function_is_called_at_a_time_of_its_zone(client: Clients) -> None:
    due = int(time.time()) + 3
    there = datetime.datetime.fromtimestamp(due, zoneinfo.ZoneInfo("Asia/Tokyo"))
    url = to_function(
        client, "tokyo", f"at({there:%Y-%m-%dT%H:%M:%S})", ScheduleExpressionTimezone="Asia/Tokyo",
        ActionAfterCompletion="DELETE",
    )  # fmt: skip
    (mark,) = marks(client, url, 20) or marks(client, url, 20)
    assert mark["time"] == f"{datetime.datetime.fromtimestamp(due, datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"
    assert mark["at"] >= due
    with pytest.raises(botocore.exceptions.ClientError, match="does not exist"):
        client("scheduler").get_schedule(Name="tokyo")


@pytest.mark.slow  # it measures time, which a busy machine stretches
def test_a_function_is_called_within_a_second(client: Clients) -> None:
    lambdas.function(client, "mark", "sqs:SendMessage", code=MARK)
    url = client("sqs").create_queue(QueueName="marks")["QueueUrl"]
    client("lambda").invoke(FunctionName="mark", Payload=json.dumps({"queue": url}))
    assert marks(client, url, 20)
    due = int(time.time()) + 3
    to_function(client, "prompt", f"at({datetime.datetime.fromtimestamp(due, datetime.UTC):%Y-%m-%dT%H:%M:%S})")
    (mark,) = marks(client, url, 20)
    assert due <= mark["at"] < due + 1


def test_a_disabled_schedule_is_silent_until_it_is_enabled(client: Clients) -> None:
    due = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=1)
    url = to_function(client, "off", f"at({due:%Y-%m-%dT%H:%M:%S})", State="DISABLED")
    assert marks(client, url, 4) == []
    kept = client("scheduler").get_schedule(Name="off")
    again = {name: kept[name] for name in ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")}
    client("scheduler").update_schedule(**again, State="ENABLED")
    assert [mark["name"] for mark in marks(client, url, 20)] == ["off"]
    assert not [name for name in client("scheduler").get_schedule(Name="off") if name.startswith("_")]


@pytest.mark.parametrize(
    "given",
    [
        {"ScheduleExpression": "rate(0.5 hours)"},
        {"ScheduleExpression": "cron(* * * * * *)"},
        {"ScheduleExpression": "at(tomorrow)"},
        {"ScheduleExpression": "rate(1 hour)", "ScheduleExpressionTimezone": "Mars/Olympus"},
    ],
    ids=str,
)
def test_what_never_comes_is_refused(client: Clients, given: dict[str, str]) -> None:
    target = {"Arn": "arn:aws:sqs:eu-west-1:1:q", "RoleArn": lambdas.role(client, "due")}
    with pytest.raises(botocore.exceptions.ClientError, match="Invalid Schedule Expression"):
        client("scheduler").create_schedule(Name="s", FlexibleTimeWindow={"Mode": "OFF"}, Target=target, **given)


@pytest.mark.slow  # it waits for two whole minutes
def test_every_minute_and_on_the_minute(client: Clients) -> None:
    began = time.time()
    url = to_function(client, "rate", "rate(1 minute)")
    to_function(client, "cron", "cron(* * * * ? *)")
    found: list[dict[str, Any]] = []
    while len(found) < 4 and time.time() < began + 150:
        found += marks(client, url, 20)
    rates, crons = ([mark["at"] for mark in found if mark["name"] == name] for name in ("rate", "cron"))
    assert all(at % 60 < 3 for at in crons)
    assert 57 < rates[0] - began < 75  # from its making, some seconds after
    assert all(57 < later - earlier < 63 for times in (rates, crons) for earlier, later in itertools.pairwise(times))
