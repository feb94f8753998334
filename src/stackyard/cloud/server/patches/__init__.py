"""The cures: one file a fault, each opening with what ministack 1.5.33 does and what it is made to do.

Each file has `cures(order)`, which maps the name of a ministack module to a function that is given the module
right after its import (see `arrivals`).
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

# Relative, since the server is loaded under another name.
from ..metering import services as metered  # noqa: TID252
from . import (
    additions,
    alarms,
    buckets,
    buses,
    claims,
    conditions,
    credentials,
    crossing,
    databases,
    dataplane,
    deliveries,
    functions,
    httpapis,
    identities,
    integrations,
    machines,
    network,
    omissions,
    passing,
    quickcreate,
    refusals,
    registry,
    replicas,
    resources,
    restapis,
    schedules,
    tasknames,
    tasks,
    tracked,
    transport,
    trusts,
    websites,
)

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders

ALL: tuple[ModuleType, ...] = (
    tracked,
    credentials,
    claims,
    conditions,
    resources,
    transport,
    trusts,
    alarms,
    buses,
    buckets,
    additions,
    databases,
    dataplane,
    deliveries,
    functions,
    httpapis,
    identities,
    integrations,
    machines,
    network,
    omissions,
    passing,
    quickcreate,
    registry,
    replicas,
    restapis,
    schedules,
    tasks,
    tasknames,
    websites,
    crossing,
    refusals,
    metered,
)


def gathered(order: orders.Order) -> dict[str, list[arrivals.Cure]]:
    """Every cure, by the module it is for, in the order of `ALL`."""
    found: dict[str, list[arrivals.Cure]] = {}
    for patch in ALL:
        for module, cure in patch.cures(order).items():
            found.setdefault(module, []).append(cure)
    return found
