"""A stack's whole configuration as one stack file, for tools that evaluate no environments, such as the Pulumi CLI."""

from __future__ import annotations

import json
from typing import Any

from stackyard.config import stack_files
from stackyard.config.environments.values import Value
from stackyard.config.resolution import ResolvedConfig
from stackyard.model.estates import Stack
from stackyard.secrets.base import SecretsManager
from stackyard.secrets.opening import Opener


def stack_file(stack: Stack, resolved: ResolvedConfig, opener: Opener) -> str:
    """The text of a `Pulumi.<stack>.yaml` that says the same without environments: JSON, which is YAML.

    Secrets are encrypted with the key of the stack's own file, or the estate's. Raises SecretsError. Blocks.
    """
    salt = stack_files.read(stack).salt
    manager: Any = opener.from_salt(salt) if salt else (opener.new() if resolved.secret_keys else None)
    written: dict[str, Any] = {"encryptionsalt": manager.salt} if manager else {}
    written["config"] = {
        key: _written(resolved.tree[key], manager, secret=key in resolved.secret_keys)
        for key in sorted(resolved.values)
    }
    return json.dumps(written, indent=2, ensure_ascii=False) + "\n"


def _written(value: Value, manager: SecretsManager, *, secret: bool) -> Any:
    if value.fields is not None and not value.secret:
        return {key: _written(below, manager, secret=below.is_secret) for key, below in value.fields.items()}
    if isinstance(value.data, list) and not value.secret:
        return [_written(below, manager, secret=below.is_secret) for below in value.data]
    if secret or value.secret:
        return {"secure": manager.encrypt(stack_files.text_of(value.plain()))}
    return value.plain()
