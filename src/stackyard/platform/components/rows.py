"""A row of a table that says what a stack has made, for those who list it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws
import pydantic

from stackyard.platform.components.component import Component
from stackyard.platform.components.settings import Input, Settings
from stackyard.platform.components.tags import Tags


class TableRowSettings(Settings):
    """`group` and `row` are the values of the table's keys, called `hash_key` and `range_key`.

    `values` are texts, numbers, booleans, or lists of texts; they may be outputs.
    """

    table: Input
    group: str
    row: str
    hash_key: str = "environment"
    range_key: str = "run"
    values: dict[str, Input] = pydantic.Field(default_factory=dict)


class TableRow(Component):
    """Makes one item of a DynamoDB table, which goes when its stack goes: the list is always true. Costs nothing."""

    def __init__(
        self, name: str, settings: TableRowSettings, tags: Tags, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("components:TableRow", name, tags, opts)
        keys = {settings.hash_key: settings.group, settings.range_key: settings.row}
        item = pulumi.Output.all(**keys, **settings.values).apply(_item)
        aws.dynamodb.TableItem(
            name,
            table_name=settings.table,
            hash_key=settings.hash_key,
            range_key=settings.range_key,
            item=item,
            opts=self.below(),
        )
        self.register_outputs({"row": settings.row})


def _item(values: Mapping[str, Any]) -> str:
    """The values as DynamoDB writes an item: every value with its type."""
    return json.dumps({name: _typed(value) for name, value in sorted(values.items()) if value is not None})


def _typed(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | float):
        return {"N": str(int(value) if float(value).is_integer() else value)}
    if isinstance(value, list | tuple):
        return {"L": [_typed(each) for each in value]}
    return {"S": str(value)}
