"""Amazon DynamoDB: tables and items."""

TYPES = {"Table": "table", "TableItem": "items"}
FUNCTIONS = {"getTable": "lookups"}
