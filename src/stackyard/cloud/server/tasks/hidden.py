"""`secrets` of container definitions: values that the execution role reads, and nobody else does for it."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from typing import Any

from . import definitions, roles


def values(container: definitions.Container, role: str, session: str, account: str, region: str) -> dict[str, str]:
    """The environment variables of `container.secrets`; raises definitions.Impossible in ECS's words."""
    return {
        row["name"]: _value(row["valueFrom"], role, session, account, region) for row in container.secrets
    }  # fmt: skip


def _value(source: str, role: str, session: str, account: str, region: str) -> str:
    if not role:
        raise _impossible(
            "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'"
        )
    if ":secretsmanager:" in source:
        return _secret(source, role, session, region)
    arn = source if source.startswith("arn:") else f"arn:aws:ssm:{region}:{account}:parameter/{source.lstrip('/')}"
    _check(role, "ssm:GetParameters", arn, session, region)
    found = importlib.import_module("ministack.services.ssm").resolve_parameter_value(source, decrypt=True)
    if found is None:
        raise _impossible(f"unable to retrieve secrets from ssm: invalid parameters: {source}")
    return str(found)


def _secret(source: str, role: str, session: str, region: str) -> str:
    """`arn:…:secret:name[:json-key[:stage[:version]]]`."""
    parts = source.split(":")
    arn, (key, stage, version) = ":".join(parts[:7]), [*parts[7:10], "", "", ""][:3]
    _check(role, "secretsmanager:GetSecretValue", arn, session, region)
    manager: Any = importlib.import_module("ministack.services.secretsmanager")
    text = manager.resolve_secret_string(arn, stage or "AWSCURRENT", version or None)
    if text is None:
        raise _impossible(f"unable to retrieve secret from asm: ResourceNotFoundException: {arn}")
    if not key:
        return str(text)
    try:
        document: Mapping[str, Any] = json.loads(text)
        return str(document[key])
    except (ValueError, KeyError, TypeError):
        raise _impossible(f"unable to retrieve secret from asm: {arn} has no JSON key {key}") from None


def _check(role: str, action: str, arn: str, session: str, region: str) -> None:
    if not roles.allowed(role, action, arn, session, region):
        name = role.rpartition("/")[2]
        raise _impossible(
            f"AccessDeniedException: role {name} is not authorized to perform: {action} on resource: {arn}"
        )


def _impossible(reason: str) -> definitions.Impossible:
    return definitions.Impossible(
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
        + reason
    )
