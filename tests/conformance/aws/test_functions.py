"""Functions (data sources) answer what the cloud has."""

from __future__ import annotations

import json
import os

import boto3
import pytest

from stackyard.errors import ProviderError, Unsupported
from stackyard.model.values import Secret
from stackyard.providers import base
from stackyard.providers.aws.provider import AwsProvider

pytestmark = pytest.mark.cloud


async def answer(provider: AwsProvider, token: str, **arguments: object) -> dict[str, object]:
    invoked = await provider.invoke(token, arguments)
    assert invoked.failures == ()
    return invoked.outputs


async def test_who_and_where(provider: AwsProvider) -> None:
    identity = await answer(provider, "aws:index/getCallerIdentity:getCallerIdentity")
    assert identity["accountId"] == identity["id"] == "123456789012"
    region = await answer(provider, "aws:index/getRegion:getRegion")
    assert (region["name"], region["region"], region["description"]) == (
        "us-east-1",
        "us-east-1",
        "US East (N. Virginia)",
    )
    partition = await answer(provider, "aws:index/getPartition:getPartition")
    assert (partition["partition"], partition["reverseDnsPrefix"]) == ("aws", "com.amazonaws")
    tags = await answer(provider, "aws:index/getDefaultTags:getDefaultTags")
    assert tags["tags"] == {"estate": "conformance"}


async def test_zones(provider: AwsProvider) -> None:
    token = "aws:index/getAvailabilityZones:getAvailabilityZones"
    names = (await answer(provider, token, state="available"))["names"]
    assert isinstance(names, list)
    assert names == sorted(names)
    assert "us-east-1a" in names
    assert "us-east-1a" not in (await answer(provider, token, excludeNames=["us-east-1a"]))["names"]  # type: ignore[operator]


async def test_the_parts_of_an_arn(provider: AwsProvider) -> None:
    arn = "arn:aws:s3:eu-west-1:1:bucket/key:x"
    parts = await answer(provider, "aws:index/getArn:getArn", arn=arn)
    assert (parts["service"], parts["region"], parts["account"], parts["resource"]) == (
        "s3",
        "eu-west-1",
        "1",
        "bucket/key:x",
    )


async def test_parameters_stay_secret(provider: AwsProvider, boto: boto3.Session) -> None:
    ssm = boto.client("ssm", endpoint_url=boto.endpoint)  # type: ignore[attr-defined]
    ssm.put_parameter(Name="/looked/up", Type="SecureString", Value="hidden")
    try:
        one = await answer(provider, "aws:ssm/getParameter:getParameter", name="/looked/up")
        assert (one["type"], one["value"], one["version"]) == ("SecureString", Secret("hidden"), 1)
        assert "insecureValue" not in one
        all_ = await answer(provider, "aws:ssm/getParametersByPath:getParametersByPath", path="/looked")
        assert (all_["names"], all_["values"]) == (["/looked/up"], Secret(["hidden"]))
    finally:
        ssm.delete_parameter(Name="/looked/up")


async def test_secrets_stay_secret(provider: AwsProvider, boto: boto3.Session) -> None:
    client = boto.client("secretsmanager", endpoint_url=boto.endpoint)  # type: ignore[attr-defined]
    arn = client.create_secret(Name="looked-up", SecretString="hidden")["ARN"]
    try:
        value = await answer(provider, "aws:secretsmanager/getSecretVersion:getSecretVersion", secretId=arn)
        assert (value["secretString"], value["versionStages"]) == (Secret("hidden"), ["AWSCURRENT"])
        secret = await answer(provider, "aws:secretsmanager/getSecret:getSecret", name="looked-up")
        assert secret["arn"] == arn
    finally:
        client.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)


