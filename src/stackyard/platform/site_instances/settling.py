"""Settles runs whose task has stopped, in the organization's own account."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pulumi
import pulumi_aws as aws

from stackyard.platform.components import policies
from stackyard.platform.components.component import Component
from stackyard.platform.components.function import FunctionSettings, ServiceFunction
from stackyard.platform.components.settings import Input, LogDays, Settings
from stackyard.platform.components.tags import Tags

CODE: Final = Path(__file__).parent / "functions"


class SettlingSettings(Settings):
    """The cluster whose tasks are watched, and the table of runs."""

    cluster_arn: Input
    table: Input
    table_arn: Input
    boundary_arn: Input
    log_days: LogDays = 30


class Settling(Component):
    """Makes the function `site-settle` and the rule that calls it for every task of the cluster that has stopped.

    Costs nothing while nothing runs; a millionth of a dollar a run.
    """

    def __init__(
        self, name: str, settings: SettlingSettings, tags: Tags, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("site_instances:Settling", name, tags, opts)
        rows = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"]
        measures = policies.allow(
            # CloudWatch knows no resources for metrics: the namespace is the bound.
            ["cloudwatch:PutMetricData"],
            "*",
            Condition={"StringLike": {"cloudwatch:namespace": "site/*"}},
        )
        said = FunctionSettings(
            code=str(CODE / "settle.py"),
            handler="settle.handler",
            function_name=name,
            allows=(policies.allow(rows, settings.table_arn), measures),
            variables={"RUNS_TABLE": settings.table},
            boundary_arn=settings.boundary_arn,
            timeout_seconds=30,
            log_days=settings.log_days,
        )
        self.function = ServiceFunction(name, said, tags, opts=self.below())
        self._rule(name, settings.cluster_arn)
        self.register_outputs({"function": self.function.function_name})

    def _rule(self, name: str, cluster_arn: Input) -> None:
        rule = aws.cloudwatch.EventRule(
            name,
            name=name,
            description="A task of a run has stopped",
            event_pattern=pulumi.Output.from_input(cluster_arn).apply(_pattern),
            tags=self.tagged(),
            opts=self.below(),
        )
        inside = pulumi.ResourceOptions(parent=rule)
        may_call = aws.lambda_.Permission(
            name,
            action="lambda:InvokeFunction",
            function=self.function.function_name,
            principal="events.amazonaws.com",
            source_arn=rule.arn,
            opts=inside,
        )
        after = pulumi.ResourceOptions(parent=rule, depends_on=[may_call])
        aws.cloudwatch.EventTarget(name, rule=rule.name, target_id=name, arn=self.function.arn, opts=after)


def _pattern(cluster_arn: str) -> str:
    stopped = {"clusterArn": [cluster_arn], "lastStatus": ["STOPPED"]}
    return json.dumps({"source": ["aws.ecs"], "detail-type": ["ECS Task State Change"], "detail": stopped})
