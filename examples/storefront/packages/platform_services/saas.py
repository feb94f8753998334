"""Resources of services that have no SDK installed here. Stackyard records them, marked as simulated."""

from collections.abc import Mapping
from typing import Any

import pulumi


class Repository(pulumi.CustomResource):
    """A repository on GitHub."""

    def __init__(self, name: str, properties: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("github:index/repository:Repository", name, {"name": name, **properties}, opts)


class BranchProtection(pulumi.CustomResource):
    """What a branch of a repository on GitHub needs before it changes."""

    def __init__(self, name: str, properties: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("github:index/branchProtection:BranchProtection", name, properties, opts)


class Monitor(pulumi.CustomResource):
    """A monitor in Datadog."""

    def __init__(self, name: str, properties: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("datadog:index/monitor:Monitor", name, {"name": name, **properties}, opts)
