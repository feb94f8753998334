"""The tags that every resource of the platform carries; cost is charged back by them."""

from __future__ import annotations

import pulumi

from stackyard.platform.components.settings import Settings

SHARED = "platform"


def stage_of(stack: str) -> str:
    """The deployment stage in a stack's name: `Production` for `Production` and for `acme.Production`."""
    return stack.rpartition(".")[2]


class Tags(Settings):
    """Who a resource belongs to. Keys are capitalised, and so are stages: they go into the cloud as they are.

    `hosted_environment` is an activated environment's name, empty for what belongs to none.
    """

    environment: str
    layer: str
    organization: str
    project: str
    cost_owner: str
    hosted_environment: str = ""

    @classmethod
    def current(
        cls,
        layer: str,
        *,
        organization: str = SHARED,
        project: str = "",
        hosted_environment: str = "",
        cost_owner: str = "",
    ) -> Tags:
        """The tags of the running stack; the organization bears the cost unless another owner is named.

        `project` is the hosted project's name, for what belongs to one; else the Pulumi project's.
        """
        return cls(
            environment=stage_of(pulumi.get_stack()),
            layer=layer,
            organization=organization,
            project=project or pulumi.get_project(),
            cost_owner=cost_owner or organization,
            hosted_environment=hosted_environment,
        )

    def of(self, name: str = "") -> dict[str, str]:
        """The tags as the cloud takes them, with a `Name` where the console shows one."""
        named = {"Name": name} if name else {}
        hosted = {"HostedEnvironment": self.hosted_environment} if self.hosted_environment else {}
        return {
            **named,
            **hosted,
            "Environment": self.environment,
            "Layer": self.layer,
            "Organization": self.organization,
            "Project": self.project,
            "CostOwner": self.cost_owner,
        }