async def test_apis_are_found(provider: AwsProvider, boto: boto3.Session) -> None:
    client = boto.client("apigatewayv2", endpoint_url=boto.endpoint)  # type: ignore[attr-defined]
    made = client.create_api(Name="looked-up", ProtocolType="HTTP", Tags={"a": "b"})["ApiId"]
    try:
        one = await answer(provider, "aws:apigatewayv2/getApi:getApi", apiId=made)
        assert (one["name"], one["executionArn"]) == ("looked-up", f"arn:aws:execute-api:us-east-1:123456789012:{made}")
        token = "aws:apigatewayv2/getApis:getApis"
        assert (await answer(provider, token, name="looked-up", tags={"a": "b"}))["ids"] == [made]
        assert (await answer(provider, token, name="looked-up", tags={"a": "c"}))["ids"] == []
    finally:
        client.delete_api(ApiId=made)


async def test_what_is_not_there_is_an_error_that_names_the_call(provider: AwsProvider) -> None:
    with pytest.raises(ProviderError, match="aws:iam/getRole:getRole: GetRole: NoSuchEntity"):
        await provider.invoke("aws:iam/getRole:getRole", {"name": "nobody"})


async def test_an_unknown_function_says_so(provider: AwsProvider) -> None:
    with pytest.raises(Unsupported, match="does not know this function"):
        await provider.invoke("aws:sqs/getQueues:getQueues", {})


async def test_an_unknown_argument_is_a_failure(provider: AwsProvider) -> None:
    invoked = await provider.invoke("aws:iam/getRole:getRole", {"nmae": "x"})
    assert [failure.property for failure in invoked.failures] == ["nmae"]


async def test_buckets_roles_and_keys_are_looked_up(provider: AwsProvider, boto: boto3.Session) -> None:
    name = f"lookup-{os.urandom(4).hex()}"
    endpoint = boto.endpoint  # type: ignore[attr-defined]
    s3, kms = boto.client("s3", endpoint_url=endpoint), boto.client("kms", endpoint_url=endpoint)
    s3.create_bucket(Bucket=name)
    bucket = await answer(provider, "aws:s3/getBucket:getBucket", bucket=name)
    assert (bucket["arn"], bucket["bucketRegion"]) == (f"arn:aws:s3:::{name}", "us-east-1")
    s3.put_object(Bucket=name, Key="a.json", Body=b"{}", ContentType="application/json")
    found = await answer(provider, "aws:s3/getObject:getObject", bucket=name, key="a.json")
    assert (found["body"], found["contentLength"]) == ("{}", 2)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=key)
    assert (await answer(provider, "aws:kms/getAlias:getAlias", name=f"alias/{name}"))["targetKeyId"] == key
    assert (await answer(provider, "aws:kms/getKey:getKey", keyId=f"alias/{name}"))["id"] == key


async def test_a_managed_policy_is_found_by_its_name(provider: AwsProvider) -> None:
    found = await answer(provider, "aws:iam/getPolicy:getPolicy", name="AmazonS3ReadOnlyAccess")
    assert found["arn"] == "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"


async def test_a_role_is_assumed_before_anything_else(cloud_environ: dict[str, str], boto: boto3.Session) -> None:
    iam = boto.client("iam", endpoint_url=boto.endpoint)  # type: ignore[attr-defined]
    name = f"deployer-{os.urandom(4).hex()}"
    trust = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    made = AwsProvider()
    roles = json.dumps([{"roleArn": arn, "sessionName": "ship"}])
    await made.configure(base.Settings(config={"assumeRoles": roles}, environ=cloud_environ))
    identity = await answer(made, "aws:index/getCallerIdentity:getCallerIdentity")
    assert str(identity["arn"]).endswith(f"assumed-role/{name}/ship")


async def test_another_account_is_refused(cloud_environ: dict[str, str]) -> None:
    made = AwsProvider()
    await made.configure(base.Settings(config={"allowedAccountIds": '["210987654321"]'}, environ=cloud_environ))
    with pytest.raises(ProviderError, match="account 123456789012 is not allowed"):
        await made.invoke("aws:index/getPartition:getPartition", {})
