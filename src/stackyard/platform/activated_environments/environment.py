"""An activated environment: how its runs are defined, started, watched and paid for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pulumi
import pulumi_aws as aws
import pydantic

from stackyard.errors import ConfigError
from stackyard.model.activations import Activation, Phase
from stackyard.platform.activated_environments import crons
from stackyard.platform.activated_environments.roles import RunReach, RunRoles
from stackyard.platform.activated_environments.services import SERVICES, Context, Made
from stackyard.platform.components import rows
from stackyard.platform.components.component import Component
from stackyard.platform.components.function import FunctionSettings, ServiceFunction
from stackyard.platform.components.settings import Input, LogDays, Settings
from stackyard.platform.components.tags import Tags

FUNCTIONS: Final = Path(__file__).parent / "functions"
CONTAINER: Final = "runner"
CLOCK: Final = "clock"
PLUGINS: Final = "plugins"
_KNOWN_BYTES: Final = 1500


class SiteReach(Settings):
    """What the organization's site instance exports, and the environment uses."""

    bucket: Input
    bucket_arn: Input
    key_arn: Input
    cluster_arn: Input
    runs_table: Input
    runs_table_arn: Input
    boundary_arn: Input
    scheduler_role_arn: Input


class PluginsMount(Settings):
    """The plugins' file system, where the runner's image does not bring the cache itself, and where tasks find it."""

    file_system_id: Input
    root: Input


class ActivatedEnvironmentSettings(Settings):
    """`activation` is the record; `variables` and `secrets` (variable → secret's name) are the project's own.

    `image` is the runner's; `subnet_ids` and `security_group_ids` are where tasks stand; `public` gives them addresses
    of their own. `alarm_topic_arn` hears of failed runs. `cpu` (1/1024 vCPU), `memory_mb`, `run_minutes` and
    `concurrent_runs` are the organization's limits.
    """

    activation: Activation
    site: SiteReach
    variables: dict[str, str] = pydantic.Field(default_factory=dict)
    secrets: Input = None
    image: Input
    subnet_ids: Input
    security_group_ids: Input
    public: Input = False
    plugins: PluginsMount | None = None
    subnet_group: Input = None
    alarm_topic_arn: Input = None
    cpu: int = pydantic.Field(default=1024, ge=256, le=16384)
    memory_mb: int = pydantic.Field(default=2048, ge=512, le=122880)
    run_minutes: int = pydantic.Field(default=60, ge=1, le=1440)
    concurrent_runs: int = pydantic.Field(default=2, ge=1, le=100)
    log_days: LogDays = 30
    suspended: bool = False
    disposable: bool = True

    @pydantic.field_validator("activation")
    @classmethod
    def _known_services(cls, activation: Activation) -> Activation:
        unknown = sorted(set(activation.services) - set(SERVICES))
        if unknown:
            raise ValueError(f"no service is called {', '.join(unknown)}; there are {', '.join(SERVICES)}")
        return activation


