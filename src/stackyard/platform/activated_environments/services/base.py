"""The contract of a service."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import pulumi

from stackyard.model.activations import Activation
from stackyard.platform.components.settings import Input
from stackyard.platform.components.tags import Tags


@dataclasses.dataclass(frozen=True)
class Context:
    """What a service is given. `prefix` begins the names of what it makes; `below` are options of its resources.

    `secrets_prefix` is where the environment's own secrets are kept; runs may read what is below it.
    """

    activation: Activation
    prefix: str
    tags: Tags
    secrets_prefix: str
    key_arn: Input
    subnet_group: Input
    security_group_ids: Input
    disposable: bool
    below: Callable[..., pulumi.ResourceOptions]


@dataclasses.dataclass(frozen=True)
class Made:
    """What runs get of a service: plain variables, and variables whose values are secrets, by the secret's name.

    `exports` are told as the stack's output `services`.
    """

    variables: Mapping[str, Input] = dataclasses.field(default_factory=dict)
    secrets: Mapping[str, Input] = dataclasses.field(default_factory=dict)
    exports: Mapping[str, Any] = dataclasses.field(default_factory=dict)


class Service(Protocol):
    """Something that an environment's rule can switch on."""

    def make(self, context: Context) -> Made:
        """Register the service's resources. Called at most once a program, before the task's definition is made."""
        ...
