"""Tenants as data: what one organization's file says, read from plain values with every fault told at once.

The file's format is docs/guide/tenants.md; its JSON Schema for editors is `tenancy/tenant.schema.json`.
"""

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from stackyard.model import plain, refs
from stackyard.model.names import DEFAULT_ORGANIZATION
from stackyard.model.resources import EMPTY

ORGANIZATION: Final = re.compile(r"[a-z][a-z0-9-]{1,31}")
PROJECT: Final = re.compile(r"[a-z][a-z0-9-]{0,23}")
ENVIRONMENT: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")
GROUP: Final = re.compile(r"[a-z][a-z0-9-]{0,19}")
RESERVED: Final = ("platform", DEFAULT_ORGANIZATION)
"""No organization is called so: its account would be the platform's own, or its tokens operators'."""
SERVICES: Final = ("schedules", "warehouse")
LOG_DAYS: Final = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3653)
"""How long CloudWatch keeps logs, in days (PutRetentionPolicy)."""


class Deed(enum.StrEnum):
    """What a group may do; each includes those before it."""

    VIEW = "view"
    RUN = "run"
    DEPLOY = "deploy"
    ADMINISTER = "administer"

    def includes(self, other: Deed) -> bool:
        """Whether who may do this may do `other`, too."""
        order = list(Deed)
        return order.index(other) <= order.index(self)


@dataclasses.dataclass(frozen=True, slots=True)
class Grant:
    """`may` is allowed `on` a glob of `project/environment`; `*` is everything of the organization."""

    may: Deed
    on: str = "*"

    @property
    def project(self) -> str:
        """The glob of project names."""
        return self.on.partition("/")[0]

    @property
    def environment(self) -> str:
        """The glob of environment names; `*` when the grant is for whole projects."""
        return self.on.partition("/")[2] or "*"


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """Users who share a role. `members` are mail addresses."""

    name: str
    members: tuple[str, ...]
    grants: tuple[Grant, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """The most that runs of an organization may take: at once, and each; cpu in 1/1024 vCPU. And how many activated
    environments its refs may make: who may push a branch could push thousands."""

    concurrent_runs: int = 2
    run_minutes: int = 60
    cpu: int = 1024
    memory_mb: int = 2048
    environments: int = 100


@dataclasses.dataclass(frozen=True, slots=True)
class Budget:
    """USD a calendar month; told at each of `warn_at` percent; `action` beyond it is `warn` or `suspend`."""

    monthly: float
    warn_at: tuple[int, ...] = (80, 100)
    action: str = "warn"


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """Which refs become which activated environment. Rules are tried in order; the first that matches decides.

    `kind` is `branch` or `tag`, `pattern` a glob of ref names. `environment` is the Meltano environment; `name` the
    activated environment's, in which `{slug}` is replaced by the ref as a name. `expires` counts seconds since the
    ref last moved, 0 = never. `archive_days` is how long an archive is kept, 0 = for ever.
    """

    kind: str
    pattern: str
    environment: str
    name: str
    services: tuple[str, ...] = ()
    expires: int = 0
    archive: bool = True
    archive_days: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class HostedProject:
    """One git repository and its one `meltano.yml`. Empty `rules`: the repository's own file has them.

    `variables` are environment variables of its runs; `secrets` are names of those whose values the organization
    keeps in its secrets.
    """

    name: str
    repository: str
    manifest: str = "meltano.yml"
    rules: tuple[Rule, ...] = ()
    secrets: tuple[str, ...] = ()
    variables: Mapping[str, str] = EMPTY


@dataclasses.dataclass(frozen=True, slots=True)
class Organization:
    """One tenant. `retention_days` is how long logs and replaced files are kept."""

    name: str
    display_name: str
    owner: str
    billing: str
    groups: Mapping[str, Group] = EMPTY
    projects: Mapping[str, HostedProject] = EMPTY
    limits: Limits = Limits()
    budget: Budget | None = None
    cost_owner: str = ""
    retention_days: int = 30
    disposable: bool = False
    suspended: bool = False

    def may(self, user: str, deed: Deed, project: str = "*", environment: str = "*") -> bool:
        """Whether one of the user's groups is granted `deed` on this project and environment."""
        return any(
            grant.may.includes(deed)
            and refs.matches(grant.project, project)
            and refs.matches(grant.environment, environment)
            for group in self.groups.values()
            if user in group.members
            for grant in group.grants
        )


Fault: TypeAlias = plain.Fault


def read(name: str, data: Any) -> tuple[Organization | None, tuple[Fault, ...]]:
    """The organization that plain data says, or None and every fault of it.

    `name` is the file's, without its ending. The data are as YAML 1.2 reads them: `on` is text.
    """
    from stackyard.model import tenant_reading  # lazy: that module builds this one's classes

    return tenant_reading.organization(name, data)


def read_rules(data: Any) -> tuple[tuple[Rule, ...], tuple[Fault, ...]]:
    """The rules of `{"rules": [...]}`, the form of a file that lies beside meltano.yml; none when there are faults."""
    from stackyard.model import tenant_reading  # lazy: as above

    return tenant_reading.rules_file(data)
