"""Amazon SES, the second API: identities and configuration sets."""

TYPES = {
    "ConfigurationSet": "sets",
    "EmailIdentity": "identities",
}
FUNCTIONS: dict[str, str] = {}
