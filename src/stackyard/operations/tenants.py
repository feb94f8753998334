"""tenant: organizations listed, shown, checked, written, accepted, suspended and resumed. Files are the truth."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import enum
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from stackyard import errors
from stackyard.errors import Position
from stackyard.estate import files as sources_of
from stackyard.kit import files
from stackyard.model import diagnostics, tenants
from stackyard.model.diagnostics import Diagnostic, Severity
from stackyard.model.names import StackName
from stackyard.model.plain import suggest
from stackyard.model.tenants import HostedProject, Organization
from stackyard.operations import control
from stackyard.operations.hosting import HOSTED, SITES, Hosting, in_cloud
from stackyard.operations.workspace import Opening, Workspace
from stackyard.tenancy import checking, registry, writing
from stackyard.tenancy.registry import Entry

Tell = Callable[[str], None]
_AT_ONCE: Final = 8


class Status(enum.StrEnum):
    """What an organization is. ORPHAN: something of it is deployed, and it is in no file."""

    FAULTY = "faulty file"
    FILE = "file only"
    REQUESTED = "requested"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ORPHAN = "orphan"


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One organization. `people` and `projects` count those of its file, `environments` the active ones."""

    name: str
    status: Status
    display_name: str = ""
    people: int = 0
    projects: int = 0
    environments: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Listing:
    """All organizations, the faults of their files, and whether the requests could be read."""

    rows: tuple[Row, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
    asked: bool = True


@dataclasses.dataclass(frozen=True, slots=True)
class Shown:
    """One organization as its file says it, its row, its stacks with what state says, and its orphans."""

    organization: Organization
    row: Row
    stacks: Mapping[str, bool]
    orphans: tuple[str, ...] = ()


def opened(opening: Opening, tell: Tell | None = None) -> Workspace:
    """The estate; a fault in one organization's file stops nothing of another's."""
    return Workspace(dataclasses.replace(opening, past_entries=True), progress=tell)


async def listed(opening: Opening) -> Listing:
    """Every organization that has a file, has asked for one, or has something deployed. Starts no cloud."""
    async with opened(opening) as workspace:
        hosting = Hosting(workspace)
        entries = registry.entries(hosting.tenants, workspace.estate.root)
        tables = await control.reachable(hosting)
        active = _active(hosting)
        rows = {each.name: await _row(hosting, each, active) for each in entries}
        for name in await hosting.orphans():
            owner = _owner(name)
            rows.setdefault(owner, Row(owner, Status.ORPHAN))
        for each in await in_cloud(tables.requests) if tables else ():
            if each.status in ("requested", "accepted"):
                rows.setdefault(each.name, Row(each.name, Status.REQUESTED, each.display_name))
        told = tuple(fault for each in entries for fault in each.diagnostics)
        return Listing(tuple(rows[name] for name in sorted(rows)), told, tables is not None)


async def shown(opening: Opening, name: str) -> Shown:
    """One organization. Raises UsageError when it has no file, DiagnosedError when its file has faults."""
    async with opened(opening) as workspace:
        hosting = Hosting(workspace)
        entry = found(hosting, name)
        if entry.organization is None:
            raise errors.DiagnosedError(entry.diagnostics)
        stacks = [stack for stack in workspace.estate.stacks if stack.tenant == name]
        up = {stack.name.short: await hosting.is_up(stack) for stack in stacks}
        left = tuple(each.short for each in await hosting.orphans() if _owner(each) == name)
        return Shown(entry.organization, await _row(hosting, entry, _active(hosting)), up, left)


async def checked(opening: Opening, names: Sequence[str], tell: Tell) -> tuple[Diagnostic, ...]:
    """Every fault of organizations' files (all by default), and what their rules name and their projects lack.

    Repositories are read at their default branch; one that cannot be asked is a warning.
    """
    async with opened(opening) as workspace:
        hosting = Hosting(workspace)
        entries = [found(hosting, name) for name in names] or registry.entries(hosting.tenants, workspace.estate.root)
        told = [fault for each in entries for fault in each.diagnostics]
        told += [_of_the_estate(each) for each in entries if each.name == workspace.estate.organization]
        told += _unhosted(entries, await hosting.orphans())
        sound = [each for each in entries if each.organization is not None]
        count = sum(len(each.organization.projects) for each in sound if each.organization)
        if count:
            tell(f"reading {count} {'repositories' if count > 1 else 'repository'}")
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(entry: Entry, project: HostedProject) -> tuple[Diagnostic, ...]:
            async with gate:
                return await asyncio.to_thread(checking.check, entry, project)

        for some in await asyncio.gather(
            *(
                one(each, project)
                for each in sound
                if each.organization
                for project in each.organization.projects.values()
            )
        ):
            told += some
        return tuple(sorted(told, key=lambda each: (each.position or Position(""), each.message)))


def _of_the_estate(entry: Entry) -> Diagnostic:
    message = f"{entry.name!r} is the estate's own name: the organization would share its account"
    return diagnostics.error(message, hint="rename the file", position=Position(entry.path))


def _unhosted(entries: Sequence[Entry], orphans: Sequence[StackName]) -> Iterator[Diagnostic]:
    """Projects that are deployed, and that their organization's file does not name any more."""
    known = {each.name: each for each in entries if each.organization is not None}
    for name in orphans:
        owner, _, rest = name.stack.partition(".")
        if name.project == HOSTED and owner in known:
            message = f"{owner}/{rest.rpartition('.')[0]} is no longer hosted, and its stack {name.short} has resources"
            hint = f"`stackyard environment reconcile {owner}` archives its environments and destroys it"
            yield diagnostics.warning(message, hint=hint, position=known[owner].position("projects"))


async def made(opening: Opening, name: str, *, display_name: str, owner: str, billing: str) -> str:
    """Write a new organization's file; its path. Raises ConfigError when there is one, or the name cannot be."""
    async with opened(opening) as workspace:
        return _written(Hosting(workspace), name, display_name, owner, billing)


def _written(hosting: Hosting, name: str, display_name: str, owner: str, billing: str) -> str:
    estate = hosting.workspace.estate
    if not tenants.ORGANIZATION.fullmatch(name) or name in (*tenants.RESERVED, estate.organization):
        hint = "2 to 32 lower-case letters, digits and '-', beginning with a letter; not the platform's own"
        raise errors.UsageError(f"{name!r} cannot be the name of an organization", hint=hint)
    text = writing.fresh(name, display_name=display_name, owner=owner, billing=billing)
    path = writing.create(hosting.tenants, name, text)
    entry = registry.entry(path, estate.root)
    if entry.organization is None:
        files.remove(path)
        raise errors.DiagnosedError(entry.diagnostics)
    return entry.path


async def accepted(opening: Opening, name: str, tell: Tell) -> str:
    """Write the file of an organization that asked through the API, and say so in its row; the file's path.

    May be repeated after a kill. Raises UsageError when nobody of that name asked.
    """
    async with opened(opening, tell) as workspace:
        hosting = Hosting(workspace)
        tables = await control.opened(hosting)
        row = await in_cloud(tables.request, name)
        if row is None or row.status not in ("requested", "accepted"):
            waiting = [each.name for each in await in_cloud(tables.requests) if each.status == "requested"]
            message = (
                f"{name} has not asked to be an organization" if row is None else f"{name} is {row.status} already"
            )
            raise errors.UsageError(
                message, hint=f"these have: {', '.join(waiting)}" if waiting else "no request is waiting"
            )
        path = hosting.tenants / f"{name}.yaml"
        if path.exists():
            tell(f"{path.name} is there already: it is left as it is")
            written = path.relative_to(workspace.estate.root).as_posix()
        else:
            written = _written(hosting, name, row.display_name, row.contact, row.contact)
        await in_cloud(tables.set_status, name, "accepted")
        return written


async def suspended(opening: Opening, name: str, value: bool) -> bool:
    """Write into a file whether its organization is suspended; whether that changed it."""
    async with opened(opening) as workspace:
        hosting = Hosting(workspace)
        entry = found(hosting, name)
        if entry.organization is None:
            raise errors.DiagnosedError(entry.diagnostics)
        if entry.organization.suspended == value:
            return False
        text = sources_of.read(entry.file)
        files.write(entry.file, writing.with_flag(text, "suspended", value, entry.path).encode())
        tables = await control.reachable(hosting)
        if tables is not None:
            await in_cloud(tables.set_status, name, "suspended" if value else "active")
        return True


def found(hosting: Hosting, name: str) -> Entry:
    """The file of an organization. Raises UsageError when there is none."""
    path = hosting.tenants / f"{name}{registry.EXTENSION}"
    if not tenants.ORGANIZATION.fullmatch(name) or not path.exists():
        known = [each.name for each in registry.entries(hosting.tenants)]
        raise errors.UsageError(f"there is no organization {name!r}", hint=suggest(name, known) if known else "")
    return registry.entry(path, hosting.workspace.estate.root)


def _owner(name: StackName) -> str:
    return name.stack.partition(".")[0]


def _active(hosting: Hosting) -> Mapping[str, int]:
    """How many environments each organization has."""
    return collections.Counter(each.organization for each in hosting.read().active)


async def _row(hosting: Hosting, entry: Entry, environments: Mapping[str, int]) -> Row:
    organization, active = entry.organization, environments.get(entry.name, 0)
    if organization is None:
        return Row(entry.name, Status.FAULTY, environments=active)
    site = hosting.stack(SITES, entry.name)
    up = site is not None and await hosting.is_up(site)
    status = Status.FILE if not up else Status.SUSPENDED if organization.suspended else Status.ACTIVE
    people = {mail for group in organization.groups.values() for mail in group.members}
    return Row(entry.name, status, organization.display_name, len(people), len(organization.projects), active)


def is_faulty(told: Sequence[Diagnostic]) -> bool:
    """Whether one of them is an error."""
    return any(each.severity is Severity.ERROR for each in told)
