"""Amazon EventBridge Scheduler: schedules and their groups."""

TYPES = {"Schedule": "schedules", "ScheduleGroup": "groups"}
FUNCTIONS: dict[str, str] = {}
