"""AWS Backup: vaults, plans and what they select."""

TYPES = {
    "Plan": "plans",
    "Selection": "plans",
    "Vault": "vaults",
}
FUNCTIONS: dict[str, str] = {}
