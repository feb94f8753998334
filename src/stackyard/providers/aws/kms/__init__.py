"""AWS KMS: keys and their aliases."""

TYPES = {"Alias": "aliases", "Key": "keys"}
FUNCTIONS = {"getAlias": "lookups", "getKey": "lookups"}
