"""What CloudWatch is told of a resource is what the reader of AWS accounts finds."""

from __future__ import annotations

import dataclasses
import datetime
from decimal import Decimal

from stackyard.cost import periods
from stackyard.cost.meters import Place
from stackyard.cost.owners import Owner
from stackyard.operations import watching
from tests.functional.cloud.conftest import Clients
from tests.unit.cost.making import resource


def test_a_months_calls_of_a_function(client: Clients) -> None:
    now = datetime.datetime.now(datetime.UTC)
    period = periods.month("", now)
    watch = client("cloudwatch")
    for name, values in (("Invocations", (3, 4)), ("Duration", (1000, 500))):
        for value in values:
            datum = {"MetricName": name, "Value": value, "Timestamp": now,
                     "Dimensions": [{"Name": "FunctionName", "Value": "f"}]}  # fmt: skip
            watch.put_metric_data(Namespace="AWS/Lambda", MetricData=[datum])
    function = dataclasses.replace(resource("lambda.Function"), outputs={"name": "f", "memorySize": 1024})
    arn = "arn:aws:lambda:eu-west-1:222:function:f"
    later = dataclasses.replace(period, end=now + datetime.timedelta(minutes=1))
    counts = watching.read({arn: Place(Owner(), function, "s", "222")}, later, lambda _region: watch)
    assert {each.kind: each.amount for each in counts} == {
        "function_requests": 7,
        "function_gb_seconds": Decimal("1.5"),
    }
