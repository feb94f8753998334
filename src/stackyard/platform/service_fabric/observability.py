"""How the platform is watched: logs, alarms, and the one page to look at first."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws
import pydantic

from stackyard.platform.components import policies
from stackyard.platform.components.component import Component
from stackyard.platform.components.settings import LogDays, Settings
from stackyard.platform.components.tags import Tags


class Alarm(Settings):
    """Rings when `log_group` has more than `most` lines with `pattern` in `minutes`."""

    log_group: str
    pattern: str = "ERROR"
    most: int = pydantic.Field(default=0, ge=0)
    minutes: int = pydantic.Field(default=5, ge=1, le=1440)


class ObservabilitySettings(Settings):
    """`log_groups` maps a name below the stage's own prefix to the days its lines are kept.

    `alarms` each watch one of them. `subscribers` are mail addresses that alarms go to.
    """

    log_groups: dict[str, LogDays] = pydantic.Field(min_length=1)
    alarms: dict[str, Alarm] = pydantic.Field(default_factory=dict)
    subscribers: tuple[str, ...] = ()

    @pydantic.model_validator(mode="after")
    def _watched_exist(self) -> ObservabilitySettings:
        missing = {alarm.log_group for alarm in self.alarms.values()} - set(self.log_groups)
        if missing:
            raise ValueError(f"alarms watch log groups that are not made: {', '.join(sorted(missing))}")
        return self


class Observability(Component):
    """Makes log groups, metric filters with their alarms, a topic that alarms ring on, and a dashboard of them.

    Metrics are in a namespace of the stage's own. Logs cost 0.50 USD per GB taken in, an alarm 0.10 USD and
    a dashboard 3 USD a month.
    """

    def __init__(
        self, name: str, settings: ObservabilitySettings, tags: Tags, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("service_fabric:Observability", name, tags, opts)
        self.stage = tags.environment
        self.namespace = f"Platform/{self.stage}"
        self.groups = {group: self._group(group, days) for group, days in settings.log_groups.items()}
        self.topic = self._topic(settings)
        for alarm, watched in settings.alarms.items():
            self._alarm(alarm, watched)
        self._dashboard(sorted(settings.alarms))
        self.topic_arn = self.topic.arn
        self.log_group_names = {group: resource.name for group, resource in self.groups.items()}
        self.register_outputs(
            {"topic_arn": self.topic_arn, "log_group_names": self.log_group_names, "namespace": self.namespace}
        )

    def _group(self, name: str, days: int) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            name,
            name=f"/platform/{self.stage.lower()}/{name}",
            retention_in_days=days,
            tags=self.tagged(name),
            opts=self.below(),
        )

    def _topic(self, settings: ObservabilitySettings) -> aws.sns.Topic:
        topic = aws.sns.Topic(f"{self.name}-alarms", tags=self.tagged("alarms"), opts=self.below())
        inside = pulumi.ResourceOptions(parent=topic)
        ringers = {"Service": ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]}
        may_ring = policies.allow(["sns:Publish"], topic.arn, Principal=ringers)
        aws.sns.TopicPolicy(f"{self.name}-alarms", arn=topic.arn, policy=policies.document(may_ring), opts=inside)
        for address in settings.subscribers:
            aws.sns.TopicSubscription(
                f"{self.name}-{address}", topic=topic.arn, protocol="email", endpoint=address, opts=inside
            )
        return topic

    def _alarm(self, name: str, watched: Alarm) -> None:
        group = self.groups[watched.log_group]
        inside = pulumi.ResourceOptions(parent=group)
        aws.cloudwatch.LogMetricFilter(
            name,
            name=name,
            log_group_name=group.name,
            pattern=watched.pattern,
            metric_transformation={"name": name, "namespace": self.namespace, "value": "1", "default_value": "0"},
            opts=inside,
        )
        aws.cloudwatch.MetricAlarm(
            name,
            alarm_description=f"{watched.pattern} in {watched.log_group} of {self.stage}",
            namespace=self.namespace,
            metric_name=name,
            statistic="Sum",
            comparison_operator="GreaterThanThreshold",
            threshold=watched.most,
            period=watched.minutes * 60,
            evaluation_periods=1,
            treat_missing_data="notBreaching",
            alarm_actions=[self.topic.arn],
            ok_actions=[self.topic.arn],
            tags=self.tagged(name),
            opts=inside,
        )

    def _dashboard(self, metrics: list[str]) -> None:
        region = aws.get_region(opts=pulumi.InvokeOptions(parent=self)).region
        widgets = [_widget(rank, metric, self.namespace, region) for rank, metric in enumerate(metrics)]
        aws.cloudwatch.Dashboard(
            self.name,
            dashboard_name=f"platform-{self.stage}",
            dashboard_body=pulumi.Output.json_dumps({"widgets": widgets}),
            opts=self.below(),
        )


def _widget(rank: int, metric: str, namespace: str, region: str) -> dict[str, Any]:
    """One graph, twelve columns of the page's twenty-four wide and six rows high."""
    shown = {"metrics": [[namespace, metric]], "stat": "Sum", "period": 300, "region": region, "title": metric}
    place = {"x": 12 * (rank % 2), "y": 6 * (rank // 2), "width": 12, "height": 6}
    return {"type": "metric", **place, "properties": shown}
