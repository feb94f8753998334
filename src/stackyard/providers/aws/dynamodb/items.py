"""DynamoDB items. The id is `<table>|<hash key>|<range key>|<hash value>|<range value>`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from stackyard.model.registrations import CheckFailure
from stackyard.model.values import UNKNOWN, Properties
from stackyard.providers.aws import documents
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind


class TableItem(Kind):
    """`aws:dynamodb/tableItem:TableItem`. `item` is JSON in DynamoDB's own form, `{"id": {"S": "a"}}`."""

    naming = None
    replaces = ("tableName", "hashKey", "rangeKey")
    documents = ("item",)

    def check(self, inputs: Properties) -> Iterable[CheckFailure]:
        item = inputs.get("item")
        if item is None or item is UNKNOWN:
            return
        parsed = documents.parse(item)
        if not isinstance(parsed, dict):
            yield CheckFailure("item", "must be a JSON object")
            return
        for name in ("hashKey", "rangeKey"):
            key = inputs.get(name)
            if isinstance(key, str) and key not in parsed:
                yield CheckFailure("item", f"has no attribute {key!r}, which is the {name}")

    def forces(self, old: Properties, new: Properties) -> Iterable[str]:
        """Another key is another item."""
        if new.get("item") is UNKNOWN or _keys(old) != _keys(new):
            yield "item"

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        aws.dynamodb.put_item(
            TableName=inputs["tableName"],
            Item=json.loads(inputs["item"]),
            ConditionExpression="attribute_not_exists(#key)",
            ExpressionAttributeNames={"#key": inputs["hashKey"]},
        )
        return _id(inputs)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        if not known.get("item"):
            return None
        table, keys = known["tableName"], _keys(known)
        found = aws.dynamodb.get_item(TableName=table, Key=keys, ConsistentRead=True).get("Item")
        if found is None:
            return None
        outputs = {name: known[name] for name in ("tableName", "hashKey", "rangeKey") if known.get(name)}
        return {**outputs, "item": json.dumps(found)}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        aws.dynamodb.put_item(TableName=change.new["tableName"], Item=json.loads(change.new["item"]))

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.dynamodb.delete_item(TableName=known["tableName"], Key=_keys(known))

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return _id(inputs)


def _keys(inputs: Properties) -> dict[str, Any]:
    item = documents.parse(inputs["item"])
    return {inputs[name]: item.get(inputs[name]) for name in ("hashKey", "rangeKey") if inputs.get(name)}


def _id(inputs: Properties) -> str:
    found = [next(iter(value.values())) for value in _keys(inputs).values()]
    return "|".join((inputs["tableName"], inputs["hashKey"], inputs.get("rangeKey") or "", *map(str, found)))
