"""Application Auto Scaling: what else than instances is scaled."""

TYPES = {
    "Policy": "policies",
    "ScheduledAction": "policies",
    "Target": "targets",
}
FUNCTIONS: dict[str, str] = {}
