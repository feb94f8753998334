"""The one door from an open estate to its clouds' accounts: boto3-style clients for the platform or an organization.

On the embedded cloud they act as the root of that account; on AWS as the user's own session.
"""

from __future__ import annotations

from typing import Any

from stackyard.cloud import client as clouds
from stackyard.model.estates import Stack
from stackyard.operations.workspace import DEFAULT_REGION, Workspace


def client(workspace: Workspace, service: str, organization: str = "", region: str = "") -> Any:
    """The client of `service` (its botocore name) in the organization's account; without one, in the platform's.

    In the region that its project files give, unless `region` names another.
    Starts the embedded cloud on need. It and the client's methods block: call them in threads. Clients are safe
    between threads and made once for equal credentials. Raises CloudError when the cloud cannot be started.
    """
    from stackyard.providers import base  # lazy: botocore takes 0.1 s, and most verbs need none
    from stackyard.providers.aws import connections, settings  # lazy: as above

    environ = _environ(workspace, organization)
    region = region or ("" if environ else _region(workspace, organization))
    read = settings.read(base.Settings({"region": region} if region else {}, environ))
    return connections.connect(read).client(service, read.region)


def account(workspace: Workspace, organization: str = "") -> str:
    """The 12 digits of that account."""
    if is_embedded(workspace, organization):
        return _number(workspace, organization)
    answer = client(workspace, "sts", organization).get_caller_identity()
    return str(answer["Account"])


def _environ(workspace: Workspace, organization: str) -> dict[str, str]:
    """The variables that lead to the account; empty when the user's own do."""
    if not is_embedded(workspace, organization):
        return {}
    workspace.cloud.start()
    region = _region(workspace, organization) or DEFAULT_REGION
    return {**workspace.cloud.environ(_number(workspace, organization), region), "STACKYARD_CLOUD": "embedded"}


def _number(workspace: Workspace, organization: str) -> str:
    return clouds.account_of(organization) if organization else workspace.account()


def is_embedded(workspace: Workspace, organization: str = "") -> bool:
    """Whether the account is one of the embedded cloud.

    AWS only when the stacks there say so: an organization without stacks is not looked for in the user's account.
    """
    stacks = _stacks(workspace, organization)
    return not stacks or any(stack.cloud == "embedded" for stack in stacks)


def _region(workspace: Workspace, organization: str) -> str:
    """The region that a project file of those stacks gives."""
    given = (stack.project.config.get("aws:region") for stack in _stacks(workspace, organization))
    return next((each for each in given if isinstance(each, str) and each), "")


def _stacks(workspace: Workspace, organization: str) -> list[Stack]:
    return [stack for stack in workspace.estate.stacks if stack.tenant == organization]
