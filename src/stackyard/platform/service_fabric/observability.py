"""How the platform is watched: logs, alarms, and the one page to look at first."""

from __future__ import annotations

from typing import Annotated, Any, Final

import pulumi
import pulumi_aws as aws
import pydantic

from stackyard.platform.components import policies
from stackyard.platform.components.component import Component
from stackyard.platform.components.settings import LogDays, Settings
from stackyard.platform.components.tags import Tags

QUEUE_DAYS: Final = 14  # the longest that a queue keeps a message


class Alarm(Settings):
    """Rings when `log_group` has more than `most` lines with `pattern` in `minutes`."""

    log_group: str
    pattern: str = "ERROR"
    most: int = pydantic.Field(default=0, ge=0)
    minutes: int = pydantic.Field(default=5, ge=1, le=1440)


class ObservabilitySettings(Settings):
    """`log_groups` maps a name below the stage's own prefix to the days its lines are kept.

    `alarms` each watch one of them. `subscribers` are mail addresses that alarms go to.
    Alarms of organizations ring here, too, from accounts of their own: `organization_id` admits those of one AWS
    organization, `alarm_accounts` those that it names (`*`: any). Without either, only the platform's own.
    """

    log_groups: dict[str, LogDays] = pydantic.Field(min_length=1)
    alarms: dict[str, Alarm] = pydantic.Field(default_factory=dict)
    subscribers: tuple[str, ...] = ()
    organization_id: str = pydantic.Field(default="", pattern=r"^(o-[a-z0-9]{10,32})?$")
    alarm_accounts: tuple[Annotated[str, pydantic.Field(pattern=r"^(\d{12}|\*)$")], ...] = ()

    @pydantic.model_validator(mode="after")
    def _watched_exist(self) -> ObservabilitySettings:
        missing = {alarm.log_group for alarm in self.alarms.values()} - set(self.log_groups)
        if missing:
            raise ValueError(f"alarms watch log groups that are not made: {', '.join(sorted(missing))}")
        return self


class Observability(Component):
    """Makes log groups, metric filters with their alarms, a topic that all alarms ring on, and a dashboard of them.

    What rings is kept in a queue for a fortnight, for those who were not listening. Metrics are in a namespace of the
    stage's own. Logs cost 0.50 USD per GB taken in, an alarm 0.10 USD and a dashboard 3 USD a month.
    """

    def __init__(
        self, name: str, settings: ObservabilitySettings, tags: Tags, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("service_fabric:Observability", name, tags, opts)
        self.stage = tags.environment
        self.namespace = f"Platform/{self.stage}"
        self.groups = {group: self._group(group, days) for group, days in settings.log_groups.items()}
        self.account = aws.get_caller_identity(opts=pulumi.InvokeOptions(parent=self)).account_id
        self.topic = self._topic(settings)
        self.queue = self._queue()
        for alarm, watched in settings.alarms.items():
            self._alarm(alarm, watched)
        self._dashboard(sorted(settings.alarms))
        self.topic_arn = self.topic.arn
        self.log_group_names = {group: resource.name for group, resource in self.groups.items()}
        self.register_outputs(
            {
                "topic_arn": self.topic_arn,
                "queue_url": self.queue.url,
                "log_group_names": self.log_group_names,
                "namespace": self.namespace,
            }
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
        may_ring = policies.allow(["sns:Publish"], topic.arn, Principal=ringers, **self._admitted(settings))
        aws.sns.TopicPolicy(f"{self.name}-alarms", arn=topic.arn, policy=policies.document(may_ring), opts=inside)
        for address in settings.subscribers:
            aws.sns.TopicSubscription(
                f"{self.name}-{address}", topic=topic.arn, protocol="email", endpoint=address, opts=inside
            )
        return topic

    def _admitted(self, settings: ObservabilitySettings) -> dict[str, Any]:
        """The condition on whose alarms may ring."""
        if settings.organization_id:
            return {"Condition": {"StringEquals": {"aws:SourceOrgID": settings.organization_id}}}
        if "*" in settings.alarm_accounts:
            return {}
        accounts = [self.account, *settings.alarm_accounts]
        return {"Condition": {"StringEquals": {"aws:SourceAccount": accounts}}}

    def _queue(self) -> aws.sqs.Queue:
        name = f"{self.name}-alarms"
        queue = aws.sqs.Queue(
            name,
            name=f"platform-{self.stage.lower()}-alarms",
            message_retention_seconds=QUEUE_DAYS * 86400,
            sqs_managed_sse_enabled=True,
            tags=self.tagged("alarms"),
            opts=pulumi.ResourceOptions(parent=self.topic),
        )
        inside = pulumi.ResourceOptions(parent=queue)
        from_topic = {"ArnEquals": {"aws:SourceArn": self.topic.arn}}
        may_send = policies.allow(
            ["sqs:SendMessage"], queue.arn, Principal={"Service": "sns.amazonaws.com"}, Condition=from_topic
        )
        admitted = aws.sqs.QueuePolicy(name, queue_url=queue.url, policy=policies.document(may_send), opts=inside)
        after = pulumi.ResourceOptions(parent=queue, depends_on=[admitted])
        aws.sns.TopicSubscription(name, topic=self.topic.arn, protocol="sqs", endpoint=queue.arn, opts=after)
        return queue

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
        widgets = [_widget(rank, metric, [self.namespace, metric], region) for rank, metric in enumerate(metrics)]
        waiting = ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", self.queue.name]
        widgets.append(_widget(len(metrics), "alarms not yet read", waiting, region))
        aws.cloudwatch.Dashboard(
            self.name,
            dashboard_name=f"platform-{self.stage}",
            dashboard_body=pulumi.Output.json_dumps({"widgets": widgets}),
            opts=self.below(),
        )


def _widget(rank: int, title: str, metric: list[Any], region: str) -> dict[str, Any]:
    """One graph, twelve columns of the page's twenty-four wide and six rows high."""
    shown = {"metrics": [metric], "stat": "Sum", "period": 300, "region": region, "title": title}
    place = {"x": 12 * (rank % 2), "y": 6 * (rank // 2), "width": 12, "height": 6}
    return {"type": "metric", **place, "properties": shown}
