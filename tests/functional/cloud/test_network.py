"""EC2: tokens are honoured, subnets do not overlap."""

from __future__ import annotations

from typing import Any

import botocore.exceptions
import pytest

from tests.functional.cloud.conftest import Clients


def subnet(client: Clients) -> tuple[Any, str]:
    """An EC2 client, and a subnet in a VPC of its own."""
    api = client("ec2")
    vpc = api.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return api, api.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]


def test_a_nat_gateway_is_made_once_for_a_token(client: Clients) -> None:
    api, where = subnet(client)
    given = {"SubnetId": where, "ConnectivityType": "private", "ClientToken": "once"}
    first, second = (api.create_nat_gateway(**given)["NatGateway"]["NatGatewayId"] for _ in range(2))
    assert first == second
    assert len(api.describe_nat_gateways()["NatGateways"]) == 1
    other = api.create_nat_gateway(**{**given, "ClientToken": "twice"})["NatGateway"]["NatGatewayId"]
    assert other != first


def test_instances_are_made_once_for_a_token(client: Clients) -> None:
    api, where = subnet(client)
    given = {"ImageId": "ami-12345678", "MinCount": 1, "MaxCount": 1, "SubnetId": where, "ClientToken": "once"}
    first, second = (api.run_instances(**given)["Instances"][0]["InstanceId"] for _ in range(2))
    assert first == second
    assert len(api.describe_instances()["Reservations"]) == 1


def test_a_token_with_other_parameters_is_refused(client: Clients) -> None:
    api, where = subnet(client)
    api.create_nat_gateway(SubnetId=where, ConnectivityType="private", ClientToken="once")
    with pytest.raises(botocore.exceptions.ClientError, match="IdempotentParameterMismatch"):
        api.create_nat_gateway(SubnetId=where, ConnectivityType="public", ClientToken="once")


@pytest.mark.parametrize(
    ("block", "code"),
    [("10.0.0.0/24", "InvalidSubnet.Conflict"), ("10.0.0.128/25", "InvalidSubnet.Conflict"),
     ("10.0.0.0/20", "InvalidSubnet.Conflict"), ("10.1.0.0/24", "InvalidSubnet.Range")],
)  # fmt: skip
def test_a_subnet_that_does_not_fit_is_refused(client: Clients, block: str, code: str) -> None:
    api, where = subnet(client)
    vpc = api.describe_subnets(SubnetIds=[where])["Subnets"][0]["VpcId"]
    with pytest.raises(botocore.exceptions.ClientError, match=code):
        api.create_subnet(VpcId=vpc, CidrBlock=block)
    assert len(api.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]) == 1


def test_the_same_block_in_another_vpc_is_no_conflict(client: Clients) -> None:
    api, _ = subnet(client)
    other = api.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    assert api.create_subnet(VpcId=other, CidrBlock="10.0.0.0/24")["Subnet"]["State"] == "available"


def test_a_further_block_of_a_vpc_may_hold_subnets(client: Clients) -> None:
    api = client("ec2")
    vpc = api.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = api.associate_vpc_cidr_block(VpcId=vpc, CidrBlock="10.9.0.0/16")["CidrBlockAssociation"]
    blocks = api.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["CidrBlockAssociationSet"]
    assert [row["CidrBlock"] for row in blocks] == ["10.0.0.0/16", "10.9.0.0/16"]
    assert api.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["State"] == "available"
    api.disassociate_vpc_cidr_block(AssociationId=made["AssociationId"])
    assert len(api.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["CidrBlockAssociationSet"]) == 1
