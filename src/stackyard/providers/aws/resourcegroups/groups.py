"""Resource groups. The id is the name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Table, given
from stackyard.providers.aws.tagging import Tagging, mapping


class Group(Table):
    """`aws:resourcegroups/group:Group`."""

    service = "resource-groups"
    naming = Naming(limit=300)
    names = given(configurations="Configuration", arn="GroupArn")
    id = "Name"
    replaces = ("name",)
    documents = ("resourceQuery.query",)
    computed = ("resourceQuery.type",)
    unsupported = ("configurations",)
    tagging = Tagging("resource-groups", by="arn", add="tag", remove="untag", read="", member="Arn")
    making = Call("create_group", at="Group")
    reading = Call("get_group", given(GroupName="$id"), at="Group")
    removing = Call("delete_group", given(GroupName="$id"))

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("resource-groups", f"group/{inputs['name']}")}

    def sent(self, inputs: Properties) -> Properties:
        """A query is of tags unless it says otherwise."""
        query = {"type": "TAG_FILTERS_1_0", **inputs["resourceQuery"]} if inputs.get("resourceQuery") else None
        return {**inputs, "resourceQuery": query}

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        query = aws.client("resource-groups").get_group_query(GroupName=found["Name"])["GroupQuery"]["ResourceQuery"]
        tags = aws.client("resource-groups").get_tags(Arn=found["GroupArn"]).get("Tags")
        return {**outputs, "resourceQuery": {"query": query["Query"], "type": query["Type"]}, "tags": mapping(tags)}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        client, new = aws.client("resource-groups"), change.new
        if change.any("description"):
            client.update_group(GroupName=id, Description=new.get("description", ""))
        if change.any("resourceQuery"):
            query = self.sent(new)["resourceQuery"]
            client.update_group_query(GroupName=id, ResourceQuery={"Type": query["type"], "Query": query["query"]})

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])
