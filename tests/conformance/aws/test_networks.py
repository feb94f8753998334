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


async def test_machines_and_what_they_stand_in(provider: AwsProvider, boto: boto3.Session) -> None:
    client = boto.client("ec2", endpoint_url=boto.endpoint)  # type: ignore[attr-defined]
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "role", "Value": "looked-up"}]}]
    run = client.run_instances(ImageId="ami-0c2023a1b2c3d4e5f", MinCount=1, MaxCount=1, TagSpecifications=tags)
    id_ = run["Instances"][0]["InstanceId"]
    try:
        listed = await answer(provider, "aws:ec2/getInstances:getInstances", instanceTags={"role": "looked-up"})
        assert listed["ids"] == [id_]
        found = await answer(provider, "aws:ec2/getInstance:getInstance", instanceTags={"role": "looked-up"})
        assert (found["id"], found["ami"], found["instanceState"]) == (id_, "ami-0c2023a1b2c3d4e5f", "running")
    finally:
        client.terminate_instances(InstanceIds=[id_])
    vpcs = await answer(provider, "aws:ec2/getVpcs:getVpcs")
    groups = await answer(provider, "aws:ec2/getSecurityGroups:getSecurityGroups")
    assert set(groups["vpcIds"]) <= set(vpcs["ids"])  # type: ignore[call-overload]
    main = [{"name": "association.main", "values": ["true"]}]
    default = await answer(provider, "aws:ec2/getVpc:getVpc", default=True)
    table = await answer(provider, "aws:ec2/getRouteTable:getRouteTable", vpcId=default["id"], filters=main)
    assert table["id"] == default["mainRouteTableId"]
    attached = [{"name": "attachment.vpc-id", "values": [default["id"]]}]
    gateway = await answer(provider, "aws:ec2/getInternetGateway:getInternetGateway", filters=attached)
    assert [each["vpcId"] for each in gateway["attachments"]] == [default["id"]]  # type: ignore[attr-defined]


async def test_keys_addresses_and_lists(provider: AwsProvider, boto: boto3.Session) -> None:
    client = boto.client("ec2", endpoint_url=boto.endpoint)  # type: ignore[attr-defined]
    client.import_key_pair(KeyName="looked-up", PublicKeyMaterial=b"ssh-rsa AAAA me")
    address = client.allocate_address(Domain="vpc")
    try:
        key = await answer(provider, "aws:ec2/getKeyPair:getKeyPair", keyName="looked-up", includePublicKey=True)
        assert (key["keyName"], key["publicKey"]) == ("looked-up", "ssh-rsa AAAA me")
        found = await answer(provider, "aws:ec2/getElasticIp:getElasticIp", publicIp=address["PublicIp"])
        assert found["id"] == address["AllocationId"]
    finally:
        client.delete_key_pair(KeyName="looked-up")
        client.release_address(AllocationId=address["AllocationId"])
    token, name = "aws:ec2/getManagedPrefixList:getManagedPrefixList", "com.amazonaws.us-east-1.s3"
    listed = await answer(provider, token, name=name)
    assert (listed["name"], listed["entries"] != []) == (name, True)


async def test_load_balancers_and_their_parts(provider: AwsProvider, boto: boto3.Session) -> None:
    client = boto.client("elbv2", endpoint_url=boto.endpoint)  # type: ignore[attr-defined]
    group = client.create_target_group(Name="looked-up", Protocol="HTTP", Port=80, VpcId="vpc-00000001")
    arn = group["TargetGroups"][0]["TargetGroupArn"]
    made = client.create_load_balancer(Name="looked-up", Subnets=["subnet-00000001", "subnet-00000002"])
    balancer = made["LoadBalancers"][0]["LoadBalancerArn"]
    actions = [{"Type": "forward", "TargetGroupArn": arn}]
    client.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=actions)
    try:
        found = await answer(provider, "aws:lb/getLoadBalancer:getLoadBalancer", name="looked-up")
        assert (found["arn"], found["internal"]) == (balancer, False)
        targets = await answer(provider, "aws:lb/getTargetGroup:getTargetGroup", name="looked-up")
        assert (targets["arn"], targets["port"]) == (arn, 80)
        listener = await answer(provider, "aws:lb/getListener:getListener", loadBalancerArn=balancer, port=80)
        assert listener["defaultActions"][0]["targetGroupArn"] == arn  # type: ignore[index]
    finally:
        client.delete_load_balancer(LoadBalancerArn=balancer)
        client.delete_target_group(TargetGroupArn=arn)
