"""What a resource of each type costs while it merely exists: one rule a type, from its properties to charges."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from stackyard.model.resources import Resource
from stackyard.model.values import UNKNOWN, Secret, Value

_MOST: Final = Decimal(10) ** 9


class Undecided(Exception):
    """A rule cannot tell; the message says why."""


@dataclasses.dataclass(frozen=True, slots=True)
class Charge:
    """`quantity` of the price `key`, for as long as the resource stands."""

    key: str
    quantity: Decimal = Decimal(1)


class Facts:
    """A resource's properties as rules read them: inputs first, then outputs. `unknown` are those that were not known.

    `beside` are the other resources of its stack.
    """

    def __init__(self, resource: Resource, beside: Sequence[Resource] = ()) -> None:
        self.resource = resource
        self.beside = beside
        self.unknown: list[str] = []

    def get(self, name: str) -> Value:
        """A property; None when it is absent or unknown. Raises Undecided for a secret: a price would tell it.

        An input that is unknown is noted. An output that is, is the provider's own to fill in: as if absent.
        """
        for properties in (self.resource.inputs, self.resource.outputs):
            value = properties.get(name)
            if isinstance(value, Secret):
                raise Undecided(f"{name} is secret")
            if value is UNKNOWN and properties is self.resource.inputs:
                self.unknown += [] if name in self.unknown else [name]
                return None
            if value is not None and value is not UNKNOWN:
                return value
        return None

    def text(self, name: str, default: str = "") -> str:
        """A text property."""
        value = self.get(name)
        return default if value in (None, "") else str(value)

    def number(self, name: str, default: int = 0) -> Decimal:
        """A number, which may be written as text. Raises Undecided when it is neither."""
        return as_number(self.get(name), name, default)

    def flag(self, name: str) -> bool:
        """A boolean property."""
        return self.get(name) in (True, "true")

    def items(self, name: str) -> list[Any]:
        """A list property, or one mapping as a list of it."""
        value = self.get(name)
        if isinstance(value, dict):
            return [value]
        return value if isinstance(value, list) else []

    def parts(self, name: str) -> list[dict[str, Any]]:
        """A list of mappings, or one. Raises Undecided when a part is unknown, secret, or anything else."""
        found = self.items(name)
        if not all(isinstance(part, dict) for part in found):
            raise Undecided(f"{name} is not known in full")
        return found


def as_number(value: Value, name: str, default: int = 0) -> Decimal:
    """A property's value as a number. Raises Undecided when it is none, or none that anything can have."""
    if value is None or value == "":
        return Decimal(default)
    if value is UNKNOWN:
        raise Undecided(f"{name} is not known yet")
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            number = Decimal("NaN")
        if number.is_finite() and 0 <= number <= _MOST:
            return number
    raise Undecided(f"{name} is no number")


Rule = Callable[[Facts], Iterator[Charge]]


@dataclasses.dataclass(frozen=True, slots=True)
class Priced:
    """A type with a standing charge. `label` is what one is called."""

    label: str
    rule: Rule


def one(key: str) -> Rule:
    """One unit of one price."""

    def rule(facts: Facts) -> Iterator[Charge]:
        yield Charge(key)

    return rule


def _vpc_endpoint(facts: Facts) -> Iterator[Charge]:
    kind = facts.text("vpcEndpointType", "Gateway")
    keys = {"Interface": "vpc.interface_endpoint", "GatewayLoadBalancer": "vpc.gateway_lb_endpoint"}
    if kind in keys:
        yield Charge(keys[kind], Decimal(max(1, len(facts.items("subnetIds")))))
    elif kind != "Gateway":
        raise Undecided(f"endpoints of type {kind} have no rule")


def _instance(facts: Facts) -> Iterator[Charge]:
    yield Charge(f"ec2.instance.{facts.text('instanceType', 't3.micro')}")
    if facts.flag("associatePublicIpAddress"):
        yield Charge("vpc.public_ipv4")
    for device in facts.parts("rootBlockDevice") or [{}]:
        yield from _disk(device, "volumeType", "volumeSize", 8)
    for device in facts.parts("ebsBlockDevices"):
        yield from _disk(device, "volumeType", "volumeSize", 0)


