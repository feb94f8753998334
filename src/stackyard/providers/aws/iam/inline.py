"""Policies inside a role, user or group. The id is `<owner>:<policy name>`."""

from __future__ import annotations

from typing import Any

from stackyard.model.values import Properties
from stackyard.providers.aws import documents
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind
from stackyard.providers.aws.naming import Naming


class _Inline(Kind):
    """`owner` is the property and the word in the calls: role, user or group."""

    owner = ""
    naming = Naming(limit=128)
    overwrites = True
    documents = ("policy",)

    def _call(self, aws: Aws, verb: str, owner: str, name: str, **arguments: Any) -> Any:
        call = getattr(aws.iam, f"{verb}_{self.owner}_policy")
        return call(**{f"{self.owner.capitalize()}Name": owner}, PolicyName=name, **arguments)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        owner, name = inputs[self.owner], inputs["name"]
        self._call(aws, "put", owner, name, PolicyDocument=inputs["policy"])
        return f"{owner}:{name}"

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        owner, _, name = id.partition(":")
        found = self._call(aws, "get", owner, name)
        return {self.owner: owner, "name": name, "policy": documents.text(found["PolicyDocument"])}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        owner, _, name = id.partition(":")
        self._call(aws, "put", owner, name, PolicyDocument=change.new["policy"])

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        owner, _, name = id.partition(":")
        self._call(aws, "delete", owner, name)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return f"{inputs[self.owner]}:{inputs['name']}"


class RolePolicy(_Inline):
    """`aws:iam/rolePolicy:RolePolicy`."""

    owner = "role"
    replaces = ("name", "namePrefix", "role")


class UserPolicy(_Inline):
    """`aws:iam/userPolicy:UserPolicy`."""

    owner = "user"
    replaces = ("name", "namePrefix", "user")


class GroupPolicy(_Inline):
    """`aws:iam/groupPolicy:GroupPolicy`."""

    owner = "group"
    replaces = ("name", "namePrefix", "group")
