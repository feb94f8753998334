"""What can be switched on in an activated environment: one service a file, each in `SERVICES`.

A service makes its resources below the environment's component and says what runs are told of it.
"""

from __future__ import annotations

from typing import Final

from stackyard.platform.activated_environments.services.base import Context, Made, Service
from stackyard.platform.activated_environments.services.schedules import Schedules
from stackyard.platform.activated_environments.services.warehouse import Warehouse

SERVICES: Final[dict[str, type[Service]]] = {"schedules": Schedules, "warehouse": Warehouse}

__all__ = ["SERVICES", "Context", "Made", "Schedules", "Service", "Warehouse"]
