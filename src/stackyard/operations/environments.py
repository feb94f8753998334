"""environment: activated environments listed, reconciled, activated by hand, run, watched and archived."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable, Sequence

from stackyard import errors
from stackyard.estate.schema import suggest
from stackyard.model import tenants
from stackyard.model.activations import Activation
from stackyard.model.diagnostics import Diagnostic, Severity
from stackyard.model.events import Sink
from stackyard.operations import hosting, launching, surveying
from stackyard.operations.hosting import Hosting, in_cloud
from stackyard.operations.reconciling import Manner, Reconciliation, Result
from stackyard.operations.surveying import Survey
from stackyard.operations.workspace import Opening, Workspace
from stackyard.tenancy import archive, reconcile, registry, rules, sources, wishes
from stackyard.tenancy.archive import Archive
from stackyard.tenancy.reconcile import Act, Change, Decision
from stackyard.tenancy.records import Reading
from stackyard.tenancy.rows import Row

Tell = Callable[[str], None]


@dataclasses.dataclass(frozen=True, slots=True)
class Voice:
    """How a long operation speaks: `events` of stacks, `tell` of everything else; `cancelled` is set to stop it."""

    events: Sink
    tell: Tell
    cancelled: asyncio.Event


@dataclasses.dataclass(frozen=True, slots=True)
class Reconciled:
    """What was decided, and what came of each change; no results when nothing was done."""

    survey: Survey
    results: tuple[Result, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 when everything is as it shall be, 4 when a change failed, 1 when a file or repository is at fault."""
        if any(result.fault for result in self.results):
            return errors.EngineError.exit_code
        told = (*self.survey.diagnostics, *self.diagnostics)
        return 1 if any(each.severity is Severity.ERROR for each in told) else 0


@dataclasses.dataclass(frozen=True, slots=True)
class Listed:
    """One environment. `deployed`: `yes`, `no`, or `behind` its record. `run` is the row of its last run, if known."""

    record: Activation
    deployed: str
    run: Row | None = None


def opened(opening: Opening, tell: Tell | None = None) -> Workspace:
    """The estate; a fault in one organization's file stops nothing of another's."""
    return Workspace(dataclasses.replace(opening, past_entries=True), progress=tell)


async def reconciled(
    opening: Opening, chosen: Sequence[str], voice: Voice, agree: Callable[[Survey], bool], manner: Manner
) -> Reconciled:
    """Survey organizations (all by default) and, if there is something to do and `agree` says so, do it."""
    async with opened(opening, voice.tell) as workspace:
        return await once(Hosting(workspace), chosen, voice, agree, manner)


async def once(
    hosts: Hosting, chosen: Sequence[str], voice: Voice, agree: Callable[[Survey], bool], manner: Manner
) -> Reconciled:
    """The same in an open workspace. Waits while another process reconciles the estate."""
    async with hosting.alone(hosts.workspace.folder, voice.tell, voice.cancelled):
        hosts.workspace.rediscover()
        survey = await surveying.survey(hosts, chosen)
        if not agree(survey) or survey.idle:
            return Reconciled(survey)
        return await _carried_out(hosts, survey, voice, manner)


async def _carried_out(hosts: Hosting, survey: Survey, voice: Voice, manner: Manner) -> Reconciled:
    work = Reconciliation(hosts, voice.events, voice.tell, voice.cancelled, manner)
    await work.carry_out(survey.pending, survey.leftovers)
    return Reconciled(survey, tuple(work.results), tuple(work.diagnostics))


@dataclasses.dataclass(frozen=True, slots=True)
class ByHand:
    """An environment that somebody asks for: of which ref (`main`, `v1` or in full), and by which rule.

    Without `environment` (Meltano's) the project's rules decide; `name` is the environment's own.
    """

    organization: str
    project: str
    ref: str
    environment: str = ""
    name: str = ""
    services: tuple[str, ...] = ()


async def activate(
    opening: Opening, asked: ByHand, voice: Voice, agree: Callable[[Survey], bool], manner: Manner
) -> Reconciled:
    """Bring one ref up. Raises UsageError when there is no such project or ref, or no rule that matches."""
    async with opened(opening, voice.tell) as workspace:
        hosts = Hosting(workspace)
        async with hosting.alone(workspace.folder, voice.tell, voice.cancelled):
            target = await asyncio.to_thread(_target, hosts, asked)
            reading = hosts.read()
            if target.entry in reading.blocked:
                raise errors.DiagnosedError(reading.diagnostics)
            record = next((each for each in reading.active if each.entry == target.entry), None)
            change = _by_hand(record, target)
            survey = Survey((Decision(asked.organization, (change,)),))
            if not agree(survey) or not survey.pending:
                return Reconciled(survey)
            return await _carried_out(hosts, survey, voice, manner)


def _target(hosts: Hosting, asked: ByHand) -> Activation:
    organization, project = _project(hosts, asked.organization, asked.project)
    found = sources.refs(project.repository)
    names = (asked.ref, f"refs/heads/{asked.ref}", f"refs/tags/{asked.ref}")
    ref = next((each for name in names for each in found if each.name == name), None)
    if ref is None:
        hint = suggest(asked.ref, [each.short for each in found])
        raise errors.UsageError(f"{asked.organization}/{asked.project} has no branch or tag {asked.ref!r}", hint=hint)
    match = rules.match(wishes.rules_of(project), ref.name)
    if not asked.environment:
        if match is None:
            hint = "say which Meltano environment it is: --environment NAME"
            raise errors.UsageError(f"no rule of {asked.organization}/{asked.project} matches {ref.name}", hint=hint)
        rule = dataclasses.replace(match.rule, name=asked.name or match.rule.name)
    else:
        rule = tenants.Rule(ref.kind, ref.short, asked.environment, asked.name or asked.environment, asked.services)
    if not tenants.ENVIRONMENT.fullmatch(rule.name.replace("{slug}", "x")):
        raise errors.UsageError(f"{rule.name!r} cannot be the name of an environment", hint="use a-z, 0-9 and '-'")
    moved = sources.fetch(project.repository, ref.commit).moved
    target = wishes.wanted_by(organization, project, ref, rule, moved)
    return dataclasses.replace(target, manual=match is None or bool(asked.environment or asked.name))


