"""What each type of resource costs while it stands; no type of ours is left out by forgetting it."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import re
from decimal import Decimal
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as some

from stackyard.cost import kinds, prices, resources, rules
from stackyard.cost.resources import Standing
from stackyard.model.resources import Resource
from stackyard.model.values import UNKNOWN, Secret
from stackyard.providers import aws
from stackyard.providers.aws import catalog
from tests.unit.cost.making import resource

BOOK = prices.load()


def monthly(found: Resource, *beside: Resource) -> str:
    """Its cost a month, two digits."""
    assessment = resources.assess(found, beside)
    amount = sum((BOOK.prices[each.key].monthly(each.quantity) for each in assessment.charges), Decimal(0))
    return f"{amount:.2f}"


@pytest.mark.parametrize(
    ("type_", "inputs", "usd"),
    [
        ("ec2.NatGateway", {}, "32.85"),
        ("ec2.Eip", {}, "3.65"),
        ("ec2.VpcEndpoint", {"vpcEndpointType": "Interface", "subnetIds": ["a", "b"]}, "14.60"),
        ("ec2.VpcEndpoint", {"serviceName": "com.amazonaws.us-east-1.s3"}, "0.00"),
        ("ec2.Instance", {"instanceType": "t3.micro"}, "8.39"),  # 730 × 0.0104 + 8 GB of gp2
        ("ec2.Instance", {"instanceType": "t3.micro", "associatePublicIpAddress": True}, "12.04"),
        ("ebs.Volume", {"type": "gp3", "size": 100, "iops": 4000}, "13.00"),
        ("lb.LoadBalancer", {}, "16.42"),
        ("kms.Key", {}, "1.00"),
        ("secretsmanager.Secret", {}, "0.40"),
        ("cloudwatch.MetricAlarm", {"period": 300}, "0.10"),
        ("cloudwatch.MetricAlarm", {"period": 10}, "0.30"),
        (
            "cloudwatch.MetricAlarm",
            {"metricQueries": [{"metric": {}}, {"metric": {"a": 1}}, {"metric": {"a": 2}}]},
            "0.20",
        ),
        ("cloudwatch.Dashboard", {}, "3.00"),
        ("route53.Zone", {}, "0.50"),
        ("ssm.Parameter", {"tier": "Advanced"}, "0.05"),
        ("ssm.Parameter", {}, "0.00"),
        ("rds.Instance", {"engine": "postgres", "instanceClass": "db.t4g.micro", "allocatedStorage": 20}, "13.98"),
        (
            "rds.Instance",
            {"engine": "postgres", "instanceClass": "db.t4g.micro", "allocatedStorage": 20, "multiAz": True},
            "27.96",
        ),
        ("dynamodb.Table", {"billingMode": "PAY_PER_REQUEST"}, "0.00"),
        ("dynamodb.Table", {"readCapacity": 5, "writeCapacity": 5}, "2.85"),
        ("elasticache.ReplicationGroup", {"nodeType": "cache.t4g.micro", "numCacheClusters": 2}, "23.36"),
        ("kinesis.Stream", {"shardCount": 2}, "21.90"),
        ("kinesis.Stream", {"streamModeDetails": {"streamMode": "ON_DEMAND"}}, "29.20"),
        ("apigateway.Stage", {"cacheClusterEnabled": True, "cacheClusterSize": "0.5"}, "14.60"),
    ],
)
def test_standing_cost_a_month(type_: str, inputs: dict[str, Any], usd: str) -> None:
    assert monthly(resource(type_, **inputs)) == usd


def test_every_price_that_a_rule_may_name_without_a_size_is_in_the_book() -> None:
    for name, priced in rules.PRICED.items():
        assessment = resources.assess(resource(name, instanceClass="db.t4g.micro", engine="postgres"))
        sized = ("rds.", "elasticache.")
        assert all(each.key in BOOK.prices or each.key.startswith(sized) for each in assessment.charges), name
        assert priced.label == assessment.label


def test_every_type_of_the_aws_provider_is_priced_metered_or_free() -> None:
    forgotten = []
    for found in pkgutil.iter_modules(aws.__path__):
        if not found.ispkg:
            continue
        importlib.import_module(f"{aws.__name__}.{found.name}")
        service = found.name.rstrip("_")
        for name in catalog.tables(service).types:
            short = f"{service}.{name}"
            assert kinds.short(catalog.token(service, name)) == short
            if short not in rules.PRICED and short not in kinds.METERED and not kinds.is_free(short):
                forgotten.append(short)
    assert forgotten == []


def test_no_type_stands_in_two_tables() -> None:
    assert not set(rules.PRICED) & set(kinds.METERED)
    assert not any(kinds.is_free(name) for name in [*rules.PRICED, *kinds.METERED])


def test_what_nobody_knows_is_named_never_zero() -> None:
    found = resources.assess(resource("sagemaker.Endpoint"))
    assert (found.standing, found.label, found.charges) == (Standing.UNPRICED, "sagemaker.Endpoint", ())
    assert resources.assess(resource("datadog:index/monitor:Monitor")).standing is Standing.UNPRICED
    lambda_ = resources.assess(resource("lambda.ProvisionedConcurrencyConfig"))
    assert (lambda_.standing, lambda_.about) == (Standing.UNPRICED, "provisioned concurrency has no rule")
    private = resources.assess(resource("acm.Certificate", certificateAuthorityArn="arn:x"))
    assert private.standing is Standing.UNPRICED
    assert resources.assess(resource("acm.Certificate")).standing is Standing.FREE
    bad = resources.assess(resource("ebs.Volume", size="large"))
    assert (bad.standing, bad.about) == (Standing.UNPRICED, "the size of a volume is no number")


def test_what_is_charged_by_use_alone_is_metered_and_says_by_what() -> None:
    found = resources.assess(resource("s3.Bucket"))
    assert (found.standing, found.about) == (Standing.METERED, "storage and requests")
    assert resources.assess(resource("dynamodb.Table", billingMode="PAY_PER_REQUEST")).about == "requests and storage"


def test_what_a_preview_does_not_know_is_told() -> None:
    found = resources.assess(resource("rds.Instance", engine="postgres", instanceClass=UNKNOWN, allocatedStorage=20))
    assert found.unknown == ("instanceClass",)
    computed = dataclasses.replace(
        resource("ec2.VpcEndpoint"), outputs={"subnetIds": UNKNOWN, "vpcEndpointType": UNKNOWN}
    )
    assert resources.assess(computed).unknown == ()


def test_a_price_does_not_tell_a_secret() -> None:
    found = resources.assess(resource("ec2.Instance", instanceType=Secret("t3.nano")))
    assert (found.standing, found.charges, found.about) == (Standing.UNPRICED, (), "instanceType is secret")


NAMES = sorted(set(re.findall(r'"([a-z][A-Za-z0-9]+)"', inspect.getsource(rules))))
ANYTHING = some.recursive(
    some.one_of(
        some.none(),
        some.booleans(),
        some.integers(),
        some.floats(),
        some.text(max_size=4),
        some.just(UNKNOWN),
        some.just(Secret("hush")),
    ),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.sampled_from(NAMES), inner, max_size=4),
    max_leaves=6,
)


@hypothesis.given(
    some.sampled_from(sorted([*rules.PRICED, "cloudwatch.LogGroup"])),
    some.dictionaries(some.sampled_from(NAMES), ANYTHING),
)
def test_no_property_however_odd_stops_a_preview(name: str, inputs: dict[str, Any]) -> None:
    found = resources.assess(resource(name, **inputs))
    assert "hush" not in str(found)
    assert all(charge.quantity.is_finite() and charge.quantity > 0 for charge in found.charges)


def test_what_a_stack_does_not_own_costs_it_nothing() -> None:
    gateway = resource("ec2.NatGateway")
    for gone in (
        dataclasses.replace(gateway, external=True),
        dataclasses.replace(gateway, pending_replacement=True),
        resource("random:index/randomId:RandomId"),
        dataclasses.replace(gateway, custom=False, type="platform:index:Network"),
    ):
        assert resources.assess(gone).standing is Standing.FREE
    assert resources.assess(dataclasses.replace(gateway, delete=True)).standing is Standing.PRICED


def test_tasks_that_a_service_keeps_running_cost_by_their_definition() -> None:
    task = dataclasses.replace(
        resource("ecs.TaskDefinition", "task", cpu="512", memory="1024"), outputs={"arn": "arn:task:1"}
    )
    service = resource("ecs.Service", desiredCount=2, launchType="FARGATE", taskDefinition="arn:task:1")
    assert monthly(service, task) == "36.04"  # 730 × (1 vCPU × 0.04048 + 2 GB × 0.004445)
    alone = resources.assess(service)
    assert (alone.standing, alone.label) == (Standing.UNPRICED, "ECS service")
    assert resources.assess(resource("ecs.Service", desiredCount=0, launchType="FARGATE")).charges == ()
