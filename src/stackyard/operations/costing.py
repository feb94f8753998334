"""cost: what an estate came to in a month, from its states and what its clouds metered."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from stackyard import errors
from stackyard.cloud import client as clouds
from stackyard.cost import allocation, budgets, meters, reports, standing, usage
from stackyard.cost.owners import SHARED, Owner
from stackyard.cost.periods import UTC, Period, moment, month
from stackyard.cost.reports import By, Report
from stackyard.cost.rows import Row, total
from stackyard.cost.standing import Past, State
from stackyard.cost.usage import Usage
from stackyard.model.estates import Stack
from stackyard.model.names import StackName
from stackyard.model.tenants import Organization
from stackyard.model.values import Properties
from stackyard.operations import accounts, metering, pricing, watching
from stackyard.operations.metering import Account
from stackyard.operations.workspace import Workspace
from stackyard.state import histories
from stackyard.tenancy import registry

SITES: Final = "site_instances"
"""The project whose fleet has one stack an organization."""
OVER_BUDGET: Final = 5
"""The exit code of `--check-budgets` when a budget is exceeded: the Pulumi CLI's for a policy that was broken."""
_AT_ONCE: Final = 8
_NOTES: Final = 5


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """What to report. Empty `month` is the current one, empty `organization` all of them, empty `book` the default.

    `metered` false leaves the clouds alone: standing cost only.
    """

    by: By = By.LAYER
    month: str = ""
    organization: str = ""
    book: str = ""
    metered: bool = True


@dataclasses.dataclass(frozen=True, slots=True)
class Used:
    """What was metered, what could not be read and why, and the organizations that have no site."""

    usage: tuple[Usage, ...] = ()
    notes: tuple[str, ...] = ()
    without_site: tuple[str, ...] = ()


async def report(workspace: Workspace, question: Question, now: datetime.datetime | None = None) -> Report:
    """One month's cost of the estate. Raises UsageError for a month, book or organization that is not there."""
    workspace.check()
    now = now or datetime.datetime.now(UTC)
    period, book = month(question.month, now), pricing.book(workspace.estate.root, question.book)
    people, notes = organizations(workspace)
    _check_organization(question.organization, workspace, people)
    pasts = await _pasts(workspace, period, shared=bool(people))
    stood = standing.stood(pasts, book, period)
    asked = [each for each in pasts if question.organization in ("", each.owner.organization)]
    counted = standing.stood(asked, book, period) if question.organization else stood
    used = await _used(workspace, people, pasts, period, now) if question.metered else Used()
    metered, missing = usage.to_rows(used.usage, book, period)
    notes += used.notes + tuple(f"{kind} has no price in {book.name}" for kind in missing)
    notes += tuple(f"priced as in {book.region}: {count} of {region}" for region, count in stood.elsewhere)
    whole = (*stood.rows, *metered)
    charged = allocation.allocated(whole, _targets(whole, people))
    rows = charged if question.by.charges_back or question.organization else whole
    if question.organization:
        rows = reports.only(rows, question.organization)
    spent = {name: total(reports.only(charged, name)) for name in people}
    chosen = {name: each for name, each in people.items() if question.organization in ("", name)}
    return Report(
        book,
        period,
        question.by,
        rows,
        reports.lines(rows, question.by),
        unpriced=stood.unpriced,
        metered_by_use=counted.metered,
        free=counted.free,
        notes=notes,
        budgets=budgets.check_all(chosen, spent),
        charged=charged,
    )


def organizations(workspace: Workspace) -> tuple[dict[str, Organization], tuple[str, ...]]:
    """The organizations of the estate's registry, and what of their files cannot be read."""
    root = workspace.estate.root
    found: dict[str, Organization] = {}
    notes: list[str] = []
    for fleet in workspace.estate.fleets:
        if fleet.project == SITES:
            sound, faults = registry.read_all(root / fleet.registry, root)
            found.update({each.name: each for each in sound})
            notes += [str(fault) for fault in faults]
    return found, tuple(notes)


def _check_organization(name: str, workspace: Workspace, people: Mapping[str, Organization]) -> None:
    estate = workspace.estate
    known = {*people, *(stack.tenant for stack in estate.stacks if stack.tenant), SHARED if people else ""}
    if name and name not in {*known, estate.organization}:
        listed = ", ".join(sorted(known - {""})) or estate.organization
        raise errors.UsageError(f"there is no organization {name!r}", hint=f"there are: {listed}")


