"""Amazon EC2 Auto Scaling: groups of instances, and what changes their size."""

TYPES = {
    "Attachment": "attachments",
    "Group": "groups",
    "LifecycleHook": "hooks",
    "Policy": "policies",
    "Schedule": "schedules",
}
FUNCTIONS: dict[str, str] = {}
