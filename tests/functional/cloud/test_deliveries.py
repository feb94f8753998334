"""What services deliver across accounts arrives where the receiver's policy admits it, and nowhere else."""

from __future__ import annotations

import json
from typing import Any

import botocore.exceptions
import pytest

from stackyard.cloud.client import EmbeddedCloud, account_of
from tests.functional.cloud import lambdas
from tests.functional.cloud.conftest import Clients, client_of

TELL = """
import boto3

def tell(event, context):
    boto3.client("sqs").send_message(QueueUrl="URL", MessageBody="x")
"""


@pytest.fixture
def other(embedded_cloud: EmbeddedCloud, request: pytest.FixtureRequest) -> Clients:
    """Clients of the account that receives."""
    environ = embedded_cloud.environ(account_of(f"receiver-{request.node.name}"))
    return lambda service, **given: client_of(environ, service, **given)


def account(clients: Clients) -> str:
    return str(clients("sts").get_caller_identity()["Account"])


def queue(clients: Clients, *statements: dict[str, Any], name: str = "received") -> tuple[str, str]:
    """The URL and the ARN of a queue with these statements."""
    sqs = clients("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    whole = [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn, **one} for one in statements]
    if whole:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": lambdas.policy(*whole)})
    return url, arn


def received(clients: Clients, url: str, seconds: int) -> list[str]:
    found = clients("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=seconds).get("Messages", [])
    return [message["Body"] for message in found]


@pytest.mark.parametrize("admitted", [True, False])
def test_a_topic_to_a_queue_of_another_account(client: Clients, other: Clients, admitted: bool) -> None:
    topic = client("sns").create_topic(Name="t")["TopicArn"]
    from_topic = {"Principal": {"Service": "sns.amazonaws.com"}, "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}
    elsewhere = {**from_topic, "Condition": {"ArnEquals": {"aws:SourceArn": f"{topic}-other"}}}
    url, arn = queue(other, from_topic if admitted else elsewhere)
    # The receiver subscribes, for which the topic's owner lets it.
    statement = {
        "Effect": "Allow", "Principal": {"AWS": account(other)}, "Action": "sns:Subscribe", "Resource": topic,
    }  # fmt: skip
    client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=lambdas.policy(statement))
    other("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    client("sns").publish(TopicArn=topic, Message="m")
    found = received(other, url, 10 if admitted else 2)
    assert [json.loads(body)["Message"] for body in found] == (["m"] if admitted else [])


@pytest.mark.parametrize("admitted", [True, False])
def test_a_rule_to_a_bus_of_another_account(client: Clients, other: Clients, admitted: bool) -> None:
    url, arn = queue(other, {"Principal": {"Service": "events.amazonaws.com"}})
    theirs = other("events")
    bus = theirs.create_event_bus(Name="b")["EventBusArn"]
    principal = account(client) if admitted else "999988887777"
    statement = {
        "Sid": "s", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{principal}:root"},
        "Action": "events:PutEvents", "Resource": bus,
    }  # fmt: skip
    theirs.put_permission(EventBusName="b", Policy=lambdas.policy(statement))
    theirs.put_rule(Name="r", EventBusName="b", EventPattern=json.dumps({"source": ["mine"]}))
    theirs.put_targets(Rule="r", EventBusName="b", Targets=[{"Id": "1", "Arn": arn}])
    trust = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam, events = client("iam"), client("events")
    role = iam.create_role(RoleName="events", AssumeRolePolicyDocument=lambdas.policy(trust))["Role"]["Arn"]
    put = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": bus}
    iam.put_role_policy(RoleName="events", PolicyName="p", PolicyDocument=lambdas.policy(put))
    events.put_rule(Name="out", EventPattern=json.dumps({"source": ["mine"]}))
    events.put_targets(Rule="out", Targets=[{"Id": "1", "Arn": bus, "RoleArn": role}])
    events.put_events(Entries=[{"Source": "mine", "DetailType": "d", "Detail": '{"n": 1}'}])
    found = received(other, url, 10 if admitted else 2)
    assert [json.loads(body)["detail"] for body in found] == ([{"n": 1}] if admitted else [])
    assert all(json.loads(body)["account"] == account(client) for body in found)


@pytest.mark.parametrize("admitted", [True, False])
def test_a_rule_to_a_queue(client: Clients, admitted: bool) -> None:
    name = "events" if admitted else "sns"
    url, arn = queue(client, {"Principal": {"Service": f"{name}.amazonaws.com"}})
    events = client("events")
    events.put_rule(Name="r", EventPattern=json.dumps({"source": ["mine"]}))
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": arn}])
    events.put_events(Entries=[{"Source": "mine", "DetailType": "d", "Detail": "{}"}])
    assert len(received(client, url, 10 if admitted else 2)) == admitted


@pytest.mark.parametrize("admitted", [True, False])
def test_a_rule_to_a_function(client: Clients, admitted: bool) -> None:
    url, _ = queue(client)
    arn = lambdas.function(client, "tell", "sqs:SendMessage", code=TELL.replace("URL", url))
    if admitted:
        client("lambda").add_permission(
            FunctionName="tell", StatementId="s", Action="lambda:InvokeFunction", Principal="events.amazonaws.com"
        )
    events = client("events")
    events.put_rule(Name="r", EventPattern=json.dumps({"source": ["mine"]}))
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": arn}])
    events.put_events(Entries=[{"Source": "mine", "DetailType": "d", "Detail": "{}"}])
    assert len(received(client, url, 15 if admitted else 3)) == admitted


@pytest.mark.parametrize("engine", ["docdb", "neptune", "aurora-postgresql"])
def test_databases_that_do_not_run_are_refused(client: Clients, engine: str) -> None:
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        client("rds").create_db_cluster(
            DBClusterIdentifier="c", Engine=engine, MasterUsername="owner", MasterUserPassword="sesame-open"
        )
    assert caught.value.response["Error"]["Code"] == "NotEmulated"
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        client("docdb").create_db_instance(
            DBInstanceIdentifier="c", DBClusterIdentifier="c", DBInstanceClass="db.r5.large", Engine=engine
        )
    assert caught.value.response["Error"]["Code"] == "NotEmulated"
