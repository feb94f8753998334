"""The functions of the package itself: who and where we are."""

TYPES: dict[str, str] = {}
FUNCTIONS = {
    "getArn": "lookups",
    "getAvailabilityZones": "lookups",
    "getCallerIdentity": "lookups",
    "getDefaultTags": "lookups",
    "getPartition": "lookups",
    "getRegion": "lookups",
}
