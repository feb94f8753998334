"""An activated environment as data: the record that reconcile writes and the environment's program reads."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from stackyard.model.resources import EMPTY

_BOOKKEEPING: Final = ("activated", "moved", "archive", "archive_wanted", "archive_days", "deployed", "manual")
_LISTS: Final = ("services", "default_jobs", "jobs", "blocks")


class Phase(enum.StrEnum):
    """Where an environment is in its life. Each phase is durable before its work begins; a killed reconcile goes on.

    ACTIVE: wanted. STOPPING: schedules off, runs end. ARCHIVING: copied to the archive. ARCHIVED: the archive's
    checksums were verified; only now may anything be destroyed.
    """

    ACTIVE = "active"
    STOPPING = "stopping"
    ARCHIVING = "archiving"
    ARCHIVED = "archived"


@dataclasses.dataclass(frozen=True, slots=True)
class Schedule:
    """A Meltano schedule: `interval` is a five-field cron expression (UTC), `jobs` what `meltano run` is given."""

    name: str
    interval: str
    jobs: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Activation:
    """Hosted project × ref × environment name, pinned to a commit.

    `ref` is a full ref name (`refs/heads/main`), `commit` 40 hex digits, `moved` the commit's time and `activated`
    ours (seconds of the epoch). `meltano_environment` is the name in meltano.yml. `default_jobs` is what a run
    without jobs runs. `jobs` are those of the project, `blocks` what else `meltano run` takes by name: plugins and
    mappings; both are empty in a record that was written before they were known. `plugins` is the key of the plugins'
    cache entry. `source` is the object in the organization's bucket with the project at its commit, `source_sha256`
    its digest. `archive` names the archive, once there is one. `expires` is a time, 0 = never. `paused`: the
    organization is suspended, so its schedules are off. `deployed` is the `shape` that its stack was last brought up
    with, empty when it never was. `manual`: somebody activated it by hand, so it stays while its ref is there,
    whatever the rules say.
    """

    organization: str
    project: str
    environment: str
    ref: str
    commit: str
    repository: str
    meltano_environment: str = ""
    manifest: str = "meltano.yml"
    services: tuple[str, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    default_jobs: tuple[str, ...] = ()
    plugins: str = ""
    source: str = ""
    source_sha256: str = ""
    moved: int = 0
    activated: int = 0
    expires: int = 0
    archive_wanted: bool = True
    archive_days: int = 0
    archive: str = ""
    phase: Phase = Phase.ACTIVE
    paused: bool = False
    deployed: str = ""
    manual: bool = False
    jobs: tuple[str, ...] = ()
    blocks: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Its name within the organization: `project.environment`."""
        return f"{self.project}.{self.environment}"

    @property
    def entry(self) -> str:
        """Its name in the estate, and its record's file name: `organization.project.environment`."""
        return f"{self.organization}.{self.key}"

    @property
    def title(self) -> str:
        """Its name as people write and read it: `organization/project/environment`."""
        return f"{self.organization}/{self.project}/{self.environment}"

    @property
    def shape(self) -> str:
        """A digest of everything that its stack is made of; what is only bookkeeping is left out."""
        made = {name: value for name, value in self.data().items() if name not in _BOOKKEEPING}
        return hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()[:16]

    def unknown(self, words: Sequence[str]) -> tuple[str, ...]:
        """Those of `words` that `meltano run` would not take: `orders`, `tap-shop`, `dbt:test` are taken by name."""
        if not (self.jobs or self.blocks):
            return ()
        known = {*self.jobs, *self.blocks}
        return tuple(each for each in words if each not in known and each.partition(":")[0] not in self.blocks)

    def data(self) -> dict[str, Any]:
        """Plain values, as `of` reads them."""
        plain = dataclasses.asdict(self)
        plain["phase"] = self.phase.value
        for name in _LISTS:
            plain[name] = list(plain[name])
        plain["schedules"] = [{**dataclasses.asdict(each), "jobs": list(each.jobs)} for each in self.schedules]
        return plain

    @classmethod
    def of(cls, data: Mapping[str, Any] = EMPTY) -> Activation:
        """The activation of a record's plain values. Raises TypeError, ValueError or KeyError for what is no record."""
        if not isinstance(data, Mapping):
            raise TypeError("a record is a mapping")
        schedules = tuple(
            Schedule(each["name"], each["interval"], tuple(each["jobs"])) for each in data.get("schedules", ())
        )
        given = {
            **data,
            "schedules": schedules,
            **{name: tuple(data.get(name, ())) for name in _LISTS},
            "phase": Phase(data.get("phase", Phase.ACTIVE)),
        }
        return cls(**given)
