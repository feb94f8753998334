"""CloudWatch's sums become counts of the resources that states know."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from stackyard.cost import meters, periods
from stackyard.cost.meters import Place
from stackyard.cost.owners import Owner
from stackyard.cost.usage import Kind
from stackyard.operations import watching
from tests.unit.cost.making import day, resource

NOVEMBER = periods.month("2026-11", day(21))
OWNER = Owner("environments", "acme", "shop", "prod", "acme")


class Watch:
    """CloudWatch of one region: sums by metric and dimension, a day at a time, over two pages."""

    def __init__(self, **sums: float) -> None:
        self.sums = sums
        self.asked: list[dict[str, Any]] = []

    def get_paginator(self, operation: str) -> Watch:
        assert operation == "get_metric_data"
        return self

    def paginate(self, **given: Any) -> Iterator[dict[str, Any]]:
        self.asked.append(given)
        results = [(query["Id"], query["MetricStat"]["Metric"]) for query in given["MetricDataQueries"]]
        for share in (0.25, 0.75):
            yield {
                "MetricDataResults": [
                    {"Id": id_, "Values": [self.sums.get(metric["MetricName"], 0) * share]} for id_, metric in results
                ]
            }


def place(type_: str, **outputs: Any) -> Place:
    return Place(OWNER, dataclasses.replace(resource(type_), outputs=outputs), "shop/prod", "222")


FUNCTION = "arn:aws:lambda:eu-west-1:222:function:f"
TABLE = "arn:aws:dynamodb:us-east-1:222:table/t"


def test_sums_are_added_up_by_resource_and_region() -> None:
    known = {
        FUNCTION: place("lambda.Function", name="f", memorySize=512.0),
        TABLE: place("dynamodb.Table", name="t", billingMode="PAY_PER_REQUEST"),
    }
    regions = {"eu-west-1": Watch(Invocations=8, Duration=4000), "us-east-1": Watch(ConsumedWriteCapacityUnits=12)}
    counts = watching.read(known, NOVEMBER, regions.__getitem__)
    assert {(each.kind, each.resource): each.amount for each in counts} == {
        ("function_requests", FUNCTION): 8,
        ("function_gb_seconds", FUNCTION): Decimal(2),
        ("table_writes", TABLE): 12,
    }
    [asked] = regions["eu-west-1"].asked
    assert (asked["StartTime"], asked["EndTime"]) == (NOVEMBER.start, NOVEMBER.end)
    used, strange = meters.charged(counts, known, {"222": OWNER})
    assert {use.owner for use in used} == {OWNER}
    assert strange == ()


@pytest.mark.parametrize(
    ("type_", "outputs", "kinds"),
    [
        ("dynamodb.Table", {"billingMode": "PROVISIONED"}, []),
        ("apigatewayv2.Api", {"protocolType": "HTTP"}, [Kind.API_REQUESTS]),
        ("apigatewayv2.Api", {"protocolType": "WEBSOCKET"}, []),
        ("apigateway.RestApi", {"name": "n"}, [Kind.REST_API_REQUESTS]),
        ("cloudwatch.LogGroup", {"name": "/g"}, [Kind.LOG_BYTES]),
        ("s3.Bucket", {}, []),
    ],
)
def test_what_has_no_metric_or_is_paid_by_the_hour_is_not_asked_for(
    type_: str, outputs: dict[str, Any], kinds: list[Kind]
) -> None:
    assert [metric.kind for metric in watching.metrics(place(type_, **outputs).resource)] == kinds


def test_an_api_is_asked_for_by_its_id_and_a_rest_api_by_its_name() -> None:
    [http] = watching.metrics(place("apigatewayv2.Api", protocolType="HTTP", name="n").resource)
    [rest] = watching.metrics(place("apigateway.RestApi", name="n").resource)
    assert (http.dimension, rest.dimension) == (("ApiId", "id-of-it"), ("ApiName", "n"))


def test_many_metrics_are_asked_for_in_batches_and_none_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "AT_ONCE", 2)
    watch = Watch(Invocations=1)
    known = {f"{FUNCTION}{n}": place("lambda.Function", name=f"f{n}") for n in range(3)}
    assert len(watching.read(known, NOVEMBER, lambda _region: watch)) == 3
    assert [len(each["MetricDataQueries"]) for each in watch.asked] == [2, 2, 2]
    assert watching.read({"arn:aws:s3:::b": place("s3.Bucket")}, NOVEMBER, {}.__getitem__) == ()
