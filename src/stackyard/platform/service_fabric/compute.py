"""What runs are made of: the image, the shared cache of plugins, and the place in the network where they stand."""

from __future__ import annotations

import json
from typing import Final

import pulumi
import pulumi_aws as aws
import pydantic

from stackyard.platform.components import policies
from stackyard.platform.components.component import Component
from stackyard.platform.components.settings import Input, LogDays, Settings
from stackyard.platform.components.tags import Tags
from stackyard.platform.service_fabric.image_registry import PULLS

ANYWHERE: Final = "0.0.0.0/0"
NFS: Final = 2049
PLUGINS: Final = "plugins"
TASKS: Final = {"Service": "ecs-tasks.amazonaws.com"}


class ComputeSettings(Settings):
    """`repository_url` and `image_tag` are the runner's image; `subnet_ids` of `vpc_id` are where tasks get addresses.

    `public` gives tasks an address of their own, for subnets without a NAT gateway. `plugins_root` is where tasks find
    the plugins' cache. `cpu` (1/1024 vCPU) and `memory_mb` are the installer's. `insights` meters every task.
    """

    repository_url: Input
    repository_arn: Input
    image_tag: str = pydantic.Field(pattern=r"^[\w][\w.-]{0,127}$")
    vpc_id: Input
    subnet_ids: Input
    boundary_arn: Input = None
    public: bool = False
    plugins_root: str = pydantic.Field(default="/var/lib/stackyard/plugins", pattern=r"^/[\w./-]+$")
    cpu: int = pydantic.Field(default=1024, ge=256, le=16384)
    memory_mb: int = pydantic.Field(default=2048, ge=512, le=122880)
    insights: bool = False
    zones: int = pydantic.Field(default=2, ge=1, le=6)
    log_days: LogDays = 30


