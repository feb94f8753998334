"""Looks up functions."""

from __future__ import annotations

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.lambda_.functions import invocation


def get_function(aws: Aws, arguments: Properties) -> Properties:
    """`aws:lambda/getFunction:getFunction`: a function by name or ARN, or one version or alias of it."""
    qualifier = arguments.get("qualifier")
    which = {"FunctionName": arguments["functionName"], **({"Qualifier": qualifier} if qualifier else {})}
    answer = aws.client("lambda").get_function(**which)
    found = answer["Configuration"]
    arn = found["FunctionArn"].removesuffix(f":{qualifier}") if qualifier else found["FunctionArn"]
    qualified = f"{arn}:{qualifier or found.get('Version', '$LATEST')}"
    variables = (found.get("Environment") or {}).get("Variables") or {}
    return {
        "id": found["FunctionName"],
        **invocation(aws, arn),
        "architectures": found.get("Architectures") or [],
        "arn": arn,
        "codeSha256": found.get("CodeSha256", ""),
        "deadLetterConfig": {"targetArn": (found.get("DeadLetterConfig") or {}).get("TargetArn", "")},
        "description": found.get("Description", ""),
        "environment": {"variables": variables},
        "ephemeralStorages": [{"size": (found.get("EphemeralStorage") or {}).get("Size", 512)}],
        "fileSystemConfigs": [
            {"arn": one["Arn"], "localMountPath": one["LocalMountPath"]} for one in found.get("FileSystemConfigs") or ()
        ],
        "functionName": found["FunctionName"],
        "handler": found.get("Handler", ""),
        "imageUri": (answer.get("Code") or {}).get("ImageUri", ""),
        "kmsKeyArn": found.get("KMSKeyArn", ""),
        "lastModified": found.get("LastModified", ""),
        "layers": [layer["Arn"] for layer in found.get("Layers") or ()],
        "memorySize": found.get("MemorySize", 128),
        "qualifiedArn": qualified,
        "qualifiedInvokeArn": invocation(aws, qualified)["invokeArn"],
        "reservedConcurrentExecutions": (answer.get("Concurrency") or {}).get("ReservedConcurrentExecutions", -1),
        "role": found["Role"],
        "runtime": found.get("Runtime", ""),
        "sourceCodeHash": found.get("CodeSha256", ""),
        "sourceCodeSize": found.get("CodeSize", 0),
        "tags": answer.get("Tags") or {},
        "timeout": found.get("Timeout", 3),
        "tracingConfig": {"mode": (found.get("TracingConfig") or {}).get("Mode", "PassThrough")},
        "version": found.get("Version", ""),
    }
