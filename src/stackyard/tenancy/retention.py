"""Which archives of an organization are past their time, and deletes them. What is deleted cannot be had back.

An archive goes only when its own rule said for how long it is kept, when no record goes by it, and when every
younger archive of its environment can be read and the youngest is verified. Everything here blocks but `due`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from stackyard import errors
from stackyard.model import diagnostics
from stackyard.model.diagnostics import Diagnostic
from stackyard.tenancy import archive
from stackyard.tenancy.archive import Archive
from stackyard.tenancy.sites import Site


@dataclasses.dataclass(frozen=True, slots=True)
class Held:
    """What records say: the `archives` that they go by, and the `keys` of environments whose record is unreadable."""

    archives: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True, slots=True)
class Expiry:
    """The archives that are left, those that were deleted, and what stood in the way of others."""

    left: tuple[Archive, ...] = ()
    gone: tuple[Archive, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


def key_of(prefix: str) -> str:
    """`shop.prod` of `archive/shop.prod/20260101T000000000000Z`."""
    return prefix.removeprefix(archive.ROOT).partition("/")[0]


def due(found: Sequence[Archive], held: Held, now: int) -> tuple[Archive, ...]:
    """The archives past their time that no record needs. `now` is seconds of the epoch."""
    return tuple(
        each
        for each in found
        if each.expired(now) and each.prefix not in held.archives and key_of(each.prefix) not in held.keys
    )


def listed(site: Site) -> Expiry:
    """The archives of an organization, by environment and time; nothing is deleted."""
    found, unreadable = _read(site)
    return Expiry(found, (), tuple(diagnostics.error(each.message, hint=each.hint) for each in unreadable.values()))


def expire(site: Site, held: Held, now: int, tell: Callable[[str], None]) -> Expiry:
    """Delete what is due. A fault of one environment's archives keeps those, and stops no other's."""
    found, unreadable = _read(site)
    faults = [_kept(key_of(prefix), fault) for prefix, fault in unreadable.items()]
    uncertain = held.keys.union(key_of(prefix) for prefix in unreadable)
    going = due(found, dataclasses.replace(held, keys=uncertain), now)
    gone: list[Archive] = []
    for key in sorted({key_of(each.prefix) for each in going}):
        mine = [each for each in found if key_of(each.prefix) == key]
        try:
            _check_youngest(site, [each for each in mine if each not in going])
        except errors.StateError as fault:
            faults.append(_kept(key, fault))
            continue
        for each in mine:
            if each in going:
                archive.remove(site, each.prefix)
                gone.append(each)
                tell(f"deleted: {each.prefix} of {site.organization}, kept for {each.days} days")
    return Expiry(tuple(each for each in found if each not in gone), tuple(gone), tuple(faults))


def _read(site: Site) -> tuple[tuple[Archive, ...], dict[str, errors.StateError]]:
    """The archives that can be read, and by their places why others cannot."""
    found, unreadable = [], {}
    for prefix in archive.prefixes(site):
        try:
            found.append(archive.read(site, prefix))
        except errors.StateError as fault:
            unreadable[prefix] = fault
    return tuple(found), unreadable


def _check_youngest(site: Site, kept: Sequence[Archive]) -> None:
    """Raises StateError unless the archive that an environment will be left with is what its index says."""
    if kept:
        archive.verify(site, max(each.prefix for each in kept))


def _kept(key: str, fault: errors.StackyardError) -> Diagnostic:
    return diagnostics.error(f"{fault.message}: no archive of {key} is deleted", hint=fault.hint)
