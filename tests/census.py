"""What is in one account of a cloud, listed with boto3 and with nothing of the engine: the oracle of fault tests."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import botocore.exceptions

from tests import clients

Listing = tuple[str, str, str, Mapping[str, Any]]

# kind: service, operation, where the items are, which member names one
_LISTINGS: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "bucket": ("s3", "list_buckets", "Buckets", "Name"),
    "queue": ("sqs", "list_queues", "QueueUrls", ""),
    "topic": ("sns", "list_topics", "Topics", "TopicArn"),
    "subscription": ("sns", "list_subscriptions", "Subscriptions", "SubscriptionArn"),
    "table": ("dynamodb", "list_tables", "TableNames", ""),
    "role": ("iam", "list_roles", "Roles", "RoleName"),
    "user": ("iam", "list_users", "Users", "UserName"),
    "group": ("iam", "list_groups", "Groups", "GroupName"),
    "instance profile": ("iam", "list_instance_profiles", "InstanceProfiles", "InstanceProfileName"),
    "OIDC provider": ("iam", "list_open_id_connect_providers", "OpenIDConnectProviderList", "Arn"),
    "log group": ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    "alarm": ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    "dashboard": ("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    "rule": ("events", "list_rules", "Rules", "Name"),
    "function": ("lambda", "list_functions", "Functions", "FunctionName"),
    "HTTP API": ("apigatewayv2", "get_apis", "Items", "ApiId"),
    "REST API": ("apigateway", "get_rest_apis", "items", "id"),
    "secret": ("secretsmanager", "list_secrets", "SecretList", "Name"),
    "parameter": ("ssm", "describe_parameters", "Parameters", "Name"),
    "image repository": ("ecr", "describe_repositories", "repositories", "repositoryName"),
    "cluster": ("ecs", "list_clusters", "clusterArns", ""),
    "VPC": ("ec2", "describe_vpcs", "Vpcs", "VpcId"),
    "subnet": ("ec2", "describe_subnets", "Subnets", "SubnetId"),
    "internet gateway": ("ec2", "describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    "address": ("ec2", "describe_addresses", "Addresses", "AllocationId"),
    "route table": ("ec2", "describe_route_tables", "RouteTables", "RouteTableId"),
    "security group": ("ec2", "describe_security_groups", "SecurityGroups", "GroupId"),
    "VPC endpoint": ("ec2", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
    "hosted zone": ("route53", "list_hosted_zones", "HostedZones", "Id"),
    "certificate": ("acm", "list_certificates", "CertificateSummaryList", "CertificateArn"),
    "state machine": ("stepfunctions", "list_state_machines", "stateMachines", "stateMachineArn"),
    "stream": ("kinesis", "list_streams", "StreamNames", ""),
}


def _nat_gateways(client: Callable[[str], Any]) -> Iterable[str]:
    for gateway in client("ec2").describe_nat_gateways()["NatGateways"]:
        if gateway["State"] in ("pending", "available"):
            yield gateway["NatGatewayId"]


def _instances(client: Callable[[str], Any]) -> Iterable[str]:
    for reservation in client("ec2").describe_instances()["Reservations"]:
        for instance in reservation["Instances"]:
            if instance["State"]["Name"] not in ("terminated", "shutting-down"):
                yield instance["InstanceId"]


def _customer_policies(client: Callable[[str], Any]) -> Iterable[str]:
    for policy in client("iam").list_policies(Scope="Local")["Policies"]:
        yield policy["Arn"]


def _customer_keys(client: Callable[[str], Any]) -> Iterable[str]:
    kms = client("kms")
    for key in kms.list_keys()["Keys"]:
        about = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        if about["KeyManager"] == "CUSTOMER" and about["KeyState"] != "PendingDeletion":
            yield key["KeyId"]


def _customer_aliases(client: Callable[[str], Any]) -> Iterable[str]:
    for alias in client("kms").list_aliases()["Aliases"]:
        if not alias["AliasName"].startswith("alias/aws/"):
            yield alias["AliasName"]


_SPECIAL: Final[Mapping[str, Callable[[Callable[[str], Any]], Iterable[str]]]] = {
    "NAT gateway": _nat_gateways,
    "instance": _instances,
    "policy": _customer_policies,
    "key": _customer_keys,
    "key alias": _customer_aliases,
}
# What the emulator has no API for is not there either.
_ABSENT: Final = {"NotEmulated", "InvalidAction", "UnknownOperationException"}


def take(environ: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Every resource of the account that `environ` reaches, by kind, sorted; kinds of which there is none are left out.

    Secrets that are scheduled for deletion and keys that are pending deletion count as gone.
    """
    where = (environ["AWS_ENDPOINT_URL"], environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"])

    def client(service: str) -> Any:
        return _client(service, environ["AWS_REGION"], *where)

    found = {}
    for kind, (service, operation, member, name) in _LISTINGS.items():
        items = _items(client(service), operation, member)
        found[kind] = tuple(sorted(str(item[name] if name else item) for item in items))
    for kind, listing in _SPECIAL.items():
        found[kind] = tuple(sorted(listing(client)))
    return {kind: names for kind, names in sorted(found.items()) if names}


@functools.cache
def _client(service: str, region: str, endpoint: str, key: str, secret: str) -> Any:
    environ = {
        "AWS_REGION": region, "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret,
    }  # fmt: skip
    return clients.client(environ, service)


def _items(client: Any, operation: str, member: str) -> list[Any]:
    try:
        if client.can_paginate(operation):
            return [item for page in client.get_paginator(operation).paginate() for item in page.get(member) or []]
        return getattr(client, operation)().get(member) or []
    except botocore.exceptions.ClientError as fault:
        if fault.response["Error"]["Code"] in _ABSENT:
            return []
        raise


def added(before: Mapping[str, tuple[str, ...]], after: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """What is in `after` and was not in `before`."""
    new = {kind: tuple(name for name in names if name not in before.get(kind, ())) for kind, names in after.items()}
    return {kind: names for kind, names in new.items() if names}
