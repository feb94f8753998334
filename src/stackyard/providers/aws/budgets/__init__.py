"""AWS Budgets: what an account may cost, and who is told."""

TYPES = {"Budget": "budgets"}
FUNCTIONS: dict[str, str] = {}
