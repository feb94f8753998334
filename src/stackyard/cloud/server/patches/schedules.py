"""Fault: rules and schedules are looked at every ten seconds, so that what is due is late by up to as much. Cure: they
are looked at every second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders

_SECONDS = 1


def cures(_order: orders.Order) -> dict[str, arrivals.Cure]:
    """The two loops that wait."""

    def in_scheduler(module: Any) -> None:
        module._SCHEDULE_TICK_INTERVAL = _SECONDS

    def in_events(module: Any) -> None:
        module._SCHEDULER_TICK_INTERVAL = _SECONDS

    return {"ministack.services.scheduler": in_scheduler, "ministack.services.eventbridge": in_events}
