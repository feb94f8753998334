"""Which parts of a provider's answer are secret.

Providers are given plain values, so what they answer is marked again here: like the inputs it came from
(pulumi/pulumi sdk/go/common/resource/plugin/provider_plugin.go, annotateSecrets), then by the rules for
outputs (pkg/resource/deploy/step_executor.go).
"""

from __future__ import annotations

from stackyard.model import values
from stackyard.model.resources import Resource
from stackyard.model.values import Properties, Secret, Value


def carry(result: Value, source: Value) -> Value:
    """`result` with secret whatever stands where `source` has a secret."""
    if isinstance(source, Secret):
        return Secret(values.reveal(result))
    if isinstance(result, dict) and isinstance(source, dict):
        return {key: carry(value, source[key]) if key in source else value for key, value in result.items()}
    if isinstance(result, list) and isinstance(source, list):
        if len(result) == len(source):
            return [carry(mine, other) for mine, other in zip(result, source, strict=True)]
        return Secret(values.reveal(result)) if values.has_secret(source) else result
    return result


def outputs(resource: Resource, made: Properties) -> Properties:
    """A provider's outputs, marked: like the inputs of the same name, and those asked for. `id` never is."""
    marked: Properties = carry(made, resource.inputs)
    for key in resource.additional_secret_outputs:
        if key in marked and key != "id" and not isinstance(marked[key], Secret):
            marked[key] = Secret(values.reveal(marked[key]))
    if isinstance(marked.get("id"), Secret):
        marked["id"] = marked["id"].value
    return marked
