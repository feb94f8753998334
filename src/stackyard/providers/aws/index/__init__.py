"""The functions of the package itself: who and where we are."""

TYPES: dict[str, str] = {}
FUNCTIONS = {
    "getArn": "lookups",
    "getAvailabilityZone": "lookups",
    "getAvailabilityZones": "lookups",
    "getBillingServiceAccount": "lookups",
    "getCallerIdentity": "lookups",
    "getDefaultTags": "lookups",
    "getPartition": "lookups",
    "getRegion": "lookups",
    "getRegions": "lookups",
    "getService": "lookups",
    "getServicePrincipal": "lookups",
}
