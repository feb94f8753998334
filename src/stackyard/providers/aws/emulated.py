"""What the embedded cloud records and does not run; every step of these types is marked simulated there.

Resources that are settings alone (a route table, a policy, a log group) are what they are. Those listed here stand
for something that moves, computes or answers on AWS, and does not in the emulator.
"""

from __future__ import annotations

from typing import Final

RECORDED_ONLY: Final = frozenset(
    {
        "aws:acm/certificate:Certificate",
        "aws:autoscaling/group:Group",
        "aws:cloudfront/distribution:Distribution",
        "aws:ec2/flowLog:FlowLog",
        "aws:ec2/instance:Instance",
        "aws:ec2/natGateway:NatGateway",
        "aws:ec2/volume:Volume",
        "aws:ec2/vpcPeeringConnection:VpcPeeringConnection",
        "aws:glue/crawler:Crawler",
        "aws:glue/job:Job",
        "aws:route53/record:Record",
        "aws:route53/zone:Zone",
    }
)
