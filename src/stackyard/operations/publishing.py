"""cost --publish: a month's cost to the tables from which the control API shows it to organizations.

A row is `organization`, `row` (`YYYY-MM#project#environment#service`), `amount`, `currency`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from stackyard.cost import reports, rows
from stackyard.cost.owners import SHARED
from stackyard.cost.reports import Report
from stackyard.model.estates import Stack
from stackyard.operations import accounts
from stackyard.operations.workspace import Workspace

TABLE: Final = "costs"
_BATCH: Final = 25

Items = Mapping[tuple[str, str], Decimal]


async def publish(workspace: Workspace, report: Report) -> dict[str, int]:
    """Write every organization's rows of the report's month to each stage's table, and take away those of before.

    The number of rows by table, empty when the estate has no such table. Starts the embedded cloud on need.
    """
    items = _items(report)
    written = {}
    for name in await _tables(workspace):
        client = await asyncio.to_thread(accounts.client, workspace, "dynamodb")
        await asyncio.to_thread(_write, client, name, report, items)
        written[name] = len(items)
    return written


def _items(report: Report) -> Items:
    found = {}
    for (organization, *names), amount in reports.bills(report.charged).items():
        if organization != SHARED:
            found[organization, "#".join((report.period.name, *names))] = amount
    return found


async def _tables(workspace: Workspace) -> list[str]:
    """The names that the fabric's stacks export for the table."""
    found = [await _table(workspace, stack) for stack in workspace.estate.stacks if not stack.tenant]
    return sorted(name for name in found if name)


async def _table(workspace: Workspace, stack: Stack) -> str:
    exported = (await workspace.outputs(stack.name) or {}).get("table_names")
    return str(exported.get(TABLE) or "") if isinstance(exported, dict) else ""


def _write(client: Any, table: str, report: Report, items: Items) -> None:
    """Put what is, then delete what is no more: a reader in between sees a month at most too dear, never empty."""
    requests = [
        {
            "PutRequest": {
                "Item": {
                    "organization": {"S": organization},
                    "row": {"S": row},
                    "amount": {"N": rows.number(amount)},
                    "currency": {"S": report.book.currency},
                }
            }
        }
        for (organization, row), amount in items.items()
    ]
    old = _known(client, table, report.period.name) - items.keys()
    requests += [
        {"DeleteRequest": {"Key": {"organization": {"S": organization}, "row": {"S": row}}}}
        for organization, row in old
    ]
    for start in range(0, len(requests), _BATCH):
        waiting: Any = {table: requests[start : start + _BATCH]}
        while waiting:
            waiting = client.batch_write_item(RequestItems=waiting).get("UnprocessedItems") or {}


def _known(client: Any, table: str, month: str) -> set[tuple[str, str]]:
    found = set()
    pages = client.get_paginator("scan").paginate(
        TableName=table,
        FilterExpression="begins_with(#r, :month)",
        ExpressionAttributeNames={"#r": "row"},
        ExpressionAttributeValues={":month": {"S": f"{month}#"}},
    )
    for page in pages:
        found |= {(item["organization"]["S"], item["row"]["S"]) for item in page["Items"]}
    return found
