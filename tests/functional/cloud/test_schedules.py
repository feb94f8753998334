"""Schedules fire within a second or two of their time."""

from __future__ import annotations

import datetime
import json
import time

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
