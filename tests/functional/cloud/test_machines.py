"""EC2: instances are launched as asked, told as launched, and changed."""

from __future__ import annotations

import ipaddress
from typing import Any

import botocore.exceptions
import pytest

from tests.functional.cloud.conftest import Clients
from tests.functional.cloud.test_network import subnet

IMAGE = {"ImageId": "ami-0c2023a1b2c3d4e5f", "MinCount": 1, "MaxCount": 1}


def described(api: Any, instance: str) -> Any:
    return api.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]


def launch(api: Any, **given: Any) -> Any:
    made = api.run_instances(**IMAGE, **given)["Instances"][0]["InstanceId"]
    return described(api, made)


def test_an_interface_says_where_it_stands(client: Clients) -> None:
    api, where = subnet(client)
    vpc = api.describe_subnets(SubnetIds=[where])["Subnets"][0]["VpcId"]
    group = api.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]
    interface = {"DeviceIndex": 0, "SubnetId": where, "Groups": [group], "AssociatePublicIpAddress": True}
    found = launch(api, NetworkInterfaces=[interface])
    assert (found["SubnetId"], [each["GroupId"] for each in found["SecurityGroups"]]) == (where, [group])
    assert found["PublicIpAddress"]


def test_addresses_are_of_the_subnet_and_of_one_instance(client: Clients) -> None:
    api, where = subnet(client)
    addresses = [launch(api, SubnetId=where)["PrivateIpAddress"] for _ in range(3)]
    assert len(set(addresses)) == 3
    assert all(ipaddress.ip_address(each) in ipaddress.ip_network("10.0.0.0/24") for each in addresses)
    assert not launch(api, SubnetId=where).get("PublicIpAddress")
    for address, code in ((addresses[0], "InvalidIPAddress.InUse"), ("10.9.9.9", "InvalidParameterValue")):
        with pytest.raises(botocore.exceptions.ClientError, match=code):
            api.run_instances(**IMAGE, SubnetId=where, PrivateIpAddress=address)


def test_disks_are_as_asked_and_go_with_the_instance(client: Clients) -> None:
    api, where = subnet(client)
    disks = [
        {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 30, "VolumeType": "gp3"}},
        {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 5, "DeleteOnTermination": False}},
    ]
    found = launch(api, SubnetId=where, BlockDeviceMappings=disks)
    asked = [{"Name": "attachment.instance-id", "Values": [found["InstanceId"]]}]
    assert sorted(each["Size"] for each in api.describe_volumes(Filters=asked)["Volumes"]) == [5, 30]
    api.terminate_instances(InstanceIds=[found["InstanceId"]])
    assert [(each["Size"], each["State"]) for each in api.describe_volumes()["Volumes"]] == [(5, "available")]


def test_only_a_stopped_instance_changes_its_size(client: Clients) -> None:
    api, where = subnet(client)
    instance = launch(api, SubnetId=where)["InstanceId"]
    with pytest.raises(botocore.exceptions.ClientError, match="IncorrectInstanceState"):
        api.modify_instance_attribute(InstanceId=instance, InstanceType={"Value": "t3.large"})
    api.stop_instances(InstanceIds=[instance])
    api.modify_instance_attribute(InstanceId=instance, InstanceType={"Value": "t3.large"})
    assert described(api, instance)["InstanceType"] == "t3.large"


def test_a_protected_instance_is_not_terminated(client: Clients) -> None:
    api, where = subnet(client)
    instance = launch(api, SubnetId=where, DisableApiTermination=True)["InstanceId"]
    with pytest.raises(botocore.exceptions.ClientError, match="OperationNotPermitted"):
        api.terminate_instances(InstanceIds=[instance])
    api.modify_instance_attribute(InstanceId=instance, DisableApiTermination={"Value": False})
    api.terminate_instances(InstanceIds=[instance])
    assert described(api, instance)["State"]["Name"] == "terminated"


def test_what_an_instance_starts_with_is_told(client: Clients) -> None:
    api, where = subnet(client)
    instance = launch(api, SubnetId=where, UserData="#!/bin/sh\n")["InstanceId"]
    told = api.describe_instance_attribute(InstanceId=instance, Attribute="userData")["UserData"]["Value"]
    assert told == "IyEvYmluL3NoCg=="


def test_a_network_acl_that_guards_a_subnet_stays(client: Clients) -> None:
    api, where = subnet(client)
    asked = [{"Name": "association.subnet-id", "Values": [where]}]
    default = api.describe_network_acls(Filters=asked)["NetworkAcls"][0]
    own = api.create_network_acl(VpcId=default["VpcId"])["NetworkAcl"]["NetworkAclId"]
    old = next(each for each in default["Associations"] if each["SubnetId"] == where)["NetworkAclAssociationId"]
    api.replace_network_acl_association(AssociationId=old, NetworkAclId=own)
    assert [each["NetworkAclId"] for each in api.describe_network_acls(Filters=asked)["NetworkAcls"]] == [own]
    with pytest.raises(botocore.exceptions.ClientError, match="DependencyViolation"):
        api.delete_network_acl(NetworkAclId=own)
