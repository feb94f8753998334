"""A hosted project: where its secrets are kept, which refs become environments, and that it is there at all."""

from __future__ import annotations

import dataclasses
import json

import pulumi
import pulumi_aws as aws
import pydantic

from stackyard.model import tenants
from stackyard.platform.components import rows
from stackyard.platform.components.component import Component
from stackyard.platform.components.settings import Input, Settings
from stackyard.platform.components.tags import Tags


class HostedProjectSettings(Settings):
    """`project` is what the organization's file says of it; the other three are exports of the site instance.

    `recovery_days` is how long a removed secret can be brought back (0: not at all).
    """

    organization: str
    project: tenants.HostedProject
    runs_table: Input
    key_arn: Input
    recovery_days: int = pydantic.Field(default=7, ge=0, le=30)


class HostedProject(Component):
    """Makes a project's secrets (without values: the organization puts those), its rules as a parameter, and its row.

    Costs 0.40 USD a month for each secret; the rest is free.
    """

    def __init__(
        self, name: str, settings: HostedProjectSettings, tags: Tags, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("hosted_projects:HostedProject", name, tags, opts)
        project = settings.project
        self.secrets_prefix = f"/site/{settings.organization}/{project.name}/"
        self.secret_names = {variable: self._secret(variable, settings) for variable in project.secrets}
        aws.ssm.Parameter(
            f"{name}-rules",
            name=f"/site/{settings.organization}/{project.name}/rules",
            description="Which refs become which activated environments; the first that matches decides",
            type="String",
            value=json.dumps([dataclasses.asdict(rule) for rule in project.rules]),
            tags=self.tagged(),
            opts=self.below(),
        )
        row = {"repository": project.repository, "manifest": project.manifest}
        rows.TableRow(name, rows.TableRowSettings(table=settings.runs_table, group="projects", row=project.name,
                                                  values=row), tags, opts=self.below())  # fmt: skip
        self.register_outputs({"secrets_prefix": self.secrets_prefix, "secret_names": self.secret_names})

    def _secret(self, variable: str, settings: HostedProjectSettings) -> pulumi.Output[str]:
        secret = aws.secretsmanager.Secret(
            f"{self.name}-{variable}",
            name=f"{self.secrets_prefix}{variable}",
            description=f"The variable {variable} of the project's runs",
            kms_key_id=settings.key_arn,
            recovery_window_in_days=settings.recovery_days,
            tags=self.tagged(),
            opts=self.below(),
        )
        return secret.name
