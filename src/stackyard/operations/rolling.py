"""tenant wave: a change of the platform goes through organizations in groups, with a health gate behind each."""

from __future__ import annotations

import asyncio
import dataclasses
import enum
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from stackyard import errors
from stackyard.model.estates import Stack
from stackyard.model.events import Sink
from stackyard.model.plans import Operation, Plan
from stackyard.model.updates import Outcome
from stackyard.operations import deploying, tenants
from stackyard.operations.deploying import Deployment
from stackyard.operations.hosting import Hosting, in_cloud
from stackyard.operations.workspace import Opening
from stackyard.tenancy import waves
from stackyard.tenancy.waves import Groups, Progress

FILE: Final = "wave.json"
_LIBRARY: Final = Path(errors.__file__).parent / "platform"
_POLL_SECONDS: Final = 5.0


class Check(enum.StrEnum):
    """What must hold of an organization after its stacks were brought up; that they succeeded is always asked."""

    ALARMS = "alarms"
    SITE = "site"


@dataclasses.dataclass(frozen=True, slots=True)
class Manner:
    """How a wave is rolled. Groups are those of `file`, or of `size`. `bake` is for how many seconds health must hold.

    `restart` begins at the first group, whatever was good before. `parallel` 0 = by the machine.
    """

    file: Path | None = None
    size: int = 5
    checks: tuple[Check, ...] = tuple(Check)
    bake: float = 0.0
    restart: bool = False
    parallel: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Voice:
    """How it speaks: `events` of stacks, `tell` of the rest; `cancelled` stops it.

    `decide` sees each group's plans and its stacks, and says whether to go on.
    """

    events: Sink
    tell: Callable[[str], None]
    decide: Callable[[Mapping[str, Plan], Mapping[str, Stack]], bool]
    cancelled: asyncio.Event


@dataclasses.dataclass(frozen=True, slots=True)
class Rolled:
    """How far the wave is, and what is wrong with the organizations that stopped it."""

    progress: Progress
    faults: Mapping[str, str]
    first: int = 0

    @property
    def complete(self) -> bool:
        """Whether all groups are good."""
        return self.progress.group == len(self.progress.groups)

    @property
    def exit_code(self) -> int:
        """0 when it is complete, 4 when an organization stopped it, 1 when somebody did."""
        return 0 if self.complete else errors.EngineError.exit_code if self.faults else 1


async def roll(opening: Opening, manner: Manner, voice: Voice) -> Rolled:
    """Bring up one group after another until one is bad. The same command goes on at the first that is not good yet.

    Raises DiagnosedError for faults of the groups' file, UsageError when there is no organization.
    """
    async with tenants.opened(opening, voice.tell) as workspace:
        hosting = Hosting(workspace)
        names = _names(hosting, voice.tell)
        groups = _groups(manner, names)
        file = workspace.folder / FILE
        folders = {stack.project.path for stack in workspace.estate.stacks if stack.tenant}
        change = waves.change([*folders, _LIBRARY], metadata.version("stackyard"))
        progress = Progress(change, groups) if manner.restart else waves.resumed(file, change, groups)
        first, faults = progress.group, dict[str, str]()
        if first == len(groups):
            voice.tell("all groups are good with this change already; --restart rolls it again")
        elif first:
            voice.tell(f"going on at group {first + 1}: those before it are good with this change")
        while progress.group < len(groups) and not faults and not voice.cancelled.is_set():
            group = groups[progress.group]
            voice.tell(f"group {progress.group + 1} of {len(groups)}: {', '.join(group)}")
            outcome = await _group(hosting, group, manner, voice)
            if outcome is None:
                break
            faults = outcome
            progress = progress.with_group(set(group) - set(faults), faults)
            waves.keep(file, progress)
        return Rolled(progress, faults, first)


def _names(hosting: Hosting, tell: Callable[[str], None]) -> list[str]:
    """The organizations whose files are sound; the others are told and left out."""
    found, faults = hosting.organizations()
    for fault in faults:
        tell(f"left out: {fault}")
    if not found:
        raise errors.UsageError("there is no organization", hint="`stackyard tenant new NAME` writes one")
    return sorted(found)


def _groups(manner: Manner, names: Sequence[str]) -> Groups:
    if manner.file is None:
        return waves.of_size(names, manner.size)
    try:
        text = manner.file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise errors.UsageError(f"{manner.file} cannot be read: {fault}") from None
    groups, told = waves.read(text, str(manner.file), names)
    if told:
        raise errors.DiagnosedError(told)
    return groups


async def _group(hosting: Hosting, group: Sequence[str], manner: Manner, voice: Voice) -> dict[str, str] | None:
    """Bring one group up and look at it: what is wrong, by organization. None when somebody decided against it."""
    select = [f"tenant:{name}" for name in group]
    request = deploying.Request(Operation.UP, select, parallel=manner.parallel, keep_going=True)
    stacks = {stack.name.short: stack for stack in hosting.workspace.estate.stacks}
    agreed: list[bool] = []

    def decide(plans: Mapping[str, Plan]) -> bool:
        agreed.append(voice.decide(plans, stacks))
        return agreed[-1]

    deployment = await deploying.deploy(hosting.workspace, request, voice.events, voice.cancelled, decide)
    if voice.cancelled.is_set() or agreed == [False]:
        return None
    faults = _failed(deployment)
    well = [name for name in group if name not in faults]
    deadline = time.monotonic() + manner.bake
    while True:
        looked = await asyncio.gather(*(_health(hosting, name, manner.checks) for name in well))
        faults |= {name: fault for name, fault in zip(well, looked, strict=True) if fault}
        left = deadline - time.monotonic()
        if faults or left <= 0 or voice.cancelled.is_set():
            return faults
        await asyncio.sleep(min(_POLL_SECONDS, left))


def _failed(deployment: Deployment) -> dict[str, str]:
    """The organizations with a stack that could not be planned or did not succeed."""
    found: dict[str, str] = {}
    for key, stack in deployment.stacks.items():
        plan, update = deployment.plans.get(key), (deployment.updates or {}).get(key)
        if plan is None or plan.failed:
            told = plan.diagnostics[0].message if plan is not None and plan.diagnostics else "it cannot be planned"
        elif update is None:
            told = "it was not brought up"
        elif update.outcome is not Outcome.SUCCEEDED:
            told = update.diagnostics[0].message if update.diagnostics else str(update.outcome)
        else:
            continue
        found.setdefault(stack.tenant, f"{key}: {told}")
    return found


async def _health(hosting: Hosting, name: str, checks: Sequence[Check]) -> str:
    """What is wrong with an organization; empty when nothing is."""
    try:
        if Check.SITE in checks:
            site = await hosting.site(name)
            await in_cloud(_answers, site.client, site.bucket, site.runs_table)
        if Check.ALARMS in checks:
            alarms = await in_cloud(_alarms, hosting.clients(name)("cloudwatch"))
            return f"in ALARM: {', '.join(alarms)}" if alarms else ""
    except errors.StackyardError as fault:
        return f"its site does not answer: {fault.message}"
    return ""


def _answers(client: Callable[[str], Any], bucket: str, table: str) -> None:
    client("s3").head_bucket(Bucket=bucket)
    client("dynamodb").describe_table(TableName=table)


def _alarms(cloudwatch: Any) -> list[str]:
    pages = cloudwatch.get_paginator("describe_alarms").paginate(StateValue="ALARM")
    return sorted(each["AlarmName"] for page in pages for each in page.get("MetricAlarms", ()))
