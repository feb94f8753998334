"""Who may deploy what: roles for pipelines and for tenants' sessions, and the line nobody crosses."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws
import pydantic

from stackyard.platform.components import policies
from stackyard.platform.components.component import Component
from stackyard.platform.components.permission_boundary import PermissionBoundary, PermissionBoundarySettings
from stackyard.platform.components.settings import Settings
from stackyard.platform.components.tags import Tags


class DeployersSettings(Settings):
    """`projects` maps a project to the services (IAM prefixes) that its deployer role may use.

    `repository` is the pipelines' repository as its host names it; `issuer` is the host that signs their tokens.
    An account knows an issuer once: the stage with `makes_issuer` makes it, the others rely on it.
    """

    projects: dict[str, tuple[str, ...]] = pydantic.Field(min_length=1)
    repository: str = pydantic.Field(pattern=r"^[\w.-]+/[\w.-]+$")
    issuer: str = "token.actions.githubusercontent.com"
    makes_issuer: bool = True
    session_seconds: int = pydantic.Field(default=3600, ge=900, le=43200)


class Deployers(Component):
    """Makes a deployer role per project, the pipelines' OIDC provider, the session broker, the permission boundary.

    A pipeline becomes a deployer with a token of its repository and stage: no key is stored anywhere. The boundary
    forbids what no role of the platform may do, whatever its own policies say. All of IAM is free.
    """

    def __init__(
        self, name: str, settings: DeployersSettings, tags: Tags, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("service_fabric:Deployers", name, tags, opts)
        self.stage = tags.environment
        self.account = aws.get_caller_identity(opts=pulumi.InvokeOptions(parent=self)).account_id
        most = PermissionBoundarySettings(description="The most that any role of the platform may do")
        self.boundary = PermissionBoundary(f"{name}-boundary", most, tags, opts=self.below())
        issuer_arn = self._issuer(settings)
        self.broker = self._broker(settings)
        self.role_arns = {
            project: self._deployer(project, services, issuer_arn, settings).arn
            for project, services in sorted(settings.projects.items())
        }
        self.boundary_arn = self.boundary.arn
        self.broker_arn = self.broker.arn
        self.register_outputs(
            {"boundary_arn": self.boundary_arn, "broker_arn": self.broker_arn, "role_arns": self.role_arns}
        )

    def _issuer(self, settings: DeployersSettings) -> pulumi.Output:
        if not settings.makes_issuer:
            return pulumi.Output.from_input(f"arn:aws:iam::{self.account}:oidc-provider/{settings.issuer}")
        provider = aws.iam.OpenIdConnectProvider(
            f"{self.name}-pipelines",
            url=f"https://{settings.issuer}",
            client_id_lists=["sts.amazonaws.com"],
            tags=self.tagged(),
            opts=self.below(),
        )
        return provider.arn

    def _deployer(
        self, project: str, services: tuple[str, ...], issuer_arn: pulumi.Output, settings: DeployersSettings
    ) -> aws.iam.Role:
        name = f"{self.name}-{project}"
        subject = f"repo:{settings.repository}:environment:{self.stage}"
        said = {f"{settings.issuer}:sub": subject, f"{settings.issuer}:aud": "sts.amazonaws.com"}
        trusted = policies.trust(
            {"Federated": issuer_arn}, "sts:AssumeRoleWithWebIdentity", Condition={"StringEquals": said}
        )
        role = aws.iam.Role(
            name,
            name=f"{self.stage.lower()}-{project}-deployer",
            description=f"Deploys {project} to {self.stage}",
            assume_role_policy=policies.document(trusted),
            permissions_boundary=self.boundary.arn,
            max_session_duration=settings.session_seconds,
            tags=self.tagged(name),
            opts=self.below(),
        )
        used = policies.allow([f"{service}:*" for service in services], "*")
        aws.iam.RolePolicy(
            name, role=role.name, policy=policies.document(used), opts=pulumi.ResourceOptions(parent=role)
        )
        return role

    def _broker(self, settings: DeployersSettings) -> aws.iam.Role:
        """The one role that may open a session as a role of an organization, and may do nothing else."""
        name = f"{self.name}-broker"
        role = aws.iam.Role(
            name,
            name=f"{self.stage.lower()}-session-broker",
            description="Opens the sessions of organizations' users",
            assume_role_policy=policies.document(policies.trust({"AWS": f"arn:aws:iam::{self.account}:root"})),
            permissions_boundary=self.boundary.arn,
            max_session_duration=settings.session_seconds,
            tags=self.tagged(name),
            opts=self.below(),
        )
        opens = policies.document(policies.allow(["sts:AssumeRole", "sts:TagSession"], "arn:aws:iam::*:role/site/*"))
        aws.iam.RolePolicy(name, role=role.name, policy=opens, opts=pulumi.ResourceOptions(parent=role))
        return role
