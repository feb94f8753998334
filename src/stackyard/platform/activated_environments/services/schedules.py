"""The service `schedules`: the project's schedules fire."""

from __future__ import annotations

from stackyard.platform.activated_environments.services.base import Context, Made


class Schedules:
    """Switches the environment's schedules on. They are made with every environment, and disabled without this."""

    def make(self, context: Context) -> Made:
        """Nothing more is made. Raises ValueError when the project has no schedule that could fire."""
        names = [schedule.name for schedule in context.activation.schedules]
        if not names:
            raise ValueError("the service `schedules` is on, and the project has no schedule")
        return Made(exports={"names": names})
