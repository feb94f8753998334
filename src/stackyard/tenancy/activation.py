"""Makes a ref ready to be an environment: its project is read, checked and delivered to the organization's bucket.

Nothing of the project is run. Everything here blocks, and may be repeated after a kill.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from stackyard import errors
from stackyard.model import diagnostics
from stackyard.model.activations import Activation, Schedule
from stackyard.model.diagnostics import Diagnostic, Severity
from stackyard.tenancy import meltano, sources
from stackyard.tenancy.sites import Site

Lock = Callable[[meltano.Manifest], str]


@dataclasses.dataclass(frozen=True, slots=True)
class Ready:
    """A record with everything its stack needs, the bundle it names, and warnings about the project."""

    activation: Activation
    bundle: sources.Bundle
    warnings: tuple[Diagnostic, ...] = ()


def prepare(target: Activation, lock: Lock) -> Ready:
    """Read a project at its commit. `lock` gives the key of its plugins' cache entry.

    Raises SourceError (Unreachable) for the repository, DiagnosedError with every fault of the project.
    """
    commit = sources.fetch(target.repository, target.commit)
    manifest, found = meltano.read(commit.text(target.manifest), target.manifest, commit.included(target.manifest))
    found = (*found, *(_checked(target, manifest) if manifest is not None else ()))
    told = tuple(dataclasses.replace(each, message=f"{target.title}: {each.message}") for each in found)
    if manifest is None or any(each.severity is Severity.ERROR for each in told):
        raise errors.DiagnosedError([each for each in told if each.severity is Severity.ERROR])
    bundle = commit.bundle()
    schedules = tuple(Schedule(each.name, each.cron, each.jobs) for each in manifest.schedules.values() if each.cron)
    ready = dataclasses.replace(
        target,
        schedules=schedules,
        default_jobs=_default_jobs(manifest),
        jobs=tuple(manifest.jobs),
        blocks=(*dict.fromkeys(each.name for each in manifest.plugins), *manifest.mappings),
        plugins=lock(manifest),
        source=f"projects/{target.project}/sources/{target.commit}.tar.gz",
        source_sha256=bundle.sha256,
        moved=target.moved or commit.moved,
    )
    return Ready(ready, bundle, told)


def _checked(target: Activation, manifest: meltano.Manifest) -> list[Diagnostic]:
    """What the rule asks for and the project does not have."""
    found = []
    place = errors.Position(manifest.path)
    if target.meltano_environment not in manifest.environments:
        listed = ", ".join(manifest.environments) or "none"
        message = f"{manifest.path} has no environment {target.meltano_environment!r}, which the rule names"
        found.append(diagnostics.error(message, hint=f"it has: {listed}", position=place))
    if "schedules" in target.services and not manifest.schedules:
        message = f"the rule switches schedules on, and {manifest.path} has none"
        found.append(diagnostics.error(message, hint="remove the service from the rule", position=place))
    return found


def _default_jobs(manifest: meltano.Manifest) -> tuple[str, ...]:
    """What a run without jobs runs: what the first schedule does, else the first job."""
    for schedule in manifest.schedules.values():
        return schedule.jobs
    return tuple(list(manifest.jobs)[:1])


def deliver(site: Site, ready: Ready) -> bool:
    """Put the bundle into the organization's bucket, unless it is there; whether it was put."""
    s3: Any = site.client("s3")
    key, sha256 = ready.activation.source, ready.bundle.sha256
    listed = s3.list_objects_v2(Bucket=site.bucket, Prefix=key, MaxKeys=1).get("Contents", ())
    there = any(each["Key"] == key for each in listed)
    if there and s3.head_object(Bucket=site.bucket, Key=key).get("Metadata", {}).get("sha256") == sha256:
        return False
    s3.put_object(Bucket=site.bucket, Key=key, Body=ready.bundle.data, Metadata={"sha256": sha256})
    return True
