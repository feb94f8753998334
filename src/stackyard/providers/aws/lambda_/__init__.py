"""AWS Lambda: functions, who may invoke them, and what does."""

TYPES = {
    "EventSourceMapping": "mappings",
    "Function": "functions",
    "FunctionUrl": "urls",
    "Permission": "permissions",
}
FUNCTIONS: dict[str, str] = {}
