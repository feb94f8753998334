"""The record of an activated environment, as reconcile has written it."""

from __future__ import annotations

from pathlib import Path

import yaml

from stackyard.errors import ConfigError, Position
from stackyard.model.activations import Activation


def read_activation(path: str | Path) -> Activation:
    """The activation of a record's file. Raises ConfigError that names the file."""
    try:
        return Activation.of(yaml.safe_load(Path(path).read_text(encoding="utf-8")))
    except FileNotFoundError:
        hint = "environments are activated by `stackyard environment reconcile`"
        raise ConfigError("there is no such record", hint=hint, position=Position(str(path))) from None
    except (yaml.YAMLError, RecursionError, ValueError, TypeError, KeyError) as fault:
        hint = "records are written by `stackyard environment reconcile` alone"
        raise ConfigError(f"not a record of an environment: {fault}", hint=hint, position=Position(str(path))) from None
