"""Schedules fire within a second or two of their time."""

from __future__ import annotations

import datetime
import json
import time

from tests.functional.cloud import lambdas
from tests.functional.cloud.conftest import Clients


def test_a_schedule_is_on_time(client: Clients, fresh_account: str) -> None:
    sqs, iam = client("sqs"), client("iam")
    url = sqs.create_queue(QueueName="due")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    trust = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName="due", AssumeRolePolicyDocument=lambdas.policy(trust))["Role"]["Arn"]
    send = lambdas.policy({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn})
    iam.put_role_policy(RoleName="due", PolicyName="send", PolicyDocument=send)
    due = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=1)
    client("scheduler").create_schedule(
        Name="due", ScheduleExpression=f"at({due:%Y-%m-%dT%H:%M:%S})", FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn, "RoleArn": role, "Input": json.dumps({"due": True})},
    )  # fmt: skip
    began = time.monotonic()
    messages = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20).get("Messages", [])
    assert len(messages) == 1
    assert time.monotonic() - began < 6  # it was up to ten seconds late
