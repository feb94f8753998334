"""Amazon Route 53: hosted zones and their records. A global service: no regions."""

TYPES = {"Record": "records", "Zone": "zones"}
FUNCTIONS = {"getZone": "lookups"}
