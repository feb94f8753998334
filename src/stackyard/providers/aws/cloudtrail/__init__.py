"""AWS CloudTrail: trails."""

TYPES = {
    "Trail": "trails",
}
FUNCTIONS: dict[str, str] = {}
