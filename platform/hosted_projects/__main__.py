"""A hosted project of an organization: one stack for each key under `projects` in the files of the tenants folder."""

import pulumi

from stackyard.platform.components import Tags
from stackyard.platform.hosted_projects import HostedProject, HostedProjectSettings
from stackyard.platform.site_instances import read_tenant

config = pulumi.Config()
organization, project = config.require("organization"), config.require("project")
tenant = read_tenant(config.require("tenant"))

stage = pulumi.get_stack().split(".")[-1]
site = pulumi.StackReference(f"{pulumi.get_organization()}/site_instances/{organization}.{stage}")

hosted = HostedProject(
    project,
    HostedProjectSettings(
        organization=organization,
        project=tenant.projects[project],
        runs_table=site.require_output("runs_table"),
        key_arn=site.require_output("key_arn"),
        recovery_days=0 if tenant.disposable else 7,
    ),
    Tags.current("projects", organization=organization, project=project, cost_owner=tenant.cost_owner),
)

pulumi.export("secrets_prefix", hosted.secrets_prefix)
pulumi.export("secret_names", hosted.secret_names)
pulumi.export("repository", tenant.projects[project].repository)
