"""Functions (data sources) answer what the cloud has."""

from __future__ import annotations

import boto3
import pytest

from stackyard.errors import ProviderError, Unsupported
from stackyard.model.values import Secret
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


async def test_what_is_not_there_is_an_error_that_names_the_call(provider: AwsProvider) -> None:
    with pytest.raises(ProviderError, match="aws:iam/getRole:getRole: GetRole: NoSuchEntity"):
        await provider.invoke("aws:iam/getRole:getRole", {"name": "nobody"})


async def test_an_unknown_function_says_so(provider: AwsProvider) -> None:
    with pytest.raises(Unsupported, match="does not know this function"):
        await provider.invoke("aws:sqs/getQueues:getQueues", {})


async def test_an_unknown_argument_is_a_failure(provider: AwsProvider) -> None:
    invoked = await provider.invoke("aws:iam/getRole:getRole", {"nmae": "x"})
    assert [failure.property for failure in invoked.failures] == ["nmae"]
