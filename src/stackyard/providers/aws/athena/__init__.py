"""Amazon Athena: workgroups, databases and named queries."""

TYPES = {
    "DataCatalog": "queries",
    "NamedQuery": "queries",
    "Workgroup": "workgroups",
}
FUNCTIONS: dict[str, str] = {}
