"""Amazon SES, the first API: identities."""

TYPES = {
    "ConfigurationSet": "identities",
    "DomainDkim": "identities",
    "DomainIdentity": "identities",
    "EmailIdentity": "identities",
}
FUNCTIONS: dict[str, str] = {}
