"""Athena's named queries and data catalogs."""

from __future__ import annotations

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Table, given
from stackyard.providers.aws.tagging import Tagging


class NamedQuery(Table):
    """`aws:athena/namedQuery:NamedQuery`. The creating call keeps its token: asked again, it answers the same one."""

    service = "athena"
    naming = Naming(limit=128)
    names = given(query="QueryString", workgroup="WorkGroup")
    id = "NamedQueryId"
    defaults = fixed(workgroup="primary")
    replaces = ("name", "database", "query", "workgroup", "description")
    gone = ("InvalidRequestException:not found",)
    making = Call("create_named_query")
    reading = Call("get_named_query", given(NamedQueryId="$id"), at="NamedQuery")
    removing = Call("delete_named_query", given(NamedQueryId="$id"))

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        """By name, in its workgroup."""
        for id in aws.pages("athena", "list_named_queries", "NamedQueryIds", WorkGroup=inputs["workgroup"]):
            if aws.athena.get_named_query(NamedQueryId=id)["NamedQuery"]["Name"] == inputs["name"]:
                return str(id)
        return None


class DataCatalog(Table):
    """`aws:athena/dataCatalog:DataCatalog`. The id is the name."""

    service = "athena"
    naming = Naming(limit=256)
    replaces = ("name",)
    gone = ("InvalidRequestException:not found",)
    tagging = Tagging("athena", by="arn")
    making = Call("create_data_catalog")
    reading = Call("get_data_catalog", given(Name="$id"), at="DataCatalog")
    changing = (Call("update_data_catalog", given(Name="$id")),)
    removing = Call("delete_data_catalog", given(Name="$id"))

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        super().create(aws, inputs, token)
        return str(inputs["name"])

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("athena", f"datacatalog/{inputs['name']}")}

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = super().read(aws, id, known)
        return found and {**found, "arn": aws.arn("athena", f"datacatalog/{id}")}

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])
