"""Functions that look up images and networks."""

from __future__ import annotations

import boto3
import pytest

from stackyard.errors import ProviderError
from stackyard.providers.aws.provider import AwsProvider
from tests.conformance.aws.test_functions import answer

pytestmark = pytest.mark.cloud
AMI, CANONICAL = "aws:ec2/getAmi:getAmi", "099720109477"


async def test_the_newest_image_of_a_name(provider: AwsProvider) -> None:
    names = [{"name": "name", "values": ["ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"]}]
    found = await answer(provider, AMI, filters=names, owners=[CANONICAL], mostRecent="true")
    assert str(found["id"]).startswith("ami-")
    assert found["mostRecent"] is True
    assert found["ownerId"] == CANONICAL


async def test_an_image_by_expression(provider: AwsProvider) -> None:
    found = await answer(provider, AMI, owners=["amazon"], nameRegex="^al2023-ami-2023.*x86_64$", mostRecent=True)
    assert str(found["name"]).startswith("al2023-ami-2023")


async def test_several_images_or_none_are_errors(provider: AwsProvider) -> None:
    with pytest.raises(ProviderError, match="must match exactly one"):
        await provider.invoke(AMI, {"owners": ["amazon"]})
    with pytest.raises(ProviderError, match="nothing found"):
        await provider.invoke(AMI, {"owners": ["amazon"], "nameRegex": "^plan9", "mostRecent": True})


async def test_a_wrong_kind_of_argument_is_a_failure(provider: AwsProvider) -> None:
    invoked = await provider.invoke(AMI, {"mostRecent": "perhaps"})
    assert [failure.property for failure in invoked.failures] == ["mostRecent"]


async def test_the_default_network_and_its_parts(provider: AwsProvider, boto: boto3.Session) -> None:
    vpc = await answer(provider, "aws:ec2/getVpc:getVpc", default=True)
    here = [{"name": "vpc-id", "values": [vpc["id"]]}]
    subnets = await answer(provider, "aws:ec2/getSubnets:getSubnets", filters=here)
    client = boto.client("ec2", endpoint_url=boto.endpoint)  # type: ignore[attr-defined]
    wanted = client.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["id"]]}])["Subnets"]
    assert subnets["ids"] == sorted(each["SubnetId"] for each in wanted)
    first = await answer(provider, "aws:ec2/getSubnet:getSubnet", id=subnets["ids"][0])  # type: ignore[index]
    assert (first["vpcId"], first["state"]) == (vpc["id"], "available")
    group = await answer(provider, "aws:ec2/getSecurityGroup:getSecurityGroup", vpcId=vpc["id"], name="default")
    assert str(group["id"]).startswith("sg-")
    tables = await answer(provider, "aws:ec2/getRouteTables:getRouteTables", vpcId=vpc["id"])
    assert vpc["mainRouteTableId"] in tables["ids"]  # type: ignore[operator]
