"""Amazon Athena: workgroups, databases and named queries."""

TYPES = {
    "DataCatalog": "queries",
    "Database": "databases",
    "NamedQuery": "queries",
    "Workgroup": "workgroups",
}
FUNCTIONS: dict[str, str] = {}
