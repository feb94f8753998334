"""Asks the cloud itself what is there: nothing here looks at recorded state."""

from __future__ import annotations

import dataclasses
import io
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

import jmespath
import psycopg
from botocore.config import Config
from botocore.eventstream import EventStream
from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from tests import clients

# What is listed to see whether anything was left behind: service, operation, and what names one thing.
LISTS = (
    ("acm", "list_certificates", "CertificateSummaryList[].CertificateArn"),
    ("apigateway", "get_rest_apis", "items[].id"),
    ("apigatewayv2", "get_apis", "Items[].ApiId"),
    ("cloudwatch", "describe_alarms", "MetricAlarms[].AlarmName"),
    ("cloudwatch", "list_dashboards", "DashboardEntries[].DashboardName"),
    ("dynamodb", "list_tables", "TableNames"),
    ("ec2", "describe_addresses", "Addresses[].AllocationId"),
    ("ec2", "describe_instances", "Reservations[].Instances[?State.Name!='terminated'][].InstanceId"),
    ("ec2", "describe_internet_gateways", "InternetGateways[].InternetGatewayId"),
    ("ec2", "describe_nat_gateways", "NatGateways[?State!='deleted'].NatGatewayId"),
    ("ec2", "describe_network_interfaces", "NetworkInterfaces[].NetworkInterfaceId"),
    ("ec2", "describe_route_tables", "RouteTables[].RouteTableId"),
    ("ec2", "describe_security_groups", "SecurityGroups[].GroupId"),
    ("ec2", "describe_subnets", "Subnets[].SubnetId"),
    ("ec2", "describe_vpc_endpoints", "VpcEndpoints[?State!='deleted'].VpcEndpointId"),
    ("ec2", "describe_vpcs", "Vpcs[].VpcId"),
    ("ecr", "describe_repositories", "repositories[].repositoryName"),
    ("ecs", "list_clusters", "clusterArns"),
    ("ecs", "list_task_definitions", "taskDefinitionArns"),
    ("events", "list_event_buses", "EventBuses[].Name"),
    ("events", "list_rules", "Rules[].Name"),
    ("iam", "list_groups", "Groups[].GroupName"),
    ("iam", "list_instance_profiles", "InstanceProfiles[].InstanceProfileName"),
    ("iam", "list_open_id_connect_providers", "OpenIDConnectProviderList[].Arn"),
    ("iam", "list_roles", "Roles[].RoleName"),
    ("iam", "list_users", "Users[].UserName"),
    ("kms", "list_aliases", "Aliases[?!starts_with(AliasName, 'alias/aws/')].AliasName"),
    ("lambda", "list_event_source_mappings", "EventSourceMappings[].UUID"),
    ("lambda", "list_functions", "Functions[].FunctionName"),
    # The service makes a function's own log group, and leaves it, as the real one does.
    ("logs", "describe_log_groups", "logGroups[?!starts_with(logGroupName, '/aws/lambda/')].logGroupName"),
    ("rds", "describe_db_instances", "DBInstances[].DBInstanceIdentifier"),
    ("route53", "list_hosted_zones", "HostedZones[].Id"),
    ("s3", "list_buckets", "Buckets[].Name"),
    ("secretsmanager", "list_secrets", "SecretList[].Name"),
    ("sns", "list_subscriptions", "Subscriptions[].SubscriptionArn"),
    ("sns", "list_topics", "Topics[].TopicArn"),
    ("sqs", "list_queues", "QueueUrls"),
    ("ssm", "describe_parameters", "Parameters[].Name"),
)


def whole(client: Any) -> Any:
    """The same boto3 client, whose answers come as a whole: a body that nobody reads would keep its socket open."""
    client.meta.events.register("after-call", _taken)
    return client


def _taken(parsed: dict[str, Any], **_: Any) -> None:
    for name, value in parsed.items():
        if isinstance(value, StreamingBody):
            with value:
                data = value.read()
            parsed[name] = StreamingBody(io.BytesIO(data), len(data))
        elif isinstance(value, EventStream):
            value.close()  # no test reads one


@dataclasses.dataclass(frozen=True)
class Cloud:
    """A cloud as its account's root sees it; `environ` are the variables that lead there."""

    environ: Mapping[str, str]
    _clients: dict[str, Any] = dataclasses.field(default_factory=dict)

    def client(self, service: str) -> Any:
        """A boto3 client that knows this cloud only, and fails at the first fault; made once."""
        if service not in self._clients:
            once = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
            self._clients[service] = whole(clients.client(self.environ, service, config=once))
        return self._clients[service]

    def things(self) -> set[str]:
        """Everything that the listed kinds of resources come to."""
        return set(self._things())

    def _things(self) -> Iterator[str]:
        for service, operation, names in LISTS:
            found = jmespath.search(names, getattr(self.client(service), operation)())
            yield from (f"{service} {operation} {name}" for name in found or ())
        kms = self.client("kms")
        for key in kms.list_keys()["Keys"]:
            about = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
            if about["KeyManager"] == "CUSTOMER" and about["KeyState"] != "PendingDeletion":
                yield f"kms key {key['KeyId']}"
        for policy in self.client("iam").list_policies(Scope="Local")["Policies"]:
            yield f"iam policy {policy['Arn']}"

    def check(self, question: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        """Ask one question of a case and compare its answer, again and again while `within` seconds last.

        `${…}` in it are JMESPath expressions over the stack's outputs.
        """
        asked = filled({key: question[key] for key in ("ask", "http", "is", "look", "sql") if key in question}, outputs)
        deadline = time.monotonic() + question.get("within", 0)
        while True:
            found = self._answer(asked)
            seen = jmespath.search(asked["look"], found) if "look" in asked else found
            wrong = "is" in asked and seen != asked["is"]
            if not wrong:
                return
            assert time.monotonic() < deadline, f"{question} → {seen!r}\n{json.dumps(found, default=str)[:3000]}"

    def _answer(self, asked: Mapping[str, Any]) -> Any:
        if "http" in asked:
            return _fetched(**asked["http"])
        if "sql" in asked:
            return _queried(**asked["sql"])
        try:
            call = asked["ask"]
            return getattr(self.client(call["service"]), call["call"])(**call.get("with", {}))
        except ClientError as error:
            return {"error": error.response["Error"]["Code"]}


def filled(value: Any, outputs: Mapping[str, Any]) -> Any:
    """`value` with every `${…}` replaced; one that is all of a text keeps its type."""
    if isinstance(value, dict):
        return {key: filled(item, outputs) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, outputs) for item in value]
    if not isinstance(value, str):
        return value
    if whole := re.fullmatch(r"\$\{([^}]*)\}", value):
        return jmespath.search(whole[1], outputs)
    return re.sub(r"\$\{([^}]*)\}", lambda found: str(jmespath.search(found[1], outputs)), value)


def _queried(url: str, statement: str) -> Any:
    """The one value that a PostgreSQL answers; None when it answers no row."""
    with psycopg.connect(url, autocommit=True) as connection:
        answer = connection.execute(statement.encode())
        row = answer.fetchone() if answer.description else None
        return row[0] if row else None


def _fetched(url: str, method: str = "GET", body: Any = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            status, text = response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            status, text = error.code, error.read().decode()
    try:
        return {"status": status, "body": json.loads(text)}
    except ValueError:
        return {"status": status, "body": text}
