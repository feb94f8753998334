"""The warehouse of an environment in its archive: a snapshot of the database, which outlives it. Everything blocks."""

from __future__ import annotations

import time
from typing import Final

from stackyard import errors
from stackyard.model.activations import Activation
from stackyard.tenancy.sites import Site, base_of

SERVICE: Final = "warehouse"
_SECONDS: Final = 1800.0
_POLL_SECONDS: Final = 0.5


def take(site: Site, record: Activation, stamp: str) -> list[str]:
    """Make a snapshot of an environment's warehouse, if it has one, and wait for it; the names of the snapshots.

    Safe to repeat with the same stamp. Raises StateError when a snapshot fails.
    """
    if SERVICE not in record.services:
        return []
    rds = site.client("rds")
    database = f"{base_of(record)}-{SERVICE}".replace("_", "-")
    name = f"{database}-{stamp.lower()}"
    try:
        rds.create_db_snapshot(DBInstanceIdentifier=database, DBSnapshotIdentifier=name)
    except rds.exceptions.DBInstanceNotFoundFault:
        return []  # its stack never came that far
    except rds.exceptions.DBSnapshotAlreadyExistsFault:
        pass
    deadline = time.monotonic() + _SECONDS
    while (found := status(site, name)) != "available":
        if found != "creating" or time.monotonic() > deadline:
            raise errors.StateError(f"snapshot {name} of {record.title} is {found or 'gone'}")
        time.sleep(_POLL_SECONDS)  # as its maker says it: RDS tells nobody
    return [name]


def status(site: Site, name: str) -> str:
    """What a snapshot is said to be; empty when there is none."""
    rds = site.client("rds")
    try:
        found = rds.describe_db_snapshots(DBSnapshotIdentifier=name)["DBSnapshots"]
    except rds.exceptions.DBSnapshotNotFoundFault:
        return ""
    return str(found[0]["Status"]) if found else ""


def require(site: Site, names: list[str]) -> None:
    """Raises StateError unless every snapshot is there and whole."""
    for name in names:
        if (found := status(site, name)) != "available":
            raise errors.StateError(f"snapshot {name} is {found or 'gone'}")


def remove(site: Site, names: list[str]) -> None:
    """Delete snapshots; those that are gone already are no fault."""
    rds = site.client("rds")
    for name in names:
        try:
            rds.delete_db_snapshot(DBSnapshotIdentifier=name)
        except rds.exceptions.DBSnapshotNotFoundFault:
            continue