def _disk(device: dict[str, Any], type_: str, size: str, default: int) -> Iterator[Charge]:
    kind = device.get(type_) or "gp2" if isinstance(device.get(type_, ""), (str, type(None))) else None
    if kind is None:
        raise Undecided("the type of a volume is not known")
    yield Charge(f"ebs.{kind}", as_number(device.get(size), "the size of a volume", default))
    if kind in ("gp3", "io1", "io2"):
        iops = as_number(device.get("iops"), "the speed of a volume") - (3000 if kind == "gp3" else 0)
        if iops > 0:
            yield Charge(f"ebs.{kind}.iops", iops)


def _volume(facts: Facts) -> Iterator[Charge]:
    device = {name: facts.get(name) for name in ("type", "size", "iops")}
    yield from _disk(device, "type", "size", 0)


def _load_balancer(facts: Facts) -> Iterator[Charge]:
    yield Charge(f"elb.{facts.text('loadBalancerType', 'application')}")


def _certificate(facts: Facts) -> Iterator[Charge]:
    if facts.text("certificateAuthorityArn"):
        raise Undecided("certificates of a private authority have no price here")
    yield from ()


def _parameter(facts: Facts) -> Iterator[Charge]:
    if facts.text("tier", "Standard") == "Advanced":
        yield Charge("ssm.parameter.advanced")


def _alarm(facts: Facts) -> Iterator[Charge]:
    queried = sum(1 for query in facts.parts("metricQueries") if query.get("metrics") or query.get("metric"))
    fast = facts.get("period") is not None and facts.number("period") < 60
    yield Charge("cloudwatch.alarm.high" if fast else "cloudwatch.alarm", Decimal(max(1, queried)))


def _database(facts: Facts) -> Iterator[Charge]:
    copies = Decimal(2 if facts.flag("multiAz") else 1)
    yield Charge(f"rds.{facts.text('engine', 'mysql')}.{facts.text('instanceClass')}", copies)
    storage = facts.text("storageType", "gp2")
    yield Charge(f"rds.storage.{storage}", facts.number("allocatedStorage") * copies)


def _cluster_member(facts: Facts) -> Iterator[Charge]:
    name = facts.text("instanceClass")
    if name == "db.serverless":
        raise Undecided("serverless capacity is charged by use, which nobody meters here")
    yield Charge(f"rds.{facts.text('engine', 'aurora-mysql')}.{name}")


def _cache(facts: Facts) -> Iterator[Charge]:
    if not facts.text("replicationGroupId"):
        yield Charge(f"elasticache.{facts.text('nodeType')}", facts.number("numCacheNodes", 1))


def _replication_group(facts: Facts) -> Iterator[Charge]:
    groups = facts.number("numNodeGroups", 1)
    nodes = facts.number("numCacheClusters", 0) or groups * (1 + facts.number("replicasPerNodeGroup", 0))
    yield Charge(f"elasticache.{facts.text('nodeType')}", nodes)


def _file_system(facts: Facts) -> Iterator[Charge]:
    if facts.text("throughputMode") == "provisioned":
        yield Charge("efs.throughput", facts.number("provisionedThroughputInMibps"))


def _stream(facts: Facts) -> Iterator[Charge]:
    details: dict[str, Any] = next(iter(facts.parts("streamModeDetails")), {})
    if details.get("streamMode") == "ON_DEMAND":
        yield Charge("kinesis.stream")
    else:
        yield Charge("kinesis.shard", facts.number("shardCount", 1))


def _table(facts: Facts) -> Iterator[Charge]:
    if facts.text("billingMode", "PROVISIONED") != "PROVISIONED":
        return
    indexes = facts.parts("globalSecondaryIndexes")
    for key, name in (("dynamodb.wcu", "writeCapacity"), ("dynamodb.rcu", "readCapacity")):
        yield Charge(key, facts.number(name, 1) + sum(as_number(each.get(name), name) for each in indexes))