def _project(hosts: Hosting, name: str, project: str) -> tuple[tenants.Organization, tenants.HostedProject]:
    organizations, faults = hosts.organizations()
    organization = organizations.get(name)
    if organization is None:
        mine = [each for each in faults if each.position and each.position.path.endswith(f"/{name}.yaml")]
        if mine:
            raise errors.DiagnosedError(mine)
        raise errors.UsageError(f"there is no organization {name!r}", hint=suggest(name, organizations))
    if organization.suspended:
        raise errors.UsageError(f"organization {name} is suspended", hint=f"stackyard tenant resume {name}")
    if project not in organization.projects:
        hint = suggest(project, organization.projects)
        raise errors.UsageError(f"organization {name} has no project {project!r}", hint=hint)
    return organization, organization.projects[project]


def _by_hand(record: Activation | None, target: Activation) -> Change:
    if record is None:
        return Change(Act.ACTIVATE, None, target, "by hand")
    if record.ref != target.ref and not record.manual:
        hint = "give the new one a name of its own: --name NAME"
        raise errors.UsageError(f"environment {record.title} is of {record.ref}", hint=hint)
    wish = reconcile.Wish(record.organization, (reconcile.Wanted(target),), frozenset({record.project}))
    (change,) = reconcile.decide(wish, [record], 0).changes
    return change


async def retire(
    opening: Opening, name: tuple[str, str, str], voice: Voice, agree: Callable[[Survey], bool], manner: Manner
) -> Reconciled:
    """Archive and destroy one environment that was activated by hand, or whose ref no rule wants any more.

    Raises UsageError while its rule wants it: the next reconcile would bring it back.
    """
    async with opened(opening, voice.tell) as workspace:
        hosts = Hosting(workspace)
        async with hosting.alone(workspace.folder, voice.tell, voice.cancelled):
            record = hosts.record(*name)
            if not record.manual:
                found = await surveying.survey(hosts, [record.organization])
                change = next(each for each in found.decisions[0].changes if each.entry == record.entry)
                if change.act is not Act.RETIRE:
                    hint = f"delete {record.ref}, or change the rule"
                    raise errors.UsageError(f"environment {record.title} is what a rule wants", hint=hint)
            change = Change(Act.RETIRE, record, None, "by hand")
            survey = Survey((Decision(record.organization, (change,)),))
            if not agree(survey):
                return Reconciled(survey)
            return await _carried_out(hosts, survey, voice, manner)


async def listed(opening: Opening, chosen: Sequence[str] = ()) -> tuple[tuple[Listed, ...], tuple[Diagnostic, ...]]:
    """Every environment of the chosen organizations (default: all), and records that cannot be read.

    Last runs are known while the embedded cloud runs, or on AWS; it is not started for this. Raises UsageError for an
    organization of which there is neither a file nor a record.
    """
    async with opened(opening) as workspace:
        hosts = Hosting(workspace)
        reading = hosts.read()
        _check_known(hosts, reading, chosen)
        records = [each for each in reading.active if not chosen or each.organization in chosen]
        asks = await workspace.cloud.status() is not None or any(
            each.cloud == "aws" for each in workspace.estate.stacks
        )
        runs = await asyncio.gather(*(_last(hosts, each) if asks else _nothing() for each in records))
        found = [await _listed(hosts, each, run) for each, run in zip(records, runs, strict=True)]
        return tuple(found), reading.diagnostics


def _check_known(hosts: Hosting, reading: Reading, chosen: Sequence[str]) -> None:
    entries = (*(each.entry for each in reading.active), *reading.blocked)
    known = {*(each.name for each in registry.entries(hosts.tenants)), *(entry.partition(".")[0] for entry in entries)}
    for name in chosen:
        if name not in known:
            raise errors.UsageError(f"there is no organization {name!r}", hint=suggest(name, sorted(known)))


async def _listed(hosts: Hosting, record: Activation, run: Row | None) -> Listed:
    stack = hosts.stack(hosting.ENVIRONMENTS, record.entry)
    if stack is None or not await hosts.is_up(stack):
        return Listed(record, "no", run)
    return Listed(record, "yes" if record.deployed == record.shape else "behind", run)


async def _nothing() -> None:
    return None


async def _last(hosts: Hosting, record: Activation) -> Row | None:
    try:
        found = await launching.latest(hosts, record, 1)
    except errors.StackyardError:
        return None  # its site is not up: no run is known
    return found[0] if found else None


async def archived(opening: Opening, name: tuple[str, str, str], tell: Tell) -> Archive:
    """Copy an environment to its organization's archive as it is now, and verify the copy. Nothing else changes."""
    async with opened(opening, tell) as workspace:
        hosts = Hosting(workspace)
        record = hosts.record(*name)
        site = await hosts.site(record.organization)
        prefix = archive.place(record, time.time())
        await in_cloud(archive.make, site, record, prefix, int(time.time()), tell)
        return await in_cloud(archive.verify, site, prefix)
