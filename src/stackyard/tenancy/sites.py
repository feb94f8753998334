"""An organization's account, as far as its environments concern it: names of what its site made, and its clients."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from stackyard.model.activations import Activation


@dataclasses.dataclass(frozen=True, slots=True)
class Site:
    """What the stack `site_instances/<organization>.<stage>` exports, and `client(service)`: boto3 clients there.

    Clients block: whoever uses them from a coroutine does so in a thread.
    """

    organization: str
    bucket: str
    archive_bucket: str
    runs_table: str
    cluster: str
    log_group: str
    client: Callable[[str], Any] = dataclasses.field(repr=False, compare=False)

    def logs_of(self, record: Activation) -> str:
        """The log group of one environment."""
        return f"{self.log_group}/{record.project}/{record.environment}"

    def secrets_of(self, record: Activation) -> str:
        """What the names of one environment's secrets begin with."""
        return f"/site/{self.organization}/{record.key}/"


def base_of(record: Activation) -> str:
    """An environment's name where dots cannot be: of its task family, role, schedule group and alarm."""
    return f"{record.project}_{record.environment}"


def objects_of(record: Activation) -> str:
    """What the keys of one environment's objects begin with, in the data bucket."""
    return f"environments/{record.key}/"
