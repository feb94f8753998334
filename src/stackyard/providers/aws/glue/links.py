"""Connections to data stores. The id is `<catalog>:<name>`; their properties are secret."""

from __future__ import annotations

from typing import Any

from stackyard.model.values import Properties
from stackyard.providers.aws import shapes
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tagging import Tagging

_NAMES = {
    "connectionProperties": "ConnectionProperties",
    "connectionType": "ConnectionType",
    "description": "Description",
    "matchCriterias": "MatchCriteria",
    "name": "Name",
    "physicalConnectionRequirements": "PhysicalConnectionRequirements",
    "physicalConnectionRequirements.securityGroupIdLists": "SecurityGroupIdList",
}


class Connection(Kind):
    """`aws:glue/connection:Connection`."""

    naming = Naming(limit=255)
    defaults = fixed(connectionType="JDBC")
    replaces = ("name", "catalogId")
    computed = ("catalogId",)
    sets = ("physicalConnectionRequirements.securityGroupIdLists",)
    unsupported = ("athenaProperties", "authenticationConfiguration")
    tagging = Tagging("glue", by="arn", read="get_tags")

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("glue", f"connection/{inputs['name']}")}

    def _input(self, aws: Aws, inputs: Properties) -> dict[str, Any]:
        shape = shapes.model(aws.glue, "create_connection").input_shape.members["ConnectionInput"]
        wanted = shapes.request(shape, {name: inputs.get(name) for name in _NAMES if "." not in name}, _NAMES)
        return {"ConnectionProperties": {}, **wanted}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        id = str(self.identify(aws, inputs))
        given = {"Tags": inputs["tagsAll"]} if inputs.get("tagsAll") else {}
        aws.glue.create_connection(CatalogId=id.partition(":")[0], ConnectionInput=self._input(aws, inputs), **given)
        return id

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        catalog, _, name = id.partition(":")
        found = aws.glue.get_connection(CatalogId=catalog, Name=name, HidePassword=False)["Connection"]
        outputs = shapes.properties(self.schema, self.schema.outputs, found, _NAMES)
        return {**outputs, "catalogId": catalog, "arn": aws.arn("glue", f"connection/{name}")}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        catalog, _, name = id.partition(":")
        aws.glue.update_connection(CatalogId=catalog, Name=name, ConnectionInput=self._input(aws, change.new))

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        catalog, _, name = id.partition(":")
        aws.glue.delete_connection(CatalogId=catalog, ConnectionName=name)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return f"{inputs.get('catalogId') or aws.account}:{inputs['name']}"