class Compute(Component):
    """Makes a cluster on Fargate, the plugins' file system, the task that fills it, and the runs' security groups.

    Only the installer, a task of the platform's own account, writes the file system; runs mount it read-only.
    Nothing is paid by the hour: an idle cluster is free, the file system costs 0.30 USD per GB and month, an
    installation 0.04 USD per vCPU-hour and 0.0044 USD per GB-hour. `insights` costs 0.07 USD per metric and month.
    """

    def __init__(
        self, name: str, settings: ComputeSettings, tags: Tags, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("service_fabric:Compute", name, tags, opts)
        self.settings = settings
        self.stage = tags.environment.lower()
        self.region = aws.get_region(opts=pulumi.InvokeOptions(parent=self)).region
        self.image = pulumi.Output.concat(settings.repository_url, ":", settings.image_tag)
        self.security_group_id = self._runs_group().id
        self.cluster_arn = self._cluster().arn
        self.file_system = self._file_system()
        installer = self._installer()
        self.installer_family, self.installer_arn = installer.family, installer.arn
        self.register_outputs(
            {
                "cluster_arn": self.cluster_arn,
                "runner_image": self.image,
                "security_group_id": self.security_group_id,
                "plugins_file_system_id": self.file_system.id,
                "installer_family": self.installer_family,
            }
        )

    def _cluster(self) -> aws.ecs.Cluster:
        cluster = aws.ecs.Cluster(
            self.name,
            name=f"platform-{self.stage}",
            settings=[{"name": "containerInsights", "value": "enabled" if self.settings.insights else "disabled"}],
            tags=self.tagged(self.name),
            opts=self.below(),
        )
        aws.ecs.ClusterCapacityProviders(
            self.name,
            cluster_name=cluster.name,
            capacity_providers=["FARGATE", "FARGATE_SPOT"],
            default_capacity_provider_strategies=[{"capacity_provider": "FARGATE", "weight": 1}],
            opts=pulumi.ResourceOptions(parent=cluster),
        )
        return cluster

    def _runs_group(self) -> aws.ec2.SecurityGroup:
        """Runs call whatever holds their rows; nobody calls a run."""
        group = self._group("runs", "Runs of hosted projects")
        aws.vpc.SecurityGroupEgressRule(
            f"{self.name}-runs",
            security_group_id=group.id,
            ip_protocol="-1",
            cidr_ipv4=ANYWHERE,
            description="To sources and targets, wherever they are",
            opts=pulumi.ResourceOptions(parent=group),
        )
        return group

    def _group(self, kind: str, description: str) -> aws.ec2.SecurityGroup:
        name = f"{self.name}-{kind}"
        return aws.ec2.SecurityGroup(
            name, vpc_id=self.settings.vpc_id, description=description, tags=self.tagged(name), opts=self.below()
        )

    def _file_system(self) -> aws.efs.FileSystem:
        group = self._group(PLUGINS, "The plugins' file system")
        aws.vpc.SecurityGroupIngressRule(
            f"{self.name}-{PLUGINS}",
            security_group_id=group.id,
            referenced_security_group_id=self.security_group_id,
            ip_protocol="tcp",
            from_port=NFS,
            to_port=NFS,
            description="NFS from runs",
            opts=pulumi.ResourceOptions(parent=group),
        )
        files = aws.efs.FileSystem(
            PLUGINS,
            creation_token=f"platform-{self.stage}-{PLUGINS}",
            encrypted=True,
            throughput_mode="elastic",
            lifecycle_policies=[{"transition_to_ia": "AFTER_30_DAYS"}],
            tags=self.tagged(PLUGINS),
            opts=self.below(),
        )
        subnets = pulumi.Output.from_input(self.settings.subnet_ids)
        for number in range(self.settings.zones):
            aws.efs.MountTarget(
                f"{PLUGINS}-{number + 1}",
                file_system_id=files.id,
                subnet_id=subnets[number],
                security_groups=[group.id],
                opts=pulumi.ResourceOptions(parent=files),
            )
        return files

    def _installer(self) -> aws.ecs.TaskDefinition:
        logs = aws.cloudwatch.LogGroup(
            "install-plugins",
            name=f"/platform/{self.stage}/install-plugins",
            retention_in_days=self.settings.log_days,
            tags=self.tagged(),
            opts=self.below(),
        )
        writes = policies.allow(
            ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"], self.file_system.arn
        )
        return aws.ecs.TaskDefinition(
            "install-plugins",
            family=f"install-plugins-{self.stage}",
            cpu=str(self.settings.cpu),
            memory=str(self.settings.memory_mb),
            network_mode="awsvpc",
            requires_compatibilities=["FARGATE"],
            task_role_arn=self._role("installer", writes).arn,
            execution_role_arn=self._role("installer-start", *self._starts(logs)).arn,
            container_definitions=pulumi.Output.all(self.image, logs.name).apply(
                lambda known: json.dumps([self._container(*known)])
            ),
            volumes=[
                {
                    "name": PLUGINS,
                    "efs_volume_configuration": {
                        "file_system_id": self.file_system.id,
                        "transit_encryption": "ENABLED",
                        "authorization_config": {"iam": "ENABLED"},
                    },
                }
            ],
            tags=self.tagged("install-plugins"),
            opts=self.below(),
        )

    def _container(self, image: str, log_group: str) -> dict[str, object]:
        return {
            "name": "runner",
            "image": image,
            "command": ["install-plugins"],
            "essential": True,
            "environment": [{"name": "STACKYARD_PLUGINS_ROOT", "value": self.settings.plugins_root}],
            "mountPoints": [{"sourceVolume": PLUGINS, "containerPath": self.settings.plugins_root, "readOnly": False}],
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": log_group,
                    "awslogs-region": self.region,
                    "awslogs-stream-prefix": "install",
                },
            },
        }

    def _starts(self, logs: aws.cloudwatch.LogGroup) -> list[policies.Statement]:
        """What starting a task takes: its image and its log."""
        return [
            policies.allow(["ecr:GetAuthorizationToken"], "*"),
            policies.allow(PULLS, self.settings.repository_arn),
            policies.allow(["logs:CreateLogStream", "logs:PutLogEvents"], pulumi.Output.concat(logs.arn, ":*")),
        ]

    def _role(self, kind: str, *allowed: policies.Statement) -> aws.iam.Role:
        name = f"{self.name}-{kind}"
        role = aws.iam.Role(
            name,
            assume_role_policy=policies.document(policies.trust(TASKS)),
            permissions_boundary=self.settings.boundary_arn,
            description=f"{kind} of {self.stage}",
            tags=self.tagged(name),
            opts=self.below(),
        )
        aws.iam.RolePolicy(
            name, role=role.name, policy=policies.document(*allowed), opts=pulumi.ResourceOptions(parent=role)
        )
        return role