def _targets(rows: Iterable[Row], people: Mapping[str, Organization]) -> tuple[allocation.Target, ...]:
    """Every environment that cost something, and every organization."""
    owners = {row.owner for row in rows if row.owner.environment and not row.owner.is_shared}
    found = {(each.organization, each.project, each.environment) for each in owners}
    return tuple(sorted({*found, *((name, "", "") for name in people)}))


async def _pasts(workspace: Workspace, period: Period, *, shared: bool) -> list[Past]:
    """The states of every stack of the estate, and of those that only its backend knows any more."""
    stacks = {stack.name.short: stack for stack in workspace.estate.stacks}
    names = {name: stack.name for name, stack in stacks.items()}
    backend = workspace.backend()
    for name in (*await backend.list(), *await backend.deleted(period.start.timestamp())):
        names.setdefault(name.short, name)
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(short: str, name: StackName) -> Past | None:
        async with gate:
            return await _past(workspace, name, stacks.get(short), period, shared)

    found = await asyncio.gather(*(one(short, name) for short, name in sorted(names.items())))
    return [past for past in found if past is not None]


async def _past(
    workspace: Workspace, name: StackName, stack: Stack | None, period: Period, shared: bool
) -> Past | None:
    found = await histories.past(workspace.backend(name), name, period.start.timestamp())
    states = [State(datetime.datetime.fromtimestamp(when, UTC), checkpoint.resources) for when, checkpoint in found]
    current = await workspace.peek(name)
    if current is not None:
        last = states[-1].time if states else None
        time = moment(current.time) or last or period.start
        states.append(State(max(time, last) if last else time, current.resources))
    if not states:
        return None
    tenant = stack.tenant if stack else ""
    usual = SHARED if shared else workspace.estate.organization
    owner = Owner(stack.layer if stack else "", tenant or usual, name.project, "", tenant or usual)
    told = (checkpoint.account for checkpoint in [current, *(each for _, each in reversed(found))] if checkpoint)
    here = stack is None or stack.cloud == "embedded"
    account = next(filter(None, told), workspace.account(stack) if here else "")
    return Past(name.short, owner, account, tuple(states))


async def _used(
    workspace: Workspace, people: Mapping[str, Organization], pasts: Sequence[Past], period: Period,
    now: datetime.datetime,
) -> Used:  # fmt: skip
    """What every account's resources tell, and what the embedded cloud counted, read last: reading counts, too."""
    embedded = [stack.cloud == "embedded" for stack in workspace.estate.stacks]
    running = any(embedded) and await workspace.cloud.status() is not None
    if not running and any(embedded) and all(embedded):
        note = "the embedded cloud is not running: standing cost only (stackyard cloud start)"
        return Used(notes=(note,))
    told = await _told(workspace, people, period, now) if people else Used()
    watched = await _watched(workspace, pasts, period) if not all(embedded) else Used()
    counted = await _counted(workspace, people, pasts, period) if running else Used()
    return Used(told.usage + watched.usage + counted.usage, told.notes + watched.notes + counted.notes)


async def _counted(
    workspace: Workspace, people: Mapping[str, Organization], pasts: Sequence[Past], period: Period
) -> Used:
    try:
        found = await workspace.cloud.usage(period.start, period.end)
    except errors.CloudError as fault:
        return Used(notes=(f"what the embedded cloud counted cannot be read: {fault}",))
    used, strange = meters.charged(found.counts, meters.places(pasts), _owners(workspace, people, pasts))
    notes = [f"used by accounts that belong to nobody here: {', '.join(strange)}"] if strange else []
    first = min((past.states[0].time for past in pasts), default=None)
    if found.since and first and max(first, period.start) < found.since:
        notes.append(f"requests, calls and bytes are counted since {found.since:%Y-%m-%d %H:%M} UTC")
    return Used(used, tuple(notes))


