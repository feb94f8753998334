"""Resources that are found by name, by token and by tag; `size` changes some and replaces one."""

import json

import pulumi
import pulumi_aws as aws

size = pulumi.Config().get_int("size") or 1

vpc = aws.ec2.Vpc("net", cidr_block="10.9.0.0/16", tags={"Size": str(size)})
subnet = aws.ec2.Subnet("inner", vpc_id=vpc.id, cidr_block=f"10.9.{size}.0/24")
endpoints = [
    aws.ec2.VpcEndpoint(name, vpc_id=vpc.id, service_name=f"com.amazonaws.us-east-1.{name}")
    for name in ("s3", "dynamodb")
]
address = aws.ec2.Eip("address", domain="vpc")
gateway = aws.ec2.NatGateway("gateway", subnet_id=subnet.id, allocation_id=address.id)
group = aws.ec2.SecurityGroup(
    "group",
    vpc_id=vpc.id,
    ingress=[{"protocol": "tcp", "from_port": 80, "to_port": 80 + size, "cidr_blocks": ["10.0.0.0/8"]}],
)
dead = aws.sqs.Queue("dead")
jobs = aws.sqs.Queue(
    "jobs",
    visibility_timeout_seconds=30 + size,
    redrive_policy=dead.arn.apply(lambda arn: json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})),
)
topic = aws.sns.Topic("news")
subscription = aws.sns.TopicSubscription("to-jobs", topic=topic.arn, protocol="sqs", endpoint=jobs.arn)
repository = aws.ecr.Repository("images")

pulumi.export("queue", jobs.url)
pulumi.export("network", vpc.id)
