"""Reads from CloudWatch what resources on AWS were used: calls, units, requests and log bytes of a month.

AWS's metrics know the resource and not the caller; asking for a thousand of them is billed at 0.01 USD. Every function
here blocks and is called in a thread; the client's faults pass through.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from stackyard.cloud.client.usage import Count
from stackyard.cost.meters import Place
from stackyard.cost.periods import Period
from stackyard.cost.usage import Kind
from stackyard.model.resources import Resource

DAY: Final = 86400
AT_ONCE: Final = 500
"""Metrics that one request of GetMetricData may ask for."""


@dataclasses.dataclass(frozen=True, slots=True)
class Metric:
    """A metric of one resource: the sum of `name` over the month, times `scale`, is the amount of `kind`."""

    namespace: str
    name: str
    dimension: tuple[str, str]
    kind: Kind
    scale: Decimal = Decimal(1)


def read(known: Mapping[str, Place], period: Period, client: Callable[[str], Any]) -> tuple[Count, ...]:
    """What the resources were used for in the month, by ARN; `client(region)` is a boto3 client of CloudWatch."""
    asked = [(arn, metric) for arn, place in sorted(known.items()) for metric in metrics(place.resource)]
    found: list[Count] = []
    for region, group in itertools.groupby(sorted(asked, key=_region), key=_region):
        for some in _batches(list(group)):
            sums = _sums(client(region), [metric for _, metric in some], period)
            for (arn, metric), amount in zip(some, sums, strict=True):
                if amount:
                    account, span = known[arn].account, (period.start, period.end)
                    found.append(Count(account, metric.kind.value, arn, "", amount * metric.scale, *span))
    return tuple(found)


def metrics(resource: Resource) -> Iterator[Metric]:
    """The metrics that tell what a resource was used for; none for a type that has none, or is paid by the hour."""
    told, name = resource.outputs, str(resource.outputs.get("name") or resource.id)
    match resource.type:
        case "aws:lambda/function:Function":
            memory = Decimal(int(_number(told.get("memorySize"), 128)))
            of_function = ("FunctionName", name)
            yield Metric("AWS/Lambda", "Invocations", of_function, Kind.FUNCTION_REQUESTS)
            yield Metric("AWS/Lambda", "Duration", of_function, Kind.FUNCTION_GB_SECONDS, memory / 1024 / 1000)
        case "aws:dynamodb/table:Table" if told.get("billingMode") == "PAY_PER_REQUEST":
            of_table = ("TableName", name)
            yield Metric("AWS/DynamoDB", "ConsumedReadCapacityUnits", of_table, Kind.TABLE_READS)
            yield Metric("AWS/DynamoDB", "ConsumedWriteCapacityUnits", of_table, Kind.TABLE_WRITES)
        case "aws:apigatewayv2/api:Api" if told.get("protocolType") == "HTTP":
            yield Metric("AWS/ApiGateway", "Count", ("ApiId", str(resource.id)), Kind.API_REQUESTS)
        case "aws:apigateway/restApi:RestApi":
            yield Metric("AWS/ApiGateway", "Count", ("ApiName", name), Kind.REST_API_REQUESTS)
        case "aws:cloudwatch/logGroup:LogGroup":
            yield Metric("AWS/Logs", "IncomingBytes", ("LogGroupName", name), Kind.LOG_BYTES)


def _number(value: Any, usual: int) -> float:
    return value if isinstance(value, int | float) and value else usual


def _region(asked: tuple[str, Metric]) -> str:
    return asked[0].split(":")[3]


def _batches(asked: list[tuple[str, Metric]]) -> Iterator[list[tuple[str, Metric]]]:
    for start in range(0, len(asked), AT_ONCE):
        yield asked[start : start + AT_ONCE]


def _sums(client: Any, asked: list[Metric], period: Period) -> list[Decimal]:
    queries = [
        {
            "Id": f"m{index}",
            "MetricStat": {
                "Metric": {
                    "Namespace": metric.namespace,
                    "MetricName": metric.name,
                    "Dimensions": [{"Name": metric.dimension[0], "Value": metric.dimension[1]}],
                },
                "Period": DAY,
                "Stat": "Sum",
            },
        }
        for index, metric in enumerate(asked)
    ]
    sums = [Decimal(0)] * len(asked)
    pages = client.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, StartTime=period.start, EndTime=period.end
    )
    for page in pages:
        for result in page["MetricDataResults"]:
            sums[int(result["Id"][1:])] += sum((Decimal(str(value)) for value in result["Values"]), Decimal(0))
    return sums