async def _watched(workspace: Workspace, pasts: Sequence[Past], period: Period) -> Used:
    """What CloudWatch tells of the resources on AWS, by organization; what it cannot be asked is a note."""
    from botocore import exceptions  # lazy: botocore takes 0.1 s; only metering asks a cloud

    tenants = {stack.name.short: stack.tenant for stack in workspace.estate.stacks if stack.cloud != "embedded"}
    found = Used()
    for tenant in sorted(set(tenants.values())):
        known = meters.places(past for past in pasts if tenants.get(past.stack) == tenant)
        client = functools.partial(accounts.client, workspace, "cloudwatch", tenant)
        try:
            counts = await asyncio.to_thread(watching.read, known, period, client)
        except (exceptions.BotoCoreError, exceptions.ClientError, errors.StackyardError) as fault:
            note = f"what resources of {tenant or 'the estate'} on AWS were used cannot be read: {fault}"
            found = Used(found.usage, (*found.notes, note))
            continue
        used, _ = meters.charged(counts, known, {place.account: place.owner for place in known.values()})
        found = Used(found.usage + used, found.notes)
    return found


def _owners(workspace: Workspace, people: Mapping[str, Organization], pasts: Sequence[Past]) -> dict[str, Owner]:
    """Whom the embedded accounts belong to: one an organization, those that are gone too, and the platform's own."""
    usual = SHARED if people else workspace.estate.organization
    tenants = {*people, *(stack.tenant for stack in workspace.estate.stacks if stack.tenant)}
    own = {workspace.account(): Owner("fabric" if people else "", usual, cost_owner=usual)}
    gone = {past.account: past.owner.organization for past in pasts if past.account}
    found = {**gone, **{clouds.account_of(name): name for name in tenants}}
    return {account: Owner("sites", name, cost_owner=name) for account, name in found.items()} | own


async def _told(
    workspace: Workspace, people: Mapping[str, Organization], period: Period, now: datetime.datetime
) -> Used:
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(organization: str) -> Used:
        async with gate:
            limit = people[organization].limits.run_minutes if organization in people else 0
            return await _used_by(workspace, organization, period, now, limit)

    found = await asyncio.gather(*map(one, [SHARED, *people]))
    idle = [name for each in found for name in each.without_site]
    notes = [note for each in found for note in each.notes]
    if idle:
        notes.append(f"without a site, and so without use: {', '.join(idle)}")
    return Used(tuple(use for each in found for use in each.usage), tuple(notes))


async def _used_by(
    workspace: Workspace, organization: str, period: Period, now: datetime.datetime, run_minutes: int
) -> Used:
    from botocore import exceptions  # lazy: botocore takes 0.1 s; only metering asks a cloud

    outputs = await _site(workspace, organization)
    if outputs is None:
        return Used(without_site=(organization,))
    try:
        account = await asyncio.to_thread(_account, workspace, organization, outputs)
        account = dataclasses.replace(account, run_limit=datetime.timedelta(minutes=run_minutes))
        notes: list[str] = []
        found = await asyncio.to_thread(metering.read, account, period, now, notes.append)
        return Used(found, _few(organization, notes))
    except (exceptions.BotoCoreError, exceptions.ClientError, errors.StackyardError) as fault:
        return Used(notes=(f"what {organization} used cannot be read: {fault}",))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as fault:
        # Runs can write their own rows: one that is malformed must not stop the others' bills.
        return Used(notes=(f"what {organization} used cannot be read: a row of its runs is malformed: {fault!r}",))


def _few(organization: str, notes: Sequence[str]) -> tuple[str, ...]:
    """The first of an organization's notes, and how many there are."""
    few = tuple(f"{organization}: {each}" for each in notes[:_NOTES])
    return (*few, f"{organization}: {len(notes) - _NOTES} more such rows") if len(notes) > _NOTES else few


async def _site(workspace: Workspace, organization: str) -> Properties | None:
    """What the organization's site exports; nothing for the platform itself, None when there is no site."""
    if organization == SHARED:
        return {}
    for stack in workspace.estate.stacks:
        if stack.tenant == organization:
            outputs = await workspace.outputs(stack.name) or {}
            if "runs_table" in outputs:
                return outputs
    return None


def _account(workspace: Workspace, organization: str, outputs: Properties) -> Account:
    tenant = "" if organization == SHARED else organization
    number = accounts.account(workspace, tenant)
    client = functools.cache(lambda service: accounts.client(workspace, service, tenant))
    buckets = tuple(str(outputs[name]) for name in ("bucket", "archive_bucket") if isinstance(outputs.get(name), str))
    logs = str(outputs.get("log_group") or "") if tenant else "/"
    return Account(organization, number, client, str(outputs.get("runs_table") or ""), buckets, logs)
