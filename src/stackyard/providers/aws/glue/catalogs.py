"""Databases and tables of the data catalog. Ids are `<catalog>:<database>` and `<catalog>:<database>:<table>`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard.model.values import Properties
from stackyard.providers.aws import shapes
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tagging import Tagging

_TABLE = {
    "storageDescriptor.skewedInfo.skewedColumnValueLocationMaps": "SkewedColumnValueLocationMaps",
    "storageDescriptor.storedAsSubDirectories": "StoredAsSubDirectories",
    "storageDescriptor.serDeInfo": "SerdeInfo",
    "viewExpandedText": "ViewExpandedText",
    "viewOriginalText": "ViewOriginalText",
    "description": "Description",
    "owner": "Owner",
    "parameters": "Parameters",
    "partitionKeys": "PartitionKeys",
    "retention": "Retention",
    "tableType": "TableType",
    "targetTable": "TargetTable",
}


class CatalogDatabase(Kind):
    """`aws:glue/catalogDatabase:CatalogDatabase`."""

    naming = Naming(limit=255, lower=True)
    replaces = ("name", "catalogId", "federatedDatabase", "targetDatabase")
    computed = ("catalogId", "createTableDefaultPermissions")
    tagging = Tagging("glue", by="arn", read="get_tags")

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("glue", f"database/{inputs['name']}")}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        given = {"Tags": inputs["tagsAll"]} if inputs.get("tagsAll") else {}
        aws.glue.create_database(CatalogId=self._catalog(aws, inputs), DatabaseInput=self._input(aws, inputs), **given)
        return str(self.identify(aws, inputs))

    def _catalog(self, aws: Aws, inputs: Properties) -> str:
        return str(inputs.get("catalogId") or aws.account)

    def _input(self, aws: Aws, inputs: Properties) -> dict[str, Any]:
        shape = shapes.model(aws.glue, "create_database").input_shape.members["DatabaseInput"]
        handled = ("createTableDefaultPermissions", "description", "federatedDatabase", "locationUri", "name")
        more = ("parameters", "targetDatabase")
        return shapes.request(shape, {name: inputs.get(name) for name in (*handled, *more)}, {})

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        catalog, _, name = id.partition(":")
        found = aws.glue.get_database(CatalogId=catalog, Name=name)["Database"]
        outputs = shapes.properties(self.schema, self.schema.outputs, found, {})
        return {**outputs, "catalogId": catalog, "arn": aws.arn("glue", f"database/{name}")}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        catalog, _, name = id.partition(":")
        aws.glue.update_database(CatalogId=catalog, Name=name, DatabaseInput=self._input(aws, change.new))

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        catalog, _, name = id.partition(":")
        aws.glue.delete_database(CatalogId=catalog, Name=name)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return f"{self._catalog(aws, inputs)}:{inputs['name']}"


class CatalogTable(Kind):
    """`aws:glue/catalogTable:CatalogTable`."""

    naming = Naming(limit=255, lower=True)
    replaces = ("name", "catalogId", "databaseName", "partitionIndices")
    computed = ("catalogId", "partitionIndices", "parameters", "storageDescriptor.skewedInfo", "tableType")
    unsupported = ("openTableFormatInput", "viewDefinition")

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("glue", f"table/{inputs['databaseName']}/{inputs['name']}")}

    def _input(self, aws: Aws, inputs: Properties) -> dict[str, Any]:
        shape = shapes.model(aws.glue, "create_table").input_shape.members["TableInput"]
        given = {name: inputs.get(name) for name in ("name", "storageDescriptor", *_TABLE) if "." not in name}
        return shapes.request(shape, given, _TABLE)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        catalog = inputs.get("catalogId") or aws.account
        indices = [{"Keys": i["keys"], "IndexName": i["indexName"]} for i in inputs.get("partitionIndices") or ()]
        more = {"PartitionIndexes": indices} if indices else {}
        wanted = self._input(aws, inputs)
        aws.glue.create_table(CatalogId=catalog, DatabaseName=inputs["databaseName"], TableInput=wanted, **more)
        return str(self.identify(aws, inputs))

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        catalog, database, name = id.split(":", 2)
        found = aws.glue.get_table(CatalogId=catalog, DatabaseName=database, Name=name)["Table"]
        outputs = shapes.properties(self.schema, self.schema.outputs, _read(found), _TABLE)
        arn = aws.arn("glue", f"table/{database}/{name}")
        return {**outputs, "catalogId": catalog, "databaseName": database, "name": name, "arn": arn}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        catalog, database, _ = id.split(":", 2)
        aws.glue.update_table(CatalogId=catalog, DatabaseName=database, TableInput=self._input(aws, change.new))

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        catalog, database, name = id.split(":", 2)
        aws.glue.delete_table(CatalogId=catalog, DatabaseName=database, Name=name)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return f"{inputs.get('catalogId') or aws.account}:{inputs['databaseName']}:{inputs['name']}"


def _read(found: Mapping[str, Any]) -> dict[str, Any]:
    """A table without the empty skew that Glue always answers."""
    storage = found.get("StorageDescriptor")
    if not storage or any((storage.get("SkewedInfo") or {}).values()):
        return dict(found)
    return {**found, "StorageDescriptor": {k: v for k, v in storage.items() if k != "SkewedInfo"}}
