"""AWS Resource Groups."""

TYPES = {
    "Group": "groups",
}
FUNCTIONS: dict[str, str] = {}
