"""What the task is told by its environment's variables."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from .faults import USAGE, RunFault

# What `meltano run` takes as a name; an option it must not be.
_BLOCK: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,200}")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_KEY: Final = re.compile(r"[0-9a-f]{8,64}")


@dataclasses.dataclass(frozen=True, slots=True)
class Order:
    """One run. `source` and `bucket` name the object with the project, `plugins` its folder in the shared cache.

    `seconds` is the time limit; `secrets` maps a variable to the name of the secret with its value.
    """

    organization: str
    project: str
    environment: str
    run: str
    meltano_environment: str
    commit: str
    manifest: str
    bucket: str
    source: str
    source_sha256: str
    table: str
    plugins: Path
    seconds: float
    jobs: tuple[str, ...]
    secrets: Mapping[str, str]

    @property
    def key(self) -> str:
        """The environment's name within its organization."""
        return f"{self.project}.{self.environment}"


def read(environ: Mapping[str, str]) -> Order:
    """The order in the variables that docs/design/0008-tenants.md lists. Raises RunFault that tells every fault."""
    faults: list[str] = []

    def text(name: str, default: str | None = None) -> str:
        value = environ.get(name) or default
        if value is None:
            faults.append(f"{name} is not set")
        return value or ""

    order = Order(
        organization=text("STACKYARD_ORGANIZATION"),
        project=text("STACKYARD_PROJECT"),
        environment=text("STACKYARD_ENVIRONMENT"),
        run=text("STACKYARD_RUN"),
        meltano_environment=text("MELTANO_ENVIRONMENT", ""),
        commit=text("STACKYARD_COMMIT"),
        manifest=text("STACKYARD_MANIFEST", "meltano.yml"),
        bucket=text("STACKYARD_BUCKET"),
        source=text("STACKYARD_SOURCE"),
        source_sha256=text("STACKYARD_SOURCE_SHA256"),
        table=text("STACKYARD_RUNS_TABLE"),
        plugins=Path(text("STACKYARD_PLUGINS_ROOT")) / text("STACKYARD_PLUGINS"),
        seconds=_seconds(text("STACKYARD_RUN_MINUTES", "60"), faults),
        jobs=_jobs(text("STACKYARD_JOBS"), faults),
        secrets=_secrets(text("STACKYARD_SECRETS", "{}"), faults),
    )
    if not _KEY.fullmatch(environ.get("STACKYARD_PLUGINS", "")):
        faults.append("STACKYARD_PLUGINS is not a key of the plugins' cache")
    if order.manifest.startswith("/") or ".." in order.manifest.split("/"):
        faults.append("STACKYARD_MANIFEST leads out of the project")
    if faults:
        raise RunFault("; ".join(faults), USAGE)
    return order


def limit(environ: Mapping[str, str]) -> float:
    """The run's time limit in seconds. Raises RunFault."""
    faults: list[str] = []
    seconds = _seconds(environ.get("STACKYARD_RUN_MINUTES") or "60", faults)
    if faults:
        raise RunFault(faults[0], USAGE)
    return seconds


def _seconds(text: str, faults: list[str]) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0.0
    if not 0 < minutes <= 7 * 24 * 60:
        faults.append("STACKYARD_RUN_MINUTES is not a number of minutes up to a week")
    return minutes * 60


def _jobs(text: str, faults: list[str]) -> tuple[str, ...]:
    jobs = _parsed(text)
    if (
        not isinstance(jobs, list)
        or not jobs
        or not all(isinstance(job, str) and _BLOCK.fullmatch(job) for job in jobs)
    ):
        faults.append("STACKYARD_JOBS is not a JSON list of jobs or plugins")
        return ()
    return tuple(jobs)


def _secrets(text: str, faults: list[str]) -> Mapping[str, str]:
    secrets = _parsed(text)
    if not isinstance(secrets, dict) or not all(
        _VARIABLE.fullmatch(name) and isinstance(secret, str) and secret for name, secret in secrets.items()
    ):
        faults.append("STACKYARD_SECRETS is not a JSON object of variables and names of secrets")
        return {}
    return secrets


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