def _api_stage(facts: Facts) -> Iterator[Charge]:
    if facts.flag("cacheClusterEnabled"):
        yield Charge(f"apigateway.cache.{facts.text('cacheClusterSize', '0.5')}")


def _provisioned(facts: Facts) -> Iterator[Charge]:
    yield from ()
    raise Undecided("provisioned concurrency has no rule")


def _ecs_service(facts: Facts) -> Iterator[Charge]:
    """Fargate tasks that a service keeps running, by the task definition beside it."""
    count = facts.number("desiredCount")
    if not count or facts.text("launchType", "EC2") != "FARGATE":
        return
    wanted = facts.text("taskDefinition")
    found = [each for each in facts.beside if wanted and wanted in (each.outputs.get("arn"), each.id)]
    if not found:
        raise Undecided("the task definition of its tasks is not in this stack")
    task = Facts(found[0])
    platform: dict[str, Any] = next(iter(task.parts("runtimePlatform")), {})
    suffix = ".arm64" if platform.get("cpuArchitecture") == "ARM64" else ""
    yield Charge(f"fargate.vcpu{suffix}", count * task.number("cpu") / 1024)
    yield Charge(f"fargate.memory{suffix}", count * task.number("memory") / 1024)


PRICED: Final = {
    "acm.Certificate": Priced("certificate", _certificate),
    "alb.LoadBalancer": Priced("load balancer", _load_balancer),
    "apigateway.Stage": Priced("API stage", _api_stage),
    "cloudwatch.CompositeAlarm": Priced("composite alarm", one("cloudwatch.alarm.composite")),
    "cloudwatch.Dashboard": Priced("dashboard", one("cloudwatch.dashboard")),
    "cloudwatch.MetricAlarm": Priced("alarm", _alarm),
    "dynamodb.Table": Priced("table", _table),
    "ebs.Volume": Priced("volume", _volume),
    "ec2.Eip": Priced("public address", one("vpc.public_ipv4")),
    "ec2.Instance": Priced("instance", _instance),
    "ec2.NatGateway": Priced("NAT gateway", one("vpc.nat_gateway")),
    "ec2.VpcEndpoint": Priced("VPC endpoint", _vpc_endpoint),
    "ec2.VpnConnection": Priced("VPN connection", one("vpc.vpn_connection")),
    "ec2transitgateway.VpcAttachment": Priced("transit gateway attachment", one("vpc.transit_attachment")),
    "ecs.Service": Priced("ECS service", _ecs_service),
    "efs.FileSystem": Priced("file system", _file_system),
    "eks.Cluster": Priced("Kubernetes cluster", one("eks.cluster")),
    "elasticache.Cluster": Priced("cache", _cache),
    "elasticache.ReplicationGroup": Priced("cache", _replication_group),
    "kinesis.Stream": Priced("stream", _stream),
    "kms.Key": Priced("KMS key", one("kms.key")),
    "lambda.ProvisionedConcurrencyConfig": Priced("provisioned concurrency", _provisioned),
    "lb.LoadBalancer": Priced("load balancer", _load_balancer),
    "rds.ClusterInstance": Priced("database instance", _cluster_member),
    "rds.Instance": Priced("database", _database),
    "route53.Zone": Priced("hosted zone", one("route53.zone")),
    "secretsmanager.Secret": Priced("secret", one("secretsmanager.secret")),
    "servicediscovery.Instance": Priced("registered instance", one("cloudmap.instance")),
    "servicediscovery.PrivateDnsNamespace": Priced("hosted zone", one("route53.zone")),
    "servicediscovery.PublicDnsNamespace": Priced("hosted zone", one("route53.zone")),
    "ssm.Parameter": Priced("parameter", _parameter),
}
BY_USE_TOO: Final = {
    "apigateway.Stage": "requests",
    "dynamodb.Table": "requests and storage",
    "ecs.Service": "tasks while they run",
    "efs.FileSystem": "storage",
}
"""What a type is charged for when its rule finds no standing charge."""
