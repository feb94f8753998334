"""tenant secret, tenant token: what an organization's runs and people need to come in. Values are never shown again."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

from stackyard import errors
from stackyard.model import tenants as model
from stackyard.model.plain import suggest
from stackyard.model.tenants import Organization
from stackyard.operations import control, tenants
from stackyard.operations.hosting import SITES, Hosting, in_cloud
from stackyard.operations.workspace import Opening
from stackyard.tenancy.registry import Entry

_LONGEST: Final = 65_536
"""Bytes of one secret (Secrets Manager's limit)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where a secret is kept: of a project, or of one environment of it when `environment` is not empty."""

    organization: str
    project: str
    environment: str
    variable: str

    @property
    def secret(self) -> str:
        """Its name in Secrets Manager (docs/design/0008-tenants.md)."""
        owner = f"{self.project}.{self.environment}" if self.environment else self.project
        return f"/site/{self.organization}/{owner}/{self.variable}"


def place(organization: str, owner: str, variable: str) -> Place:
    """The place that `PROJECT` or `PROJECT/ENVIRONMENT` says. Raises UsageError for what is no name."""
    project, _, environment = owner.partition("/")
    if not model.PROJECT.fullmatch(project) or (environment and not model.ENVIRONMENT.fullmatch(environment)):
        raise errors.UsageError(f"{owner!r} is neither PROJECT nor PROJECT/ENVIRONMENT")
    return Place(organization, project, environment, variable)


async def keep(opening: Opening, where: Place, value: str, tell: tenants.Tell) -> str:
    """Put a secret's value; its name. The file must name it among the project's `secrets`.

    Raises UsageError for what the file does not name, StackNotFound when the project was never brought up.
    """
    async with tenants.opened(opening, tell) as workspace:
        hosting = Hosting(workspace)
        _check_named(_sound(tenants.found(hosting, where.organization)), where)
        if not value or len(value.encode()) > _LONGEST:
            hint = "its value is read from standard input: … < FILE"
            raise errors.UsageError(f"a secret has 1 to {_LONGEST} bytes, not {len(value.encode())}", hint=hint)
        key = await _key(hosting, where.organization)
        client = await in_cloud(hosting.clients(where.organization), "secretsmanager")
        if not await in_cloud(_put, client, where, value, key):
            hint = f"stackyard up hosted_projects/{where.organization}.{where.project}.{control.stage(hosting)}"
            raise errors.StackNotFound(f"the secret {where.secret} was never made", hint=hint)
        return where.secret


def _sound(entry: Entry) -> Organization:
    if entry.organization is None:
        raise errors.DiagnosedError(entry.diagnostics)
    return entry.organization


def _check_named(organization: Organization, where: Place) -> None:
    project = organization.projects.get(where.project)
    if project is None:
        hint = suggest(where.project, list(organization.projects)) if organization.projects else ""
        raise errors.UsageError(f"{organization.name} has no project {where.project!r}", hint=hint)
    if where.variable not in project.secrets:
        hint = f"add it to projects.{where.project}.secrets in the file of {organization.name}"
        raise errors.UsageError(f"{where.variable!r} is not a secret of {organization.name}/{where.project}", hint=hint)


async def _key(hosting: Hosting, organization: str) -> str:
    """The organization's own key. Raises StackNotFound when its site is not up."""
    stack = hosting.stack(SITES, organization)
    outputs = await hosting.workspace.outputs(stack.name) if stack else None
    if stack is None or not outputs:
        hint = f"stackyard up {stack.name.short}" if stack else ""
        raise errors.StackNotFound(f"the site of {organization} is not up", hint=hint)
    return str(outputs.get("key_arn") or "")


def _put(client: Any, where: Place, value: str, key: str) -> bool:
    """Whether it could be put. A project's secret is made by its stack; an environment's own is made here."""
    try:
        client.put_secret_value(SecretId=where.secret, SecretString=value)
    except client.exceptions.ResourceNotFoundException:
        if not where.environment:
            return False
        tags = {"Organization": where.organization, "Project": where.project, "HostedEnvironment": where.environment}
        client.create_secret(
            Name=where.secret,
            SecretString=value,
            KmsKeyId=key,
            Description=f"The variable {where.variable} of one environment's runs",
            Tags=[{"Key": name, "Value": text} for name, text in {**tags, "Layer": "environments"}.items()],
        )
    return True


@dataclasses.dataclass(frozen=True, slots=True)
class Issued:
    """A new token, shown once, and when it expires (seconds of the epoch)."""

    organization: str
    user: str
    expires: int
    token: str = dataclasses.field(repr=False)


async def issue(opening: Opening, organization: str, user: str, seconds: int, tell: tenants.Tell) -> Issued:
    """Make a token for a user of an organization, or for an operator (organization `platform`).

    Raises UsageError for a user whom no group of the organization has, StackNotFound without the control tables.
    """
    async with tenants.opened(opening, tell) as workspace:
        hosting = Hosting(workspace)
        _check_user(hosting, organization, user)
        tables = await control.opened(hosting)
        token, expires = await in_cloud(tables.issue, organization, user, seconds)
        return Issued(organization, user, expires, token)


async def revoke(opening: Opening, organization: str, user: str, tell: tenants.Tell) -> int:
    """Remove all tokens of a user; how many there were."""
    async with tenants.opened(opening, tell) as workspace:
        tables = await control.opened(Hosting(workspace))
        return await in_cloud(tables.revoke, organization, user)


def _check_user(hosting: Hosting, organization: str, user: str) -> None:
    if organization == control.OPERATORS:
        return
    found = _sound(tenants.found(hosting, organization))
    people = sorted({mail for group in found.groups.values() for mail in group.members})
    if user not in people:
        message = f"no group of {organization} has {user!r}, so a token would open nothing"
        raise errors.UsageError(message, hint=suggest(user, people))
