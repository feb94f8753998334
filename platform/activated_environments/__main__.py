"""An activated environment: one stack for each record that `stackyard environment reconcile` keeps in activations/."""

import pulumi

from stackyard.platform.activated_environments import (
    ActivatedEnvironment,
    ActivatedEnvironmentSettings,
    PluginsMount,
    SiteReach,
    read_activation,
)
from stackyard.platform.components import Tags
from stackyard.platform.site_instances import read_tenant

config = pulumi.Config()
organization, project = config.require("organization"), config.require("project")
said = read_activation(config.require("activation"))
tenant = read_tenant(f"../tenants/{organization}.yaml")

platform, stage = pulumi.get_organization(), pulumi.get_stack().split(".")[-1]
site = pulumi.StackReference(f"{platform}/site_instances/{organization}.{stage}")
hosted = pulumi.StackReference(f"{platform}/hosted_projects/{organization}.{project}.{stage}")
compute = pulumi.StackReference(f"{platform}/compute/{stage}")
observability = pulumi.StackReference(f"{platform}/observability/{stage}")

# On the embedded cloud the runner's image brings the plugins' cache; on AWS it is a file system.
plugins = None
if config.get_bool("mount_plugins"):
    plugins = PluginsMount(
        file_system_id=compute.require_output("plugins_file_system_id"), root=compute.require_output("plugins_root")
    )

environment = ActivatedEnvironment(
    said.key,
    ActivatedEnvironmentSettings(
        activation=said,
        site=SiteReach(**{name: site.require_output(name) for name in SiteReach.model_fields}),
        variables=dict(tenant.projects[project].variables) if project in tenant.projects else {},
        secrets=hosted.require_output("secret_names"),
        image=compute.require_output("runner_image"),
        subnet_ids=compute.require_output("subnet_ids"),
        security_group_ids=[compute.require_output("security_group_id")],
        public=compute.require_output("assign_public_ip"),
        plugins=plugins,
        alarm_topic_arn=observability.require_output("alarm_topic_arn"),
        cpu=tenant.limits.cpu,
        memory_mb=tenant.limits.memory_mb,
        run_minutes=tenant.limits.run_minutes,
        concurrent_runs=tenant.limits.concurrent_runs,
        log_days=tenant.retention_days,
        suspended=tenant.suspended,
    ),
    Tags.current(
        "environments",
        organization=organization,
        project=project,
        hosted_environment=said.environment,
        cost_owner=tenant.cost_owner,
    ),
)

pulumi.export("launch_function", environment.launch.function_name)
pulumi.export("launch_function_arn", environment.launch.arn)
pulumi.export("task_family", environment.task_family)
pulumi.export("task_role_arn", environment.roles.task_role_arn)
pulumi.export("log_group", environment.log_group.name)
pulumi.export("schedule_names", environment.schedule_names)
pulumi.export("services", {name: made.exports for name, made in environment.services.items()})
