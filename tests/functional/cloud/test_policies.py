"""Policies say what they say on AWS: conditions, variables, and resources whatever they are called by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import botocore.exceptions
import pytest

from tests.functional.cloud import lambdas
from tests.functional.cloud.conftest import Clients
from tests.functional.cloud.test_passing import allow, user

Api = Any


def allowed(act: Callable[[], Any]) -> bool:
    """Whether a call is let through; any other failure than a denial is raised."""
    try:
        act()
    except botocore.exceptions.ClientError as fault:
        if fault.response["Error"]["Code"] not in ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"):
            raise
        return False
    return True


@pytest.fixture
def tenant(client: Clients) -> Api:
    """A DynamoDB client that may touch the items of partition `mine` alone."""
    client("dynamodb").create_table(
        TableName="shared", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )  # fmt: skip
    own = {"Condition": {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["mine"]}}}
    return user(client, "dynamodb", allow("dynamodb:*", **own))


ITEM_CALLS: dict[str, Callable[[Api, str], Any]] = {
    "put": lambda api, key: api.put_item(TableName="shared", Item={"id": {"S": key}}),
    "get": lambda api, key: api.get_item(TableName="shared", Key={"id": {"S": key}}),
    "update": lambda api, key: api.update_item(TableName="shared", Key={"id": {"S": key}}),
    "delete": lambda api, key: api.delete_item(TableName="shared", Key={"id": {"S": key}}),
    "query": lambda api, key: api.query(
        TableName="shared", KeyConditionExpression="#k = :v", ExpressionAttributeNames={"#k": "id"},
        ExpressionAttributeValues={":v": {"S": key}},
    ),
    "batch get": lambda api, key: api.batch_get_item(
        RequestItems={"shared": {"Keys": [{"id": {"S": "mine"}}, *([] if key == "mine" else [{"id": {"S": key}}])]}}
    ),
    "batch write": lambda api, key: api.batch_write_item(
        RequestItems={"shared": [{"PutRequest": {"Item": {"id": {"S": key}}}}]}
    ),
    "transaction": lambda api, key: api.transact_write_items(
        TransactItems=[{"Put": {"TableName": "shared", "Item": {"id": {"S": key}}}}]
    ),
}  # fmt: skip


@pytest.mark.parametrize("call", ITEM_CALLS)
def test_leading_keys(tenant: Api, call: str) -> None:
    assert allowed(lambda: ITEM_CALLS[call](tenant, "mine"))
    assert not allowed(lambda: ITEM_CALLS[call](tenant, "theirs"))


def test_leading_keys_and_partiql(tenant: Api) -> None:
    assert not allowed(lambda: tenant.execute_statement(Statement="SELECT * FROM shared WHERE id='theirs'"))


def test_variables(client: Clients) -> None:
    client("s3").create_bucket(Bucket="homes", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    api = user(client, "s3", allow("s3:PutObject", "arn:aws:s3:::homes/${aws:username}/*"))
    assert allowed(lambda: api.put_object(Bucket="homes", Key="u/x", Body=b""))
    assert not allowed(lambda: api.put_object(Bucket="homes", Key="other/x", Body=b""))
    assert not allowed(lambda: api.put_object(Bucket="homes", Key="${aws:username}/x", Body=b""))


def test_a_table_is_the_same_by_its_arn(client: Clients) -> None:
    client("dynamodb").create_table(
        TableName="mine", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )  # fmt: skip
    arn = client("dynamodb").describe_table(TableName="mine")["Table"]["TableArn"]
    own = user(client, "dynamodb", allow("dynamodb:*", arn))
    tags = [{"Key": "Owner", "Value": "me"}]
    assert allowed(lambda: own.tag_resource(ResourceArn=arn, Tags=tags))
    assert not allowed(lambda: own.tag_resource(ResourceArn=f"{arn}-other", Tags=tags))


def test_a_new_function_is_named_in_its_policy(client: Clients) -> None:
    own = user(client, "lambda", allow("lambda:*", "arn:aws:lambda:*:*:function:api-*"))
    given = {"Role": "arn:aws:iam::123456789012:role/r", "Code": {"ZipFile": b""}, "Runtime": "python3.12"}

    def made(name: str) -> bool:
        try:
            own.create_function(FunctionName=name, Handler="a.b", **given)
        except botocore.exceptions.ClientError as fault:
            return "lambda:CreateFunction" not in str(fault)
        return True

    assert made("api-get")
    assert not made("core-get")


def test_tags_of_requests_and_resources(client: Clients) -> None:
    tagged = {"Condition": {"StringEquals": {"aws:RequestTag/team": "a"}}}
    owned = {"Condition": {"StringEquals": {"ec2:ResourceTag/team": "a"}}}
    api = user(client, "ec2", allow("ec2:CreateVpc", **tagged), allow("ec2:DeleteVpc", **owned))
    tags = [{"ResourceType": "vpc", "Tags": [{"Key": "team", "Value": "a"}]}]
    assert not allowed(lambda: api.create_vpc(CidrBlock="10.0.0.0/16"))
    mine = api.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tags)["Vpc"]["VpcId"]
    other = client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    assert not allowed(lambda: api.delete_vpc(VpcId=other))
    assert allowed(lambda: api.delete_vpc(VpcId=mine))


def test_namespaces_of_figures(client: Clients) -> None:
    own = {"Condition": {"StringLike": {"cloudwatch:namespace": "site/*"}}}
    api = user(client, "cloudwatch", allow("cloudwatch:PutMetricData", **own))
    figures = [{"MetricName": "FailedRuns", "Value": 1.0}]
    assert allowed(lambda: api.put_metric_data(Namespace="site/shop/prod", MetricData=figures))
    assert not allowed(lambda: api.put_metric_data(Namespace="Platform", MetricData=figures))


def test_a_key_by_its_alias(client: Clients) -> None:
    kms = client("kms")
    keys = [kms.create_key()["KeyMetadata"] for _ in range(2)]
    for number, key in enumerate(keys):
        kms.create_alias(AliasName=f"alias/k{number}", TargetKeyId=key["KeyId"])
    api = user(client, "kms", allow("kms:Encrypt", keys[0]["Arn"]))
    assert allowed(lambda: api.encrypt(KeyId="alias/k0", Plaintext=b"x"))
    assert not allowed(lambda: api.encrypt(KeyId="alias/k1", Plaintext=b"x"))


def test_a_log_group_and_its_streams(client: Clients, fresh_account: str) -> None:
    logs = client("logs")
    for name in ("/mine", "/theirs"):
        logs.create_log_group(logGroupName=name)
        logs.create_log_stream(logGroupName=name, logStreamName="s")
    api = user(client, "logs", allow("logs:*", f"arn:aws:logs:eu-west-1:{fresh_account}:log-group:/mine:*"))
    event = [{"timestamp": 1_700_000_000_000, "message": "m"}]
    assert allowed(lambda: api.put_log_events(logGroupName="/mine", logStreamName="s", logEvents=event))
    assert allowed(lambda: api.get_log_events(logGroupName="/mine", logStreamName="s"))
    assert not allowed(lambda: api.get_log_events(logGroupName="/theirs", logStreamName="s"))


def test_a_single_stream(client: Clients, fresh_account: str) -> None:
    logs = client("logs")
    logs.create_log_group(logGroupName="/runs", tags={"team": "a"})
    for name in ("acme/1", "other/1"):
        logs.create_log_stream(logGroupName="/runs", logStreamName=name)
    arn = f"arn:aws:logs:eu-west-1:{fresh_account}:log-group:/runs"
    api = user(
        client, "logs", allow("logs:*", f"{arn}:log-stream:acme/*"), allow("logs:DescribeLogStreams", f"{arn}:*")
    )
    event = [{"timestamp": 1_700_000_000_000, "message": "m"}]

    def read(stream: str, **group: str) -> Any:
        return api.get_log_events(**(group or {"logGroupName": "/runs"}), logStreamName=stream)

    assert allowed(lambda: api.put_log_events(logGroupName="/runs", logStreamName="acme/1", logEvents=event))
    assert allowed(lambda: read("acme/1"))
    assert allowed(lambda: read("acme/1", logGroupIdentifier=arn))
    assert allowed(lambda: api.create_log_stream(logGroupName="/runs", logStreamName="acme/2"))
    assert allowed(lambda: api.describe_log_streams(logGroupName="/runs"))
    assert not allowed(lambda: read("other/1"))
    assert not allowed(lambda: read("other/1", logGroupIdentifier=arn))
    assert not allowed(lambda: api.put_log_events(logGroupName="/runs", logStreamName="other/1", logEvents=event))
    assert not allowed(lambda: api.delete_log_stream(logGroupName="/runs", logStreamName="other/1"))
    assert not allowed(lambda: api.filter_log_events(logGroupName="/runs"))


def test_the_tags_of_a_stream_s_group(client: Clients) -> None:
    logs = client("logs")
    for team in ("a", "b"):
        logs.create_log_group(logGroupName=f"/{team}", tags={"team": team})
        logs.create_log_stream(logGroupName=f"/{team}", logStreamName="s")
    own = {"Condition": {"StringEquals": {"aws:ResourceTag/team": "a"}}}
    api = user(client, "logs", allow("logs:GetLogEvents", **own))
    assert allowed(lambda: api.get_log_events(logGroupName="/a", logStreamName="s"))
    assert not allowed(lambda: api.get_log_events(logGroupName="/b", logStreamName="s"))


def test_one_schedule(client: Clients, fresh_account: str) -> None:
    client("scheduler").create_schedule_group(Name="acme")
    role = lambdas.role(client, "due")
    arn = f"arn:aws:scheduler:eu-west-1:{fresh_account}:schedule/acme/mine-*"
    api = user(client, "scheduler", allow("scheduler:*", arn), allow("iam:PassRole", role))
    given = {
        "GroupName": "acme", "ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": f"arn:aws:sqs:eu-west-1:{fresh_account}:q", "RoleArn": role},
    }  # fmt: skip
    assert allowed(lambda: api.create_schedule(Name="mine-1", **given))
    assert allowed(lambda: api.get_schedule(Name="mine-1", GroupName="acme"))
    assert allowed(lambda: api.update_schedule(Name="mine-1", **{**given, "State": "DISABLED"}))
    assert allowed(lambda: api.delete_schedule(Name="mine-1", GroupName="acme"))
    assert not allowed(lambda: api.create_schedule(Name="theirs", **given))
    assert not allowed(lambda: api.get_schedule(Name="mine-1"))


def test_parameters_by_any_name(client: Clients, fresh_account: str) -> None:
    for name in ("/mine/a", "/mine/b", "/theirs/a"):
        client("ssm").put_parameter(Name=name, Value="v", Type="String")
    arn = f"arn:aws:ssm:eu-west-1:{fresh_account}:parameter"
    api = user(client, "ssm", allow("ssm:Get*", f"{arn}/mine/*"))
    assert allowed(lambda: api.get_parameter(Name="/mine/a"))
    assert allowed(lambda: api.get_parameter(Name=f"{arn}/mine/a"))
    assert allowed(lambda: api.get_parameters(Names=["/mine/a", "/mine/b"]))
    assert not allowed(lambda: api.get_parameters(Names=["/mine/a", "/theirs/a"]))
    assert allowed(lambda: api.get_parameters_by_path(Path="/mine/"))
    assert not allowed(lambda: api.get_parameters_by_path(Path="/theirs/"))


def test_schedules_by_their_group(client: Clients, fresh_account: str) -> None:
    root, role = client("scheduler"), lambdas.role(client, "r", "*")
    target = {"Arn": f"arn:aws:lambda:eu-west-1:{fresh_account}:function:f", "RoleArn": role}
    said = {"ScheduleExpression": "rate(1 day)", "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target, "Name": "s"}
    for group in ("mine", "theirs"):
        root.create_schedule_group(Name=group)
        root.create_schedule(GroupName=group, **said)
    own = f"arn:aws:scheduler:eu-west-1:{fresh_account}:schedule/mine/*"
    api = user(client, "scheduler", allow("scheduler:*", own), allow("iam:PassRole", role))
    assert allowed(lambda: api.get_schedule(GroupName="mine", Name="s"))
    assert not allowed(lambda: api.get_schedule(GroupName="theirs", Name="s"))
    assert allowed(lambda: api.update_schedule(GroupName="mine", **said))
    assert not allowed(lambda: api.update_schedule(GroupName="theirs", **said))
    assert not allowed(lambda: api.update_schedule(**said))
    assert allowed(lambda: api.delete_schedule(GroupName="mine", Name="s"))


def test_partiql(client: Clients, fresh_account: str) -> None:
    arn = f"arn:aws:dynamodb:eu-west-1:{fresh_account}:table"
    for name in ("mine", "theirs"):
        client("dynamodb").create_table(
            TableName=name, BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )  # fmt: skip
    api = user(client, "dynamodb", allow("dynamodb:PartiQLSelect", f"{arn}/mine"))
    assert allowed(lambda: api.execute_statement(Statement="SELECT * FROM \"mine\" WHERE id='x'"))
    assert not allowed(lambda: api.execute_statement(Statement="SELECT * FROM theirs WHERE id='x'"))
    assert not allowed(lambda: api.execute_statement(Statement="DELETE FROM mine WHERE id='x'"))
