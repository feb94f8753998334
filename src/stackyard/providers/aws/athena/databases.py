"""Athena's databases, which are databases of Glue's data catalog. The id is the name.

Terraform makes them by a query, `CREATE DATABASE`; here Glue is called, which makes the same and needs no bucket for
answers. So the program's settings for its queries' answers are kept in state only, as Terraform keeps them.
"""

from __future__ import annotations

from stackyard.errors import ProviderError
from stackyard.model.registrations import CheckFailure
from stackyard.model.values import UNKNOWN, Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming

_KEPT = ("aclConfiguration", "bucket", "encryptionConfiguration", "expectedBucketOwner", "workgroup")


class Database(Kind):
    """`aws:athena/database:Database`."""

    naming = Naming(limit=255, lower=True, joint="_")
    defaults = fixed(forceDestroy=False)
    replaces = ("name", "comment", "properties", *_KEPT)

    def check(self, inputs: Properties) -> list[CheckFailure]:
        name = inputs.get("name")
        if name in (None, UNKNOWN) or str(name).replace("_", "a").isalnum():
            return []
        return [CheckFailure("name", "may have letters, digits and underscores only")]

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        about = {"Name": inputs["name"], "Description": inputs.get("comment"), "Parameters": inputs.get("properties")}
        aws.glue.create_database(DatabaseInput={key: value for key, value in about.items() if value})
        return str(inputs["name"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = aws.glue.get_database(Name=id)["Database"]
        return {
            "name": found["Name"],
            "comment": found.get("Description", ""),
            "properties": found.get("Parameters") or {},
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        """Only `forceDestroy` can change, which the cloud is not told."""

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        if not known.get("forceDestroy") and aws.glue.get_tables(DatabaseName=id)["TableList"]:
            raise ProviderError(f"the database {id} has tables", hint="set forceDestroy to delete them with it")
        aws.glue.delete_database(Name=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])
