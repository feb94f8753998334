"""What the control plane remembers."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws
import pydantic

from stackyard.platform.components.component import Component
from stackyard.platform.components.settings import Settings
from stackyard.platform.components.tags import Tags


class TableShape(Settings):
    """The key of a table: `hash_key` finds a group, `range_key` orders it. Both are text.

    `expires` names the attribute that holds a row's time to go, in seconds of the epoch.
    """

    hash_key: str
    range_key: str = ""
    expires: str = ""


class ControlTablesSettings(Settings):
    """`tables` maps a table's name to its shape. `keep` guards them from being destroyed with the stack."""

    tables: dict[str, TableShape] = pydantic.Field(min_length=1)
    keep: bool = False


class ControlTables(Component):
    """Makes DynamoDB tables that are paid per request, encrypted, and restorable to any second of 35 days.

    Costs nothing while idle; about 1.25 USD per million writes, 0.25 USD per million reads, 0.25 USD per GB and month.
    """

    def __init__(
        self, name: str, settings: ControlTablesSettings, tags: Tags, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("service_fabric:ControlTables", name, tags, opts)
        made = {table: self._table(table, shape, settings.keep) for table, shape in settings.tables.items()}
        self.names = {table: resource.name for table, resource in made.items()}
        self.arns = {table: resource.arn for table, resource in made.items()}
        self.register_outputs({"names": self.names, "arns": self.arns})

    def _table(self, name: str, shape: TableShape, keep: bool) -> aws.dynamodb.Table:
        keys = [key for key in (shape.hash_key, shape.range_key) if key]
        return aws.dynamodb.Table(
            name,
            billing_mode="PAY_PER_REQUEST",
            hash_key=shape.hash_key,
            range_key=shape.range_key or None,
            attributes=[{"name": key, "type": "S"} for key in keys],
            ttl={"attribute_name": shape.expires, "enabled": True} if shape.expires else None,
            point_in_time_recovery={"enabled": True},
            server_side_encryption={"enabled": True},
            deletion_protection_enabled=keep,
            tags=self.tagged(name),
            opts=self.below(),
        )