class ActivatedEnvironment(Component):
    """Makes a task definition at a pinned commit, its roles, log group, launch function, schedules and alarm.

    Schedules are disabled until the rule names the service `schedules`, and whenever the environment is being
    retired or its organization is suspended. Costs 0.10 USD a month for the alarm; runs cost 0.0405 USD per vCPU-hour
    and 0.0044 per GB-hour; the services say what they cost.
    """

    def __init__(
        self, name: str, settings: ActivatedEnvironmentSettings, tags: Tags, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("activated_environments:ActivatedEnvironment", name, tags, opts)
        self.settings = settings
        self.activation = settings.activation
        self.base = f"{self.activation.project}_{self.activation.environment}"
        self.secrets_prefix = f"/site/{self.activation.organization}/{self.activation.key}/"
        self.log_group = self._logs()
        self.services = self._services()
        self.roles = self._roles()
        self.task_family = self._definition().family
        self.launch = self._launch()
        self.schedule_names = self._schedules()
        self._alarm()
        self._row()
        self.register_outputs({"task_family": self.task_family, "launch_function": self.launch.function_name})

    def _logs(self) -> aws.cloudwatch.LogGroup:
        said = self.activation
        stage = self.tags.environment.lower()
        return aws.cloudwatch.LogGroup(
            self.name,
            name=f"/site/{stage}/{said.organization}/{said.project}/{said.environment}",
            retention_in_days=self.settings.log_days,
            tags=self.tagged(),
            opts=self.below(),
        )

    def _services(self) -> dict[str, Made]:
        context = Context(
            activation=self.activation,
            prefix=self.base,
            tags=self.tags,
            secrets_prefix=self.secrets_prefix,
            key_arn=self.settings.site.key_arn,
            subnet_group=self.settings.subnet_group,
            security_group_ids=self.settings.security_group_ids,
            disposable=self.settings.disposable,
            below=self.below,
        )
        try:
            return {service: SERVICES[service]().make(context) for service in self.activation.services}
        except ValueError as fault:
            raise ConfigError(f"{self.activation.entry}: {fault}") from None

    def _roles(self) -> RunRoles:
        site = self.settings.site
        reach = RunReach(
            organization=self.activation.organization,
            project=self.activation.project,
            key=self.activation.key,
            base=self.base,
            bucket_arn=site.bucket_arn,
            key_arn=site.key_arn,
            runs_table_arn=site.runs_table_arn,
            log_group_arn=self.log_group.arn,
            boundary_arn=site.boundary_arn,
        )
        return RunRoles(self.name, reach, self.tags, opts=self.below())

    def _variables(self) -> dict[str, Any]:
        """What a run is told of its environment."""
        said, site = self.activation, self.settings.site
        own: dict[str, Any] = {
            **self.settings.variables,
            "STACKYARD_ORGANIZATION": said.organization,
            "STACKYARD_PROJECT": said.project,
            "STACKYARD_ENVIRONMENT": said.environment,
            "STACKYARD_COMMIT": said.commit,
            "STACKYARD_MANIFEST": said.manifest,
            "STACKYARD_BUCKET": site.bucket,
            "STACKYARD_SOURCE": said.source,
            "STACKYARD_SOURCE_SHA256": said.source_sha256,
            "STACKYARD_PLUGINS": said.plugins,
            "STACKYARD_RUNS_TABLE": site.runs_table,
            "STACKYARD_RUN_MINUTES": str(self.settings.run_minutes),
            "STACKYARD_JOBS": json.dumps(list(said.default_jobs)),
            "STACKYARD_SECRETS": pulumi.Output.json_dumps(self._secrets()),
            "MELTANO_ENVIRONMENT": said.meltano_environment,
        }
        if self.settings.plugins is not None:
            own["STACKYARD_PLUGINS_ROOT"] = self.settings.plugins.root
        for made in self.services.values():
            own.update(made.variables)
        return own

    def _secrets(self) -> pulumi.Output[dict[str, str]]:
        named = {variable: name for made in self.services.values() for variable, name in made.secrets.items()}
        return pulumi.Output.all(self.settings.secrets, named).apply(lambda both: {**(both[0] or {}), **both[1]})

    def _definition(self) -> aws.ecs.TaskDefinition:
        containers = pulumi.Output.all(
            image=self.settings.image,
            group=self.log_group.name,
            region=aws.get_region(opts=pulumi.InvokeOptions(parent=self)).region,
            variables=self._variables(),
            plugins_root=self.settings.plugins.root if self.settings.plugins else "",
        ).apply(_containers)
        mount = self.settings.plugins
        volume = {"file_system_id": mount.file_system_id, "transit_encryption": "ENABLED"} if mount else {}
        return aws.ecs.TaskDefinition(
            self.name,
            family=self.base,
            container_definitions=containers,
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=str(self.settings.cpu),
            memory=str(self.settings.memory_mb),
            task_role_arn=self.roles.task_role_arn,
            execution_role_arn=self.roles.execution_role_arn,
            volumes=[{"name": PLUGINS, "efs_volume_configuration": volume}] if mount else None,
            tags=self.tagged(),
            opts=self.below(depends_on=[self.roles]),
        )

    def _launch(self) -> ServiceFunction:
        site, said = self.settings.site, self.activation
        variables = {
            **_known(said),
            "CLUSTER": site.cluster_arn,
            "FAMILY": self.task_family,
            "KEY": said.key,
            "COMMIT": said.commit,
            "RUNS_TABLE": site.runs_table,
            "DEFAULT_JOBS": json.dumps(list(said.default_jobs)),
            "CONCURRENT_RUNS": str(self.settings.concurrent_runs),
            "CPU": str(self.settings.cpu),
            "MEMORY_MB": str(self.settings.memory_mb),
            "SUSPENDED": "true" if self.settings.suspended or said.phase is not Phase.ACTIVE else "false",
            "SUBNETS": pulumi.Output.json_dumps(self.settings.subnet_ids),
            "PUBLIC": pulumi.Output.from_input(self.settings.public).apply(lambda on: "ENABLED" if on else "DISABLED"),
            "SECURITY_GROUPS": pulumi.Output.json_dumps(self.settings.security_group_ids),
        }
        settings = FunctionSettings(
            code=str(FUNCTIONS),
            handler="launch.handler",
            function_name=f"launch_{self.base}",
            allows=self.roles.launching(site.cluster_arn),
            variables=variables,
            boundary_arn=site.boundary_arn,
            timeout_seconds=30,
            log_days=self.settings.log_days,
        )
        return ServiceFunction(f"launch-{self.name}", settings, self.tags, opts=self.below())

    def _schedules(self) -> list[str]:
        said = self.activation
        if not said.schedules:
            return []
        on = "schedules" in self.services and said.phase is Phase.ACTIVE and not self.settings.suspended
        group = aws.scheduler.ScheduleGroup(self.name, name=self.base, tags=self.tagged(), opts=self.below())
        names = []
        for schedule in said.schedules:
            try:
                fires = crons.expressions(schedule.interval)
            except ValueError as fault:
                raise ConfigError(f"{said.entry}: schedule {schedule.name!r}: {fault}") from None
            order = {"action": "start", "reason": f"schedule:{schedule.name}", "jobs": list(schedule.jobs)}
            for index, expression in enumerate(fires):
                name = schedule.name + (f"-{index + 1}" if index else "")
                names.append(name)
                aws.scheduler.Schedule(
                    f"{self.name}-{name}",
                    name=name,
                    group_name=group.name,
                    schedule_expression=expression,
                    state="ENABLED" if on else "DISABLED",
                    flexible_time_window={"mode": "OFF"},
                    target={
                        "arn": self.launch.arn,
                        "role_arn": self.settings.site.scheduler_role_arn,
                        "input": json.dumps(order),
                        "retry_policy": {"maximum_retry_attempts": 0},
                    },
                    opts=pulumi.ResourceOptions(parent=group),
                )
        return names

    def _alarm(self) -> None:
        if self.settings.alarm_topic_arn is None:
            return
        said = self.activation
        aws.cloudwatch.MetricAlarm(
            self.name,
            name=self.base,
            alarm_description=f"A run of {said.entry} has failed",
            namespace=f"site/{said.project}/{said.environment}",
            metric_name="FailedRuns",
            statistic="Sum",
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            period=60,
            evaluation_periods=1,
            treat_missing_data="notBreaching",
            alarm_actions=[self.settings.alarm_topic_arn],
            tags=self.tagged(),
            opts=self.below(),
        )

    def _row(self) -> None:
        said = self.activation
        values: dict[str, Any] = {
            "project": said.project,
            "name": said.environment,
            "ref": said.ref,
            "commit": said.commit,
            "services": list(said.services),
            "schedules": [f"{each.name}: {each.interval}" for each in said.schedules],
            "jobs": list(said.default_jobs),
            "expires": said.expires,
            "phase": said.phase.value,
            "log_group": self.log_group.name,
            "launch_function": self.launch.function_name,
        }
        settings = rows.TableRowSettings(
            table=self.settings.site.runs_table, group="environments", row=said.key, values=values
        )
        rows.TableRow(self.name, settings, self.tags, opts=self.below())


def _known(said: Activation) -> dict[str, str]:
    """What a run may be asked for; of a project with very many names nothing, for a function's variables have 4 KB."""
    given = {"JOBS": json.dumps(said.jobs), "BLOCKS": json.dumps(said.blocks)}
    return given if sum(map(len, given.values())) <= _KNOWN_BYTES else dict.fromkeys(given, "[]")


def _containers(given: Mapping[str, Any]) -> str:
    environment = [{"name": name, "value": value} for name, value in sorted(given["variables"].items())]
    root = given["plugins_root"]
    mounts = [{"sourceVolume": PLUGINS, "containerPath": root, "readOnly": True}] if root else []
    logs = {"awslogs-group": given["group"], "awslogs-region": given["region"], "awslogs-stream-prefix": "run"}
    minutes = [each for each in environment if each["name"] == "STACKYARD_RUN_MINUTES"]
    return json.dumps(
        [
            {
                "name": CONTAINER,
                "image": given["image"],
                "essential": True,
                "command": ["run"],
                "environment": environment,
                "mountPoints": mounts,
                "stopTimeout": 30,
                "logConfiguration": {"logDriver": "awslogs", "options": logs},
            },
            # Whose end ends the task: the project's code can stop the runner's own clock, and sees nothing of this one.
            {
                "name": CLOCK,
                "image": given["image"],
                "essential": True,
                "command": ["clock"],
                "environment": minutes,
                "stopTimeout": 2,
            },
        ]
    )
