"""AWS Lambda: functions, who may invoke them, and what does."""

TYPES = {
    "Alias": "aliases",
    "EventSourceMapping": "mappings",
    "Function": "functions",
    "FunctionEventInvokeConfig": "aliases",
    "FunctionUrl": "urls",
    "Invocation": "invocations",
    "LayerVersion": "layers",
    "Permission": "permissions",
    "ProvisionedConcurrencyConfig": "aliases",
}
FUNCTIONS = {"getFunction": "lookups"}
