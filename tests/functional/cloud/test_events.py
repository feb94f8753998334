"""What one service sets off in another, in an account that is not the emulator's own."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.functional.cloud import lambdas
from tests.functional.cloud.conftest import Clients

SEND = ("sqs:*", "logs:*")


def queue(client: Clients, name: str) -> tuple[str, str]:
    """A queue that every service may send to: its URL and ARN."""
    sqs = client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    anyone = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": lambdas.policy(anyone)})
    return url, arn


def arrived(client: Clients, url: str) -> Any:
    """The body of the next message, as JSON."""
    messages = client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=15).get("Messages", [])
    assert messages, "nothing arrived"
    return json.loads(messages[0]["Body"])


def test_a_topic_to_a_queue(client: Clients) -> None:
    url, arn = queue(client, "subscribed")
    topic = client("sns").create_topic(Name="news")["TopicArn"]
    client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    client("sns").publish(TopicArn=topic, Message="hello")
    assert arrived(client, url)["Message"] == "hello"


def test_a_rule_to_a_queue(client: Clients) -> None:
    url, arn = queue(client, "ruled")
    events = client("events")
    events.put_rule(Name="r", EventPattern=json.dumps({"source": ["test"]}))
    events.put_targets(Rule="r", Targets=[{"Id": "q", "Arn": arn}])
    events.put_events(Entries=[{"Source": "test", "DetailType": "t", "Detail": '{"n": 1}'}])
    assert arrived(client, url)["detail"] == {"n": 1}


def test_a_bucket_to_a_queue(client: Clients) -> None:
    url, arn = queue(client, "notified")
    s3 = client("s3")
    s3.create_bucket(Bucket="notifying", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_notification_configuration(
        Bucket="notifying",
        NotificationConfiguration={"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]},
    )
    client("sqs").purge_queue(QueueUrl=url)  # the test event that S3 sends first
    s3.put_object(Bucket="notifying", Key="k", Body=b"x")
    assert arrived(client, url)["Records"][0]["s3"]["object"]["key"] == "k"


def _from_queue(client: Clients, arn: str) -> Callable[[], None]:
    url, source = queue(client, "source")
    client("lambda").create_event_source_mapping(FunctionName=arn, EventSourceArn=source, BatchSize=1)
    return lambda: client("sqs").send_message(QueueUrl=url, MessageBody="go")


def _from_topic(client: Clients, arn: str) -> Callable[[], None]:
    topic = client("sns").create_topic(Name="t")["TopicArn"]
    _allow(client, "sns.amazonaws.com")
    client("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    return lambda: client("sns").publish(TopicArn=topic, Message="go")


def _from_rule(client: Clients, arn: str) -> Callable[[], None]:
    events = client("events")
    events.put_rule(Name="r", EventPattern=json.dumps({"source": ["test"]}))
    _allow(client, "events.amazonaws.com")
    events.put_targets(Rule="r", Targets=[{"Id": "f", "Arn": arn}])
    return lambda: events.put_events(Entries=[{"Source": "test", "DetailType": "t", "Detail": "{}"}])


def _from_table(client: Clients, arn: str) -> Callable[[], None]:
    table = client("dynamodb")
    made = table.create_table(
        TableName="streaming", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]  # fmt: skip
    client("lambda").create_event_source_mapping(
        FunctionName=arn, EventSourceArn=made["LatestStreamArn"], StartingPosition="TRIM_HORIZON"
    )
    return lambda: table.put_item(TableName="streaming", Item={"id": {"S": "go"}})


def _allow(client: Clients, service: str) -> None:
    client("lambda").add_permission(
        FunctionName="who", StatementId="s", Action="lambda:InvokeFunction", Principal=service
    )


@pytest.mark.parametrize("source", [_from_queue, _from_topic, _from_rule, _from_table])
def test_to_a_function(client: Clients, source: Callable[[Clients, str], Callable[[], None]]) -> None:
    arn = lambdas.function(client, "who", "sqs:*", "dynamodb:*")
    source(client, arn)()
    deadline = time.monotonic() + 20
    while not _called(client):
        assert time.monotonic() < deadline, "the function was not called"


def _called(client: Clients) -> bool:
    logs = client("logs")
    groups = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/who")["logGroups"]
    return bool(groups and logs.filter_log_events(logGroupName="/aws/lambda/who", filterPattern="stdout")["events"])


def test_a_state_machine_calls_a_function(client: Clients) -> None:
    arn = lambdas.function(client, "echo")
    trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam = client("iam")
    role = iam.create_role(RoleName="states", AssumeRolePolicyDocument=lambdas.policy(trust))["Role"]["Arn"]
    invoke = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}
    iam.put_role_policy(RoleName="states", PolicyName="p", PolicyDocument=lambdas.policy(invoke))
    definition = {"StartAt": "f", "States": {"f": {"Type": "Task", "Resource": arn, "End": True}}}
    states = client("stepfunctions")
    machine = states.create_state_machine(name="m", definition=json.dumps(definition), roleArn=role, type="EXPRESS")[
        "stateMachineArn"
    ]
    execution = states.start_sync_execution(stateMachineArn=machine, input='{"path": "/p"}')
    assert json.loads(execution["output"])["statusCode"] == 200
