"""One of many things in many services, and how each is described: what a restart must not change."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Client = Callable[..., Any]
TRUST = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "states.amazonaws.com"}}],
})  # fmt: skip


def settle(client: Client) -> None:
    """Make them."""
    role = client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    client("iam").create_user(UserName="u", Tags=[{"Key": "k", "Value": "v"}])
    client("iam").create_access_key(UserName="u")
    client("iam").create_open_id_connect_provider(Url="https://example.com", ThumbprintList=["a" * 40])
    _network(client)
    client("route53").create_hosted_zone(Name="example.com.", CallerReference="1")
    client("acm").request_certificate(DomainName="example.com", ValidationMethod="DNS")
    client("ecr").create_repository(repositoryName="images")
    client("ecs").create_cluster(clusterName="c")
    task = {"family": "t", "containerDefinitions": [{"name": "c", "image": "x", "memory": 64}]}
    client("ecs").register_task_definition(**task)
    client("events").put_rule(Name="rule", ScheduleExpression="rate(1 hour)")
    client("scheduler").create_schedule(
        Name="s", ScheduleExpression="rate(1 hour)", FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": "arn:aws:sqs:eu-west-1:111122223333:q", "RoleArn": role},
    )  # fmt: skip
    definition = json.dumps({"StartAt": "a", "States": {"a": {"Type": "Succeed"}}})
    client("stepfunctions").create_state_machine(name="m", definition=definition, roleArn=role)
    client("cloudwatch").put_metric_alarm(
        AlarmName="a", Namespace="n", MetricName="m", Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    client("kinesis").create_stream(StreamName="stream", ShardCount=1)
    client("kinesis").put_record(StreamName="stream", Data=b"x", PartitionKey="k")
    client("cognito-idp").create_user_pool(PoolName="pool")
    client("efs").create_file_system(CreationToken="token")
    client("ssm").put_parameter(Name="/secret", Value="v", Type="SecureString")
    client("wafv2").create_ip_set(Name="w", Scope="REGIONAL", IPAddressVersion="IPV4", Addresses=["10.0.0.0/8"])
    _buckets(client)


def _network(client: Client) -> None:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    zones = ("eu-west-1a", "eu-west-1b")
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for n, zone in enumerate(zones)
    ]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnets[0])
    ec2.allocate_address(Domain="vpc")
    ec2.create_nat_gateway(SubnetId=subnets[0], ConnectivityType="private", ClientToken="t")
    group = ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpProtocol="tcp", FromPort=1, ToPort=2, CidrIp="10.0.0.0/8")
    ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1, SubnetId=subnets[0])
    balancers = client("elbv2")
    made = balancers.create_load_balancer(Name="front", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    target = balancers.create_target_group(Name="t", Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"][0]
    balancers.create_listener(
        LoadBalancerArn=made, Protocol="HTTP", Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": target["TargetGroupArn"]}],
    )  # fmt: skip
    client("rds").create_db_subnet_group(DBSubnetGroupName="g", DBSubnetGroupDescription="g", SubnetIds=subnets)


def _buckets(client: Client) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="inhabited", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_versioning(Bucket="inhabited", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_tagging(Bucket="inhabited", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    for body in (b"one", b"two" * 5000):
        s3.put_object(Bucket="inhabited", Key="k", Body=body, Metadata={"m": "1"})
    upload = s3.create_multipart_upload(Bucket="inhabited", Key="parts")["UploadId"]
    s3.upload_part(Bucket="inhabited", Key="parts", UploadId=upload, PartNumber=1, Body=b"p" * 6_000_000)


QUESTIONS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("iam", "list_roles", {}),
    ("iam", "list_users", {}),
    ("iam", "list_access_keys", {"UserName": "u"}),
    ("iam", "list_open_id_connect_providers", {}),
    ("ec2", "describe_vpcs", {}),
    ("ec2", "describe_subnets", {}),
    ("ec2", "describe_internet_gateways", {}),
    ("ec2", "describe_route_tables", {}),
    ("ec2", "describe_addresses", {}),
    ("ec2", "describe_nat_gateways", {}),
    ("ec2", "describe_security_groups", {}),
    ("ec2", "describe_instances", {}),
    ("ec2", "describe_network_interfaces", {}),
    ("ec2", "describe_network_acls", {}),
    ("elbv2", "describe_load_balancers", {}),
    ("elbv2", "describe_target_groups", {}),
    ("rds", "describe_db_subnet_groups", {}),
    ("route53", "list_hosted_zones", {}),
    ("acm", "list_certificates", {}),
    ("ecr", "describe_repositories", {}),
    ("ecs", "list_clusters", {}),
    ("ecs", "list_task_definitions", {}),
    ("events", "list_rules", {}),
    ("scheduler", "list_schedules", {}),
    ("stepfunctions", "list_state_machines", {}),
    ("cloudwatch", "describe_alarms", {}),
    ("kinesis", "describe_stream", {"StreamName": "stream"}),
    ("cognito-idp", "list_user_pools", {"MaxResults": 10}),
    ("efs", "describe_file_systems", {}),
    ("ssm", "get_parameter", {"Name": "/secret", "WithDecryption": True}),
    ("wafv2", "list_ip_sets", {"Scope": "REGIONAL"}),
    ("s3", "list_object_versions", {"Bucket": "inhabited"}),
    ("s3", "get_bucket_tagging", {"Bucket": "inhabited"}),
    ("s3", "list_multipart_uploads", {"Bucket": "inhabited"}),
    ("s3", "get_bucket_versioning", {"Bucket": "inhabited"}),
)


def described(client: Client) -> dict[str, Any]:
    """What each question is answered."""
    answers = {}
    for service, operation, given in QUESTIONS:
        answer = getattr(client(service), operation)(**given)
        answer.pop("ResponseMetadata")
        answers[f"{service}.{operation}"] = answer
    return answers
