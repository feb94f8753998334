"""Organizational units."""

from __future__ import annotations

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tagging import Tagging, pairs


class OrganizationalUnit(Kind):
    """`aws:organizations/organizationalUnit:OrganizationalUnit`."""

    naming = Naming(limit=128)
    replaces = ("parentId",)
    tagging = Tagging("organizations", by="id")

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        tags = pairs(inputs.get("tagsAll"))
        made = aws.organizations.create_organizational_unit(ParentId=inputs["parentId"], Name=inputs["name"], Tags=tags)
        return str(made["OrganizationalUnit"]["Id"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = aws.organizations.describe_organizational_unit(OrganizationalUnitId=id)["OrganizationalUnit"]
        parents = aws.organizations.list_parents(ChildId=id)["Parents"]
        accounts = aws.pages("organizations", "list_accounts_for_parent", "Accounts", ParentId=id)
        names = {"arn": "Arn", "email": "Email", "id": "Id", "name": "Name"}
        return {
            "arn": found["Arn"],
            "name": found["Name"],
            "parentId": parents[0]["Id"],
            "accounts": [{name: entry.get(member, "") for name, member in names.items()} for entry in accounts],
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        aws.organizations.update_organizational_unit(OrganizationalUnitId=id, Name=change.new["name"])

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.organizations.delete_organizational_unit(OrganizationalUnitId=id)

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        where = {"ParentId": inputs["parentId"]}
        found = aws.pages("organizations", "list_organizational_units_for_parent", "OrganizationalUnits", **where)
        return next((str(unit["Id"]) for unit in found if unit["Name"] == inputs["name"]), None)
