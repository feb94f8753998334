"""Request units of DynamoDB's tables on demand, by the sizes of the items that were written and read.

Counted as AWS does: a write by the larger of the item before and after, with every index that changes; a read by what
was looked at, filtered out or not; a condition that fails by the item that it was held against; transactions double.
Statements of PartiQL count one unit for each item that they name. Provisioned tables cost by the hour: not counted.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

from __future__ import annotations

import contextvars
import json
from collections.abc import Callable
from typing import Any

from . import passages, rounding

Answer = tuple[int, dict[str, str], Any]
# Bytes that the page in hand looked at.
_READ: contextvars.ContextVar[int] = contextvars.ContextVar("read", default=0)


def cure(module: Any) -> None:
    """Count in every function that reads or writes items."""
    _pages(module)
    _single(module)
    _batches(module)
    for name in ("_put_item", "_update_item", "_delete_item"):
        setattr(module, name, _conditional(module, getattr(module, name)))
    for name in ("_transact_write_items", "_execute_transaction"):
        setattr(module, name, _transaction(module, getattr(module, name)))
    module._transact_get_items = _transact_gets(module, module._transact_get_items)
    module._execute_statement = _statement(module, module._execute_statement)


def _wrote(module: Any, name: str, units: float) -> None:
    _used(module, name, "table_writes", int(units))


def _read(module: Any, name: str, halves: int) -> None:
    _used(module, name, "table_reads", halves)


def _used(module: Any, name: str, kind: str, amount: int) -> None:
    table = module._tables.get(name)
    if not table or (table.get("BillingModeSummary") or {}).get("BillingMode") != "PAY_PER_REQUEST":
        return
    account, region = passages.place()
    arn = table.get("TableArn") or f"arn:aws:dynamodb:{region}:{account}:table/{name}"
    passages.called(account, kind, arn, amount, near=True)


def _size(module: Any, table: Any, key: Any) -> int:
    item = module._get_item_by_key(table, key) if table and key else None
    return int(module._item_size_bytes(item)) if item else 0


def _pages(module: Any) -> None:
    paginate = module._paginate_evaluated_items

    def paginate_weighed(items: Any, limit: Any, table: Any, index_name: Any = None) -> Any:
        page, more = paginate(items, limit, table, index_name)
        entries = (module._apply_index_projection(item, table, index_name) if index_name else item for item in page)
        _READ.set(sum(module._item_size_bytes(entry) for entry in entries))
        return page, more

    module._paginate_evaluated_items = paginate_weighed


def _single(module: Any) -> None:
    """Every read and write of one item, and every page, comes by here when it is done."""
    add = module._add_consumed_capacity

    def add_counted(result: Any, data: Any, name: str, write: bool = False, old_item: Any = None, new_item: Any = None,
                    index_name: Any = None) -> None:  # fmt: skip
        table = module._tables.get(name)
        if write:
            _wrote(module, name, _written(module, table or {}, old_item, new_item))
        else:
            size = _size(module, table, data["Key"]) if "Key" in data else _READ.get()
            _read(module, name, rounding.read_halves(size, consistent=bool(data.get("ConsistentRead"))))
        add(result, data, name, write=write, old_item=old_item, new_item=new_item, index_name=index_name)

    module._add_consumed_capacity = add_counted


def _written(module: Any, table: Any, old: Any, new: Any) -> float:
    size = max(int(module._item_size_bytes(item)) if item else 0 for item in (old, new))
    indexes = [
        *(table.get("GlobalSecondaryIndexes") or ()),
        *(table.get("LocalSecondaryIndexes") or ()),
    ]
    of_indexes = sum(float(module._index_write_units(table, index, old, new)) for index in indexes)
    return rounding.write_units(size) + of_indexes


def _batches(module: Any) -> None:
    accumulate, get = module._accumulate_write_capacity, module._batch_get_item

    def accumulate_counted(cap: Any, table: Any, old_item: Any, new_item: Any) -> None:
        accumulate(cap, table, old_item, new_item)
        _wrote(module, table["TableName"], _written(module, table, old_item, new_item))

    def get_counted(data: dict[str, Any]) -> Answer:
        answer: Answer = get(data)
        if answer[0] == 200:
            for named, given in data["RequestItems"].items():
                name = module._normalize_table_name(named)
                sizes = [_size(module, module._tables.get(name), key) for key in given.get("Keys", ())]
                consistent = bool(given.get("ConsistentRead"))
                _read(module, name, sum(rounding.read_halves(size, consistent=consistent) for size in sizes))
        return answer

    module._accumulate_write_capacity, module._batch_get_item = accumulate_counted, get_counted


def _conditional(module: Any, write: Callable[[dict[str, Any]], Answer]) -> Callable[[dict[str, Any]], Answer]:
    def write_counted(data: dict[str, Any]) -> Answer:
        answer = write(data)
        if answer[0] == 400 and b"ConditionalCheckFailed" in answer[2][:200]:
            name = module._normalize_table_name(data["TableName"])
            size = _size(module, module._tables.get(name), data.get("Key") or data.get("Item"))
            _wrote(module, name, rounding.write_units(size))
        return answer

    return write_counted


def _transaction(module: Any, write: Callable[[dict[str, Any]], Answer]) -> Callable[[dict[str, Any]], Answer]:
    """Ask for what a transaction consumes, whether its caller did or not."""

    def write_counted(data: dict[str, Any]) -> Answer:
        asked = data.get("ReturnConsumedCapacity", "NONE")
        status, headers, body = write(data if asked != "NONE" else {**data, "ReturnConsumedCapacity": "TOTAL"})
        if status != 200:
            return status, headers, body
        answer = json.loads(body)
        for each in answer.get("ConsumedCapacity", ()):
            if "ReadCapacityUnits" in each:  # the same token again: only looked up
                _read(module, each["TableName"], int(2 * each["CapacityUnits"]))
            else:
                _wrote(module, each["TableName"], each["CapacityUnits"])
        if asked == "NONE" and answer.pop("ConsumedCapacity", None) is not None:
            body = json.dumps(answer, ensure_ascii=False).encode()
        return status, headers, body

    return write_counted


def _transact_gets(module: Any, get: Callable[[dict[str, Any]], Answer]) -> Callable[[dict[str, Any]], Answer]:
    def get_counted(data: dict[str, Any]) -> Answer:
        answer = get(data)
        if answer[0] == 200:
            for each in data["TransactItems"]:
                given = each.get("Get", {})
                size = _size(module, module._tables.get(given.get("TableName", "")), given.get("Key"))
                _read(module, given.get("TableName", ""), 2 * rounding.read_halves(size, consistent=True))
        return answer

    return get_counted


def _statement(module: Any, execute: Callable[[dict[str, Any]], Answer]) -> Callable[[dict[str, Any]], Answer]:
    def execute_counted(data: dict[str, Any]) -> Answer:
        answer = execute(data)
        if answer[0] == 200:
            parsed = module._parse_partiql(data.get("Statement", ""), data.get("Parameters") or [])
            name = module._normalize_table_name(parsed["table"])
            if parsed["op"] == "SELECT":
                items = json.loads(answer[2]).get("Items", ())
                size = sum(module._item_size_bytes(item) for item in items)
                _read(module, name, rounding.read_halves(size, consistent=bool(data.get("ConsistentRead"))))
            else:
                _wrote(module, name, 1)
        return answer

    return execute_counted
