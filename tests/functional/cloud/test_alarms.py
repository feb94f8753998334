"""A figure raises an alarm, the alarm tells a topic, also one of another account, and the message arrives."""

from __future__ import annotations

import http.server
import json
import queue
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from stackyard.cloud.client import EmbeddedCloud, account_of
from tests.functional.cloud import lambdas
from tests.functional.cloud.conftest import Clients, client_of


@pytest.fixture
def shared(embedded_cloud: EmbeddedCloud, request: pytest.FixtureRequest) -> Clients:
    """Clients of the account that has the topic."""
    environ = embedded_cloud.environ(account_of(f"monitoring-{request.node.name}"))
    return lambda service, **given: client_of(environ, service, **given)


def topic_and_queue(clients: Clients) -> tuple[str, str]:
    """A topic with a queue behind it: the topic's ARN and the queue's URL."""
    sns, sqs = clients("sns"), clients("sqs")
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    url = sqs.create_queue(QueueName="alarms")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }  # fmt: skip
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": lambdas.policy(statement)})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return topic, url


def admit(clients: Clients, topic: str, **condition: Any) -> None:
    """Let CloudWatch publish to a topic."""
    statement = {
        "Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": "sns:Publish",
        "Resource": topic, **condition,
    }  # fmt: skip
    clients("sns").set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=lambdas.policy(statement)
    )


def alarm(clients: Clients, topic: str, environment: str, namespace: str = "runs") -> None:
    """An alarm over the failed runs of one environment."""
    clients("cloudwatch").put_metric_alarm(
        AlarmName=environment, Namespace=namespace, MetricName="Failed", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=0.5, ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching", AlarmActions=[topic],
        Dimensions=[{"Name": "Environment", "Value": environment}],
    )  # fmt: skip


def fail(clients: Clients, environment: str, namespace: str = "runs") -> None:
    """Count a failed run."""
    clients("cloudwatch").put_metric_data(
        Namespace=namespace,
        MetricData=[{
            "MetricName": "Failed", "Value": 1, "Unit": "Count",
            "Dimensions": [{"Name": "Environment", "Value": environment}],
        }],
    )  # fmt: skip


def state(clients: Clients, name: str) -> str:
    return str(clients("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"])


def received(clients: Clients, url: str, seconds: int = 20) -> list[dict[str, Any]]:
    """The alarms that arrived, within a time."""
    found = clients("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=seconds).get("Messages", [])
    return [json.loads(json.loads(message["Body"])["Message"]) for message in found]


def test_a_failure_arrives_at_a_queue(client: Clients) -> None:
    topic, url = topic_and_queue(client)
    alarm(client, topic, "production")
    alarm(client, topic, "other")
    fail(client, "production")
    (message,) = received(client, url)
    assert (message["AlarmName"], message["NewStateValue"]) == ("production", "ALARM")
    assert message["Trigger"]["Dimensions"] == [{"name": "Environment", "value": "production"}]
    assert (state(client, "production"), state(client, "other") == "ALARM") == ("ALARM", False)


def test_a_topic_of_another_account_hears_it_where_its_policy_admits_it(
    client: Clients, shared: Clients, fresh_account: str
) -> None:
    topic, url = topic_and_queue(shared)
    admit(shared, topic, Condition={"StringEquals": {"aws:SourceAccount": fresh_account}})
    alarm(client, topic, "production")
    fail(client, "production")
    (message,) = received(shared, url)
    assert (message["AlarmName"], message["AWSAccountId"]) == ("production", fresh_account)


@pytest.mark.parametrize("condition", [None, {"StringEquals": {"aws:SourceAccount": "999988887777"}}])
def test_a_topic_of_another_account_that_does_not_admit_it_hears_nothing(
    client: Clients, shared: Clients, condition: Any
) -> None:
    topic, url = topic_and_queue(shared)
    if condition:
        admit(shared, topic, Condition=condition)
    alarm(client, topic, "production")
    fail(client, "production")
    deadline = time.monotonic() + 20
    while state(client, "production") != "ALARM":
        assert time.monotonic() < deadline
    assert received(shared, url, 2) == []


@pytest.fixture
def listener() -> Iterator[tuple[str, queue.Queue[dict[str, Any]]]]:
    """An HTTP server: its URL, and what is posted to it."""
    posted: queue.Queue[dict[str, Any]] = queue.Queue()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            posted.put({"type": self.headers["x-amz-sns-message-type"], **json.loads(body)})
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_given: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", posted
    server.shutdown()
    server.server_close()


def test_a_failure_arrives_at_a_hook(client: Clients, listener: tuple[str, queue.Queue[dict[str, Any]]]) -> None:
    url, posted = listener
    sns = client("sns")
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=url)
    asked = posted.get(timeout=20)
    assert asked["Type"] == "SubscriptionConfirmation"
    sns.confirm_subscription(TopicArn=topic, Token=asked["Token"])
    alarm(client, topic, "production")
    fail(client, "production")
    told = posted.get(timeout=20)
    assert told["Type"] == "Notification"
    assert json.loads(told["Message"])["AlarmName"] == "production"


def test_a_function_hears_it(client: Clients) -> None:
    arn = lambdas.function(client, "who")
    topic = client("sns").create_topic(Name="alarms")["TopicArn"]
    client("lambda").add_permission(
        FunctionName="who", StatementId="s", Action="lambda:InvokeFunction", Principal="sns.amazonaws.com"
    )
    client("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    alarm(client, topic, "production")
    fail(client, "production")
    deadline = time.monotonic() + 20
    logs = client("logs")
    while not logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/who")["logGroups"]:
        assert time.monotonic() < deadline


def test_an_alarm_may_look_at_functions(client: Clients) -> None:
    """The figures that Lambda itself counts."""
    lambdas.function(client, "quit", code="def quit(event, context):\n    raise ValueError('x')\n")
    topic, url = topic_and_queue(client)
    client("cloudwatch").put_metric_alarm(
        AlarmName="errors", Namespace="AWS/Lambda", MetricName="Errors", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=0.5, ComparisonOperator="GreaterThanThreshold", AlarmActions=[topic],
        Dimensions=[{"Name": "FunctionName", "Value": "quit"}],
    )  # fmt: skip
    client("lambda").invoke(FunctionName="quit", Payload=b"{}")
    assert [message["AlarmName"] for message in received(client, url)] == ["errors"]
