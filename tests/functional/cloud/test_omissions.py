"""What is told to the cloud is what it says and does."""

from __future__ import annotations

import json
from typing import Any

import botocore.exceptions
import pytest

from stackyard.cloud.client import EmbeddedCloud
from tests.functional.cloud.conftest import Clients
from tests.functional.cloud.test_websites import get, site


def test_an_alarm_looks_at_its_own_dimensions(client: Clients) -> None:
    metrics = client("cloudwatch")
    for stage in ("dev", "live"):
        metrics.put_metric_alarm(
            AlarmName=stage, Namespace="n", MetricName="errors", Statistic="Sum", Period=60, EvaluationPeriods=1,
            Threshold=0.5, ComparisonOperator="GreaterThanThreshold", Dimensions=[{"Name": "stage", "Value": stage}],
        )  # fmt: skip
    dimensions = [{"Name": "stage", "Value": "dev"}]
    metrics.put_metric_data(
        Namespace="n", MetricData=[{"MetricName": "errors", "Value": 1.0, "Dimensions": dimensions}]
    )
    states = {row["AlarmName"]: row["StateValue"] for row in metrics.describe_alarms()["MetricAlarms"]}
    assert states == {"dev": "ALARM", "live": "INSUFFICIENT_DATA"}


def test_an_alarm_over_several_metrics_keeps_them(client: Clients) -> None:
    metrics = client("cloudwatch")
    stat = {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}
    queries = [
        {"Id": "e1", "Expression": "m1 * 2", "ReturnData": True},
        {"Id": "m1", "MetricStat": stat, "ReturnData": False},
    ]
    metrics.put_metric_alarm(
        AlarmName="a", EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold", Metrics=queries
    )
    alarm = metrics.describe_alarms()["MetricAlarms"][0]
    assert [row["Id"] for row in alarm["Metrics"]] == ["e1", "m1"]
    assert "MetricName" not in alarm


def test_a_bus_has_the_policy_it_was_given(client: Clients) -> None:
    events = client("events")
    arn = events.create_event_bus(Name="b")["EventBusArn"]
    statement = {
        "Sid": "a", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::210987654321:root"},
        "Action": "events:PutEvents", "Resource": arn,
    }  # fmt: skip
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    events.put_permission(EventBusName="b", Policy=json.dumps(policy))
    assert json.loads(events.describe_event_bus(Name="b")["Policy"]) == policy


def test_who_pays_for_requests(client: Clients) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="paying", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert s3.get_bucket_request_payment(Bucket="paying")["Payer"] == "BucketOwner"
    s3.put_bucket_request_payment(Bucket="paying", RequestPaymentConfiguration={"Payer": "Requester"})
    assert s3.get_bucket_request_payment(Bucket="paying")["Payer"] == "Requester"


def _without_account(request: Any, **_named: Any) -> None:
    request.url = request.url.replace(f"//{request.headers['x-amz-account-id']}.", "//")


def test_the_account_s_block_counts(client: Clients, embedded_cloud: EmbeddedCloud, fresh_account: str) -> None:
    control = client("s3control")
    # The SDK puts the account before an address that has no names below it.
    control.meta.events.register("before-sign.s3-control", _without_account)
    with pytest.raises(botocore.exceptions.ClientError, match="NoSuchPublicAccessBlockConfiguration"):
        control.get_public_access_block(AccountId=fresh_account)
    host = site(client, "blocked-site", public=True)
    assert get(embedded_cloud, host, "/")[0] == 200
    block = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True,
             "RestrictPublicBuckets": True}  # fmt: skip
    control.put_public_access_block(AccountId=fresh_account, PublicAccessBlockConfiguration=block)
    answer = control.get_public_access_block(AccountId=fresh_account)
    assert answer["PublicAccessBlockConfiguration"] == block
    assert get(embedded_cloud, host, "/")[0] == 403
    control.delete_public_access_block(AccountId=fresh_account)
    assert get(embedded_cloud, host, "/")[0] == 200


def test_a_connection_is_updated(client: Clients, fresh_account: str) -> None:
    glue = client("glue")
    settings = {"Name": "c", "ConnectionType": "JDBC", "ConnectionProperties": {"USERNAME": "me"}}
    glue.create_connection(ConnectionInput=settings, Tags={"a": "b"})
    arn = f"arn:aws:glue:eu-west-1:{fresh_account}:connection/c"
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"a": "b"}
    glue.update_connection(Name="c", ConnectionInput={**settings, "Description": "two"})
    assert glue.get_connection(Name="c")["Connection"]["Description"] == "two"
    with pytest.raises(botocore.exceptions.ClientError, match="EntityNotFound"):
        glue.update_connection(Name="other", ConnectionInput=settings)


def test_a_group_is_updated(client: Clients) -> None:
    cognito = client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="p")["UserPool"]["Id"]
    cognito.create_group(UserPoolId=pool, GroupName="g", Description="one", Precedence=3)
    cognito.update_group(UserPoolId=pool, GroupName="g", Precedence=4)
    group = cognito.get_group(UserPoolId=pool, GroupName="g")["Group"]
    assert (group["Description"], group["Precedence"]) == ("one", 4)
