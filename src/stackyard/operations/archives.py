"""environment archives: listed, and deleted when they are past their time; by hand, or by the service once a day."""

from __future__ import annotations

import time
from collections.abc import Callable

from stackyard import errors
from stackyard.model import diagnostics
from stackyard.model.diagnostics import Diagnostic
from stackyard.operations import environments, hosting
from stackyard.operations.hosting import Hosting, in_cloud
from stackyard.operations.workspace import Opening
from stackyard.tenancy import retention
from stackyard.tenancy.records import Reading
from stackyard.tenancy.retention import Expiry, Held

Tell = Callable[[str], None]


async def listed(opening: Opening, organization: str, *, expire: bool, tell: Tell) -> Expiry:
    """The archives of an organization; with `expire`, those past their time are deleted first.

    Raises StackNotFound when its site is not up.
    """
    async with environments.opened(opening, tell) as workspace:
        hosts = Hosting(workspace)
        if not expire:
            return await in_cloud(retention.listed, await hosts.site(organization))
        async with hosting.alone(workspace.folder, tell):
            return await _expired(hosts, organization, tell)


async def _expired(hosts: Hosting, organization: str, tell: Tell) -> Expiry:
    site = await hosts.site(organization)
    return await in_cloud(retention.expire, site, held(hosts.read(), organization), int(time.time()), tell)


def held(reading: Reading, organization: str) -> Held:
    """What an organization's records still need."""
    mine = frozenset(each.archive for each in reading.active if each.organization == organization and each.archive)
    entries = (entry.partition(".") for entry in reading.blocked)
    return Held(mine, frozenset(key for owner, _, key in entries if owner == organization))


async def expire_all(hosts: Hosting, tell: Tell) -> tuple[tuple[str, ...], tuple[Diagnostic, ...]]:
    """Delete what is past its time of every organization that is up and not suspended; which, and every fault."""
    gone: list[str] = []
    told: list[Diagnostic] = []
    async with hosting.alone(hosts.workspace.folder, tell):
        for name, organization in sorted(hosts.organizations()[0].items()):
            stack = hosts.stack(hosting.SITES, name)
            if organization.suspended or stack is None or not await hosts.is_up(stack):
                continue
            try:
                done = await _expired(hosts, name, tell)
            except errors.StackyardError as fault:
                told.append(diagnostics.error(f"the archives of {name}: {fault.message}", hint=fault.hint))
                continue
            except Exception as fault:  # noqa: BLE001 - tenants may write into their archives: it stops nobody else
                told.append(diagnostics.error(f"the archives of {name}: {type(fault).__name__}: {fault}"))
                continue
            gone += (f"{name}/{each.prefix}" for each in done.gone)
            told += done.diagnostics
    return tuple(gone), tuple(told)
