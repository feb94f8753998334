"""Rows of an organization's runs table, as plain values. What they mean: docs/design/0008-tenants.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

Row: TypeAlias = dict[str, Any]

_BATCH: Final = 25
_RUNS_END: Final = ":"  # the character after the digits: run names begin with one, `head` and `lease` do not


def of(dynamodb: Any, table: str, group: str, *, newest: int = 0) -> Iterator[Row]:
    """The rows of one group (hash key `environment`), in order; with `newest`, that many runs, newest first.

    `dynamodb` is a boto3 client; faults are botocore's.
    """
    values: Row = {":group": {"S": group}}
    condition = "#g = :group"
    if newest:
        condition, values[":end"] = "#g = :group AND #r < :end", {"S": _RUNS_END}
    names = {"#g": "environment", **({"#r": "run"} if newest else {})}
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression=condition,
        ExpressionAttributeNames=names,
        ExpressionAttributeValues=values,
        ConsistentRead=True,
        ScanIndexForward=not newest,
        **({"PaginationConfig": {"MaxItems": newest}} if newest else {}),
    )
    for page in pages:
        for item in page["Items"]:
            yield plain(item)


def one(dynamodb: Any, table: str, group: str, row: str) -> Row | None:
    """One row, as it is now."""
    key = {"environment": {"S": group}, "run": {"S": row}}
    found = dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")
    return None if found is None else plain(found)


def remove(dynamodb: Any, table: str, group: str) -> int:
    """Delete every row of one group; how many there were."""
    keys = [{"environment": {"S": group}, "run": {"S": row["run"]}} for row in of(dynamodb, table, group)]
    for start in range(0, len(keys), _BATCH):
        waiting = {table: [{"DeleteRequest": {"Key": key}} for key in keys[start : start + _BATCH]]}
        while waiting:
            waiting = dynamodb.batch_write_item(RequestItems=waiting).get("UnprocessedItems") or {}
    return len(keys)


def plain(item: Mapping[str, Any]) -> Row:
    """A DynamoDB item as Python values; numbers without a fraction are int."""
    return {name: _plain(value) for name, value in item.items()}


def _plain(value: Mapping[str, Any]) -> Any:
    ((kind, held),) = value.items()
    match kind:
        case "M":
            return plain(held)
        case "L":
            return [_plain(each) for each in held]
        case "N":
            return _number(held)
        case "NS":
            return sorted(_number(each) for each in held)
        case "SS" | "BS":
            return sorted(held)
        case "NULL":
            return None
        case _:
            return held


def _number(text: str) -> int | float:
    return int(text) if text.lstrip("-").isdigit() else float(text)
