"""Fault: state is saved on a clean stop alone, one file after another, so that kill -9 loses everything, and the
sessions that STS gave out are never saved. Cure: the dictionaries that hold the state note what each request touched
(`durability`), and the sessions are one of them.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

from ..durability import tracking  # noqa: TID252

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders


def cures(order: orders.Order) -> dict[str, arrivals.Cure]:
    """Nothing when the server keeps nothing."""
    if not order.durable:
        return {}

    def in_sts(module: ModuleType) -> None:
        responses = importlib.import_module("ministack.core.responses")
        sessions = responses.AccountScopedDict()
        module._kept_sessions = sessions  # type: ignore[attr-defined]
        module._sessions = sessions._data  # type: ignore[attr-defined]

    return {"ministack.core.responses": tracking.track, "ministack.services.sts": in_sts}
