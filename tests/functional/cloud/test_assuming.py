"""Roles of other accounts: who may take them, under what conditions, and what the session then is."""

from __future__ import annotations

from typing import Any

import botocore.exceptions
import pytest

from stackyard.cloud.client import EmbeddedCloud, account_of
from tests.functional.cloud import lambdas
from tests.functional.cloud.conftest import Clients, client_of
from tests.functional.cloud.test_functions import call
from tests.functional.cloud.test_passing import allow, user

CODE = """
import boto3

def visit(event, context):
    keys = boto3.client("sts").assume_role(RoleArn=event["role"], RoleSessionName="visit")["Credentials"]
    there = {"aws_access_key_id": keys["AccessKeyId"], "aws_secret_access_key": keys["SecretAccessKey"],
             "aws_session_token": keys["SessionToken"]}
    boto3.client("sqs", **there).create_queue(QueueName="visited")
    return boto3.client("sts", **there).get_caller_identity()["Arn"]
"""


@pytest.fixture
def other(embedded_cloud: EmbeddedCloud, request: pytest.FixtureRequest) -> Clients:
    """Clients of a second account, of this test alone."""
    environ = embedded_cloud.environ(account_of(f"other-{request.node.name}"))
    return lambda service, **given: client_of(environ, service, **given)


def account(clients: Clients) -> str:
    return str(clients("sts").get_caller_identity()["Account"])


def trusting(clients: Clients, name: str, principal: str, *actions: str, **condition: Any) -> str:
    """A role that `principal` may take and that may do `actions`; returns its ARN."""
    names = ["sts:AssumeRole", "sts:TagSession"]
    trust = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": names, **condition}
    iam = clients("iam")
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=lambdas.policy(trust))["Role"]["Arn"]
    for action in actions:
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=lambdas.policy(allow(action)))
    return arn


def session(clients: Clients, service: str, keys: dict[str, str]) -> Any:
    """A client with the credentials of AssumeRole."""
    return clients(
        service, aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )  # fmt: skip


def denied(act: Any) -> None:
    with pytest.raises(botocore.exceptions.ClientError, match=r"AccessDenied|not authorized"):
        act()


def test_a_role_of_another_account_is_taken_by_whom_it_trusts(client: Clients, other: Clients) -> None:
    role = trusting(other, "door", f"arn:aws:iam::{account(client)}:root", "sqs:*")
    me = user(client, "sts", allow("sts:AssumeRole", role))
    taken = me.assume_role(RoleArn=role, RoleSessionName="run-1")
    assert taken["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{account(other)}:assumed-role/door/run-1"
    url = session(client, "sqs", taken["Credentials"]).create_queue(QueueName="made")["QueueUrl"]
    assert account(other) in url
    denied(lambda: session(client, "s3", taken["Credentials"]).list_buckets())


def test_both_sides_must_allow_it(client: Clients, other: Clients) -> None:
    closed = trusting(other, "closed", "arn:aws:iam::999988887777:root")
    open_ = trusting(other, "open", f"arn:aws:iam::{account(client)}:root")
    me = user(client, "sts", allow("sts:AssumeRole", closed))
    denied(lambda: me.assume_role(RoleArn=closed, RoleSessionName="run"))
    denied(lambda: me.assume_role(RoleArn=open_, RoleSessionName="run"))


def test_an_external_id_is_asked_for(client: Clients, other: Clients) -> None:
    asked = {"Condition": {"StringEquals": {"sts:ExternalId": "the-id"}}}
    role = trusting(other, "door", f"arn:aws:iam::{account(client)}:root", **asked)
    me = user(client, "sts", allow("sts:AssumeRole"))
    denied(lambda: me.assume_role(RoleArn=role, RoleSessionName="run"))
    denied(lambda: me.assume_role(RoleArn=role, RoleSessionName="run", ExternalId="another"))
    assert me.assume_role(RoleArn=role, RoleSessionName="run", ExternalId="the-id")["Credentials"]


def test_a_session_name_is_asked_for(client: Clients, other: Clients) -> None:
    asked = {"Condition": {"StringLike": {"sts:RoleSessionName": "run-*"}}}
    role = trusting(other, "door", f"arn:aws:iam::{account(client)}:root", **asked)
    me = user(client, "sts", allow("sts:AssumeRole"))
    denied(lambda: me.assume_role(RoleArn=role, RoleSessionName="person"))
    assert me.assume_role(RoleArn=role, RoleSessionName="run-7")["Credentials"]


def test_only_a_named_role_takes_it(client: Clients, other: Clients) -> None:
    mine = account(client)
    asked = {"Condition": {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{mine}:role/runner-*"}}}
    role = trusting(other, "door", f"arn:aws:iam::{mine}:root", **asked)
    for name in ("runner-1", "person"):
        trusting(client, name, f"arn:aws:iam::{mine}:root", "sts:AssumeRole")
    keys = {
        name: client("sts").assume_role(RoleArn=f"arn:aws:iam::{mine}:role/{name}", RoleSessionName="run")[
            "Credentials"
        ]
        for name in ("runner-1", "person")
    }
    denied(lambda: session(client, "sts", keys["person"]).assume_role(RoleArn=role, RoleSessionName="run"))
    assert session(client, "sts", keys["runner-1"]).assume_role(RoleArn=role, RoleSessionName="run")["Credentials"]


def test_tags_of_a_session_are_what_policies_see(client: Clients) -> None:
    mine = account(client)
    role = trusting(client, "tagged", f"arn:aws:iam::{mine}:root")
    own = {"Condition": {"StringEquals": {"aws:PrincipalTag/team": "a"}}}
    client("iam").put_role_policy(
        RoleName="tagged", PolicyName="p", PolicyDocument=lambdas.policy(allow("sqs:CreateQueue", **own))
    )
    for team, works in (("a", True), ("b", False)):
        taken = client("sts").assume_role(
            RoleArn=role, RoleSessionName="run", Tags=[{"Key": "team", "Value": team}]
        )["Credentials"]  # fmt: skip
        api = session(client, "sqs", taken)
        if works:
            api.create_queue(QueueName="made")
        else:
            denied(lambda api=api: api.create_queue(QueueName="other"))


def test_a_session_policy_narrows_the_role(client: Clients) -> None:
    role = trusting(client, "wide", f"arn:aws:iam::{account(client)}:root", "sqs:*")
    narrow = lambdas.policy(allow("sqs:CreateQueue", "arn:aws:sqs:*:*:mine-*"))
    taken = client("sts").assume_role(RoleArn=role, RoleSessionName="run", Policy=narrow)["Credentials"]
    api = session(client, "sqs", taken)
    api.create_queue(QueueName="mine-1")
    denied(lambda: api.create_queue(QueueName="other"))


def test_a_function_goes_to_another_account(client: Clients, other: Clients) -> None:
    role = trusting(other, "door", f"arn:aws:iam::{account(client)}:role/for-visit", "sqs:CreateQueue")
    lambdas.function(client, "visit", "sts:AssumeRole", code=CODE)
    returned, _ = call(client, "visit", {"role": role})
    assert returned == f"arn:aws:sts::{account(other)}:assumed-role/door/visit"
    assert len(other("sqs").list_queues()["QueueUrls"]) == 1
    closed = trusting(other, "closed", f"arn:aws:iam::{account(client)}:role/somebody", "sqs:CreateQueue")
    assert "AccessDenied" in call(client, "visit", {"role": closed})[0]["errorMessage"]
