"""What is wanted of an estate's environments, compared with what is active; changes nothing."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from stackyard import errors
from stackyard.estate.schema import suggest
from stackyard.model import diagnostics
from stackyard.model.activations import Activation
from stackyard.model.diagnostics import Diagnostic, Severity
from stackyard.model.names import StackName
from stackyard.model.tenants import Organization
from stackyard.operations import hosting
from stackyard.operations.hosting import Hosting
from stackyard.tenancy import reconcile, wishes
from stackyard.tenancy.reconcile import Change, Decision, Leftover, Wish
from stackyard.tenancy.records import Reading
from stackyard.tenancy.wishes import Heard

_AT_ONCE = 8


@dataclasses.dataclass(frozen=True, slots=True)
class Survey:
    """A decision for each organization, and everything that is wrong with files, records, refs and repositories."""

    decisions: tuple[Decision, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def pending(self) -> tuple[Change, ...]:
        """The changes of all organizations."""
        return tuple(change for decision in self.decisions for change in decision.pending)

    @property
    def leftovers(self) -> tuple[Leftover, ...]:
        """The projects whose stacks go, once none of their environments is left."""
        return tuple(left for decision in self.decisions for left in decision.leftovers if not left.waits)

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.pending or self.leftovers)

    @property
    def faulty(self) -> bool:
        """Whether any of its diagnostics is an error."""
        return any(each.severity is Severity.ERROR for each in self.diagnostics)


async def survey(hosts: Hosting, chosen: Sequence[str] = ()) -> Survey:
    """Read files, records and repositories, and decide for each organization (those `chosen`, by default all).

    Raises UsageError for a chosen organization that has neither file nor environment.
    """
    organizations, faults = await asyncio.to_thread(hosts.organizations)
    reading = hosts.read()
    names = _names(organizations, reading, chosen)
    orphans = await hosts.orphans()
    gate = asyncio.Semaphore(_AT_ONCE)
    heard = await asyncio.gather(*(_hear(organizations.get(name), reading.active, gate) for name in names))
    now = int(time.time())
    decisions, told = [], [*_of(faults, chosen), *reading.diagnostics]
    for name, found in zip(names, heard, strict=True):
        for each in found:
            told += each.diagnostics
        wanted = wish(name, organizations.get(name), found, reading, orphans)
        decision = reconcile.decide(wanted, reading.active, now)
        decisions.append(decision)
        told += decision.diagnostics
    return Survey(tuple(decisions), tuple(told))


def wish(
    name: str,
    organization: Organization | None,
    heard: Sequence[Heard],
    reading: Reading,
    orphans: Sequence[StackName] = (),
) -> Wish:
    """What one organization asks for. `orphans` are stacks that are deployed and that no file asks for."""
    if organization is None:
        return Wish(name, orphaned=True)
    entries = (entry.partition(".") for entry in reading.blocked)
    blocked = frozenset(key for owner, _, key in entries if owner == name)
    return Wish(
        name,
        tuple(wanted for each in heard for wanted in each.wanted),
        projects=frozenset(organization.projects),
        unheard=frozenset(each.project for each in heard if each.silent),
        blocked=blocked,
        suspended=organization.suspended,
        most=organization.limits.environments,
        deployed=frozenset(_of_owner(orphans, hosting.HOSTED, name)),
        unrecorded=frozenset(_of_owner(orphans, hosting.ENVIRONMENTS, name)) - blocked,
    )


def _of_owner(orphans: Sequence[StackName], project: str, owner: str) -> Iterator[str]:
    """`shop.prod` of `acme.shop.prod.Production`, for the stacks of one fleet and organization."""
    for each in orphans:
        organization, _, rest = each.stack.partition(".")
        if (each.project, organization) == (project, owner):
            yield rest.rpartition(".")[0]


async def _hear(
    organization: Organization | None, active: Sequence[Activation], gate: asyncio.Semaphore
) -> list[Heard]:
    async def one(project: str) -> Heard:
        assert organization is not None
        mine = [each for each in active if (each.organization, each.project) == (organization.name, project)]
        async with gate:
            try:
                return await asyncio.to_thread(wishes.hear, organization, organization.projects[project], mine)
            except Exception as fault:  # noqa: BLE001 - tenants write repositories as they like: it stops nobody else
                told = f"{organization.name}/{project} cannot be read: {type(fault).__name__}: {fault}"
                return Heard(project, (), (diagnostics.error(told),), silent=True)

    return list(await asyncio.gather(*(one(project) for project in (organization.projects if organization else ()))))


def _names(organizations: Mapping[str, Organization], reading: Reading, chosen: Sequence[str]) -> list[str]:
    entries = {*(each.organization for each in reading.active), *(each.partition(".")[0] for each in reading.blocked)}
    known = entries.union(organizations)
    for name in chosen:
        if name not in known:
            raise errors.UsageError(f"there is no organization {name!r}", hint=suggest(name, known))
    return sorted(set(chosen) or known)


def _of(faults: Sequence[Diagnostic], chosen: Sequence[str]) -> list[Diagnostic]:
    """The faults of the chosen organizations' files; by default of all."""
    return [each for each in faults if not chosen or not each.position or Path(each.position.path).stem in chosen]
