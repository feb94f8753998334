"""A stack's recorded state: Pulumi's deployment format v3, in memory form."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from typing import Any

from stackyard.model import urns
from stackyard.model.resources import EMPTY, Resource
from stackyard.model.values import Properties


class Pending(enum.StrEnum):
    """What was being done to a resource when the record was written."""

    CREATING = "creating"
    UPDATING = "updating"
    DELETING = "deleting"
    READING = "reading"
    IMPORTING = "importing"


@dataclasses.dataclass(frozen=True, slots=True)
class PendingOperation:
    """An intent that is durable, whose result is not."""

    kind: Pending
    resource: Resource


@dataclasses.dataclass(frozen=True, slots=True)
class Checkpoint:
    """One stack's resources in dependency order, and what was under way.

    `secrets_provider` is the format's `secrets_providers` object ({type, state}) or empty. `cloud` and
    `account` pin where the resources live; both are empty in a checkpoint that the CLI wrote. `extra` keeps
    parts of the format that we do not interpret, so that a load and a save lose nothing.
    """

    stack: str
    resources: tuple[Resource, ...] = ()
    pending: tuple[PendingOperation, ...] = ()
    time: str = ""
    version: str = ""
    secrets_provider: Mapping[str, Any] = EMPTY
    metadata: Mapping[str, Any] = EMPTY
    cloud: str = ""
    account: str = ""
    extra: Mapping[str, Any] = EMPTY

    @property
    def root(self) -> Resource | None:
        """The root Stack resource, if the stack was ever brought up."""
        return next((r for r in self.resources if r.type == urns.STACK_TYPE and not r.delete), None)

    @property
    def outputs(self) -> Properties:
        """The stack's outputs: empty when it was never brought up."""
        root = self.root
        return dict(root.outputs) if root else {}
