"""The control plane's tables, for the platform's owners: who asked to be an organization, and callers' tokens."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import secrets
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from stackyard import errors
from stackyard.model.estates import Stack
from stackyard.model.names import StackName
from stackyard.operations import accounts
from stackyard.operations.hosting import SITES, Hosting, in_cloud

STORAGE: Final = "storage"
OPERATORS: Final = "platform"
"""The organization of operators' tokens."""
_TOKEN_BYTES: Final = 32


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """A row of `organizations`: who asked, how to reach them, and what became of it."""

    name: str
    display_name: str
    contact: str
    status: str
    version: int = 1


@dataclasses.dataclass(frozen=True, slots=True)
class Control:
    """The tables of one stage. `client` is DynamoDB's; every method blocks, and is called in a thread."""

    client: Any = dataclasses.field(repr=False)
    names: Mapping[str, str]

    def requests(self) -> list[Request]:
        """All rows, by name."""
        pages = self.client.get_paginator("scan").paginate(TableName=self.names["organizations"], ConsistentRead=True)
        return sorted((_request(row) for page in pages for row in page["Items"]), key=lambda each: each.name)

    def request(self, name: str) -> Request | None:
        """One row."""
        found = self.client.get_item(
            TableName=self.names["organizations"], Key={"name": {"S": name}}, ConsistentRead=True
        )
        return _request(found["Item"]) if "Item" in found else None

    def set_status(self, name: str, status: str) -> bool:
        """Write what became of an organization; False when it has no row."""
        try:
            self.client.update_item(
                TableName=self.names["organizations"],
                Key={"name": {"S": name}},
                UpdateExpression="SET #status = :status, #updated = :now ADD #version :one",
                ConditionExpression="attribute_exists(#name)",
                ExpressionAttributeNames={f"#{key}": key for key in ("name", "status", "updated", "version")},
                ExpressionAttributeValues={
                    ":status": {"S": status},
                    ":now": {"N": str(int(time.time()))},
                    ":one": {"N": "1"},
                },
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def forget(self, name: str) -> int:
        """Remove an organization's row and tokens; how many tokens there were."""
        digests = [row["digest"] for row in self._tokens(name)]
        for digest in digests:
            self.client.delete_item(TableName=self.names["tokens"], Key={"digest": digest})
        self.client.delete_item(TableName=self.names["organizations"], Key={"name": {"S": name}})
        return len(digests)

    def issue(self, organization: str, user: str, seconds: int) -> tuple[str, int]:
        """A new token and when it expires (seconds of the epoch). Only its digest is kept: it is shown once."""
        token = base64.urlsafe_b64encode(secrets.token_bytes(_TOKEN_BYTES)).rstrip(b"=").decode()
        expires = int(time.time()) + seconds
        row = {
            "digest": {"S": hashlib.sha256(token.encode()).hexdigest()},
            "organization": {"S": organization},
            "user": {"S": user},
            "expires": {"N": str(expires)},
        }
        self.client.put_item(TableName=self.names["tokens"], Item=row)
        return token, expires

    def revoke(self, organization: str, user: str) -> int:
        """Remove a user's tokens; how many there were."""
        found = [row["digest"] for row in self._tokens(organization) if row["user"]["S"] == user]
        for digest in found:
            self.client.delete_item(TableName=self.names["tokens"], Key={"digest": digest})
        return len(found)

    def _tokens(self, organization: str) -> Iterator[dict[str, Any]]:
        pages = self.client.get_paginator("scan").paginate(TableName=self.names["tokens"], ConsistentRead=True)
        for page in pages:
            yield from (row for row in page["Items"] if row["organization"]["S"] == organization)


def _request(row: Mapping[str, Any]) -> Request:
    def text(key: str) -> str:
        return str(row.get(key, {}).get("S", ""))

    return Request(
        text("name"), text("display_name"), text("contact"), text("status"), int(row.get("version", {}).get("N", "1"))
    )


async def opened(hosting: Hosting) -> Control:
    """The tables of the stage that organizations are in. Starts the embedded cloud.

    Raises StackNotFound when their stack is not up.
    """
    stack = _stack(hosting)
    names = await _names(hosting, stack) if stack else None
    if stack is None or names is None:
        short = stack.name.short if stack else f"{STORAGE}/{stage(hosting)}"
        raise errors.StackNotFound(
            f"the control plane's tables are in {short}, which is not up", hint=f"stackyard up {short}"
        )
    return Control(await in_cloud(accounts.client, hosting.workspace, "dynamodb"), names)


async def reachable(hosting: Hosting) -> Control | None:
    """The same where it takes no start of a cloud; None when the tables are not there now."""
    stack = _stack(hosting)
    names = await _names(hosting, stack) if stack else None
    if stack is None or names is None:
        return None
    if stack.cloud == "embedded" and await hosting.workspace.cloud.status() is None:
        return None
    return Control(await in_cloud(accounts.client, hosting.workspace, "dynamodb"), names)


def stage(hosting: Hosting) -> str:
    """The stage that organizations are in, as the fleet of sites names its stacks."""
    fleets = hosting.workspace.estate.fleets
    return next((fleet.stack.rpartition(".")[2] for fleet in fleets if fleet.project == SITES), "")


def _stack(hosting: Hosting) -> Stack | None:
    estate = hosting.workspace.estate
    return estate.stack(StackName(estate.organization, STORAGE, stage(hosting)))


async def _names(hosting: Hosting, stack: Stack) -> Mapping[str, str] | None:
    outputs = await hosting.workspace.outputs(stack.name)
    names = (outputs or {}).get("table_names")
    if not isinstance(names, dict) or not {"organizations", "tokens"} <= set(names):
        return None
    return {str(key): str(value) for key, value in names.items()}
