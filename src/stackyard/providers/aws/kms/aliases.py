"""KMS aliases. The id is the name, which begins with `alias/`."""

from __future__ import annotations

from collections.abc import Iterable

from stackyard.model.registrations import CheckFailure
from stackyard.model.values import Properties, Value
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming


def find(aws: Aws, name: str) -> Properties | None:
    """The entry of an alias that points to a key."""
    found = aws.pages("kms", "list_aliases", "Aliases")
    return next((alias for alias in found if alias["AliasName"] == name and alias.get("TargetKeyId")), None)


def key_arn(alias: Properties) -> str:
    """The ARN of the key that an alias points to."""
    return f"{alias['AliasArn'].rpartition(':alias/')[0]}:key/{alias['TargetKeyId']}"


class Alias(Kind):
    """`aws:kms/alias:Alias`."""

    naming = Naming(limit=256, start="alias/")
    replaces = ("name", "namePrefix")
    affects = fixed(targetKeyId=("targetKeyArn",))

    def check(self, inputs: Properties) -> Iterable[CheckFailure]:
        name = inputs.get("name")
        if isinstance(name, str) and not name.startswith("alias/"):
            yield CheckFailure("name", "must begin with alias/")

    def same(self, key: str, left: Value, right: Value) -> bool:
        """A key is given by its id or its ARN."""
        return key == "targetKeyId" and str(left).rpartition("/")[2] == str(right).rpartition("/")[2]

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("kms", inputs["name"])}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        aws.kms.create_alias(AliasName=inputs["name"], TargetKeyId=inputs["targetKeyId"])
        return str(inputs["name"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        alias = find(aws, id)
        if alias is None:
            return None
        key = alias["TargetKeyId"]
        return {"name": id, "arn": alias["AliasArn"], "targetKeyId": key, "targetKeyArn": key_arn(alias)}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        aws.kms.update_alias(AliasName=id, TargetKeyId=change.new["targetKeyId"])

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.kms.delete_alias(AliasName=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])
