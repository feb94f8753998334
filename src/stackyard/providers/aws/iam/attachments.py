"""Managed policies attached to roles, users and groups. The id of one is `<owner>/<policy ARN>`."""

from __future__ import annotations

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind
from stackyard.providers.aws.naming import Naming


def attached(aws: Aws, owner: str, name: str) -> list[str]:
    """The ARNs of the policies attached to a role, user or group."""
    arguments = {f"{owner.capitalize()}Name": name}
    found = aws.pages("iam", f"list_attached_{owner}_policies", "AttachedPolicies", **arguments)
    return [policy["PolicyArn"] for policy in found]


def attach(aws: Aws, owner: str, name: str, arn: str) -> None:
    """Attach one policy; attaching it again is no error."""
    getattr(aws.iam, f"attach_{owner}_policy")(**{f"{owner.capitalize()}Name": name}, PolicyArn=arn)


def detach(aws: Aws, owner: str, name: str, arn: str) -> None:
    """Detach one policy."""
    getattr(aws.iam, f"detach_{owner}_policy")(**{f"{owner.capitalize()}Name": name}, PolicyArn=arn)


class _Attachment(Kind):
    """`owner` is the property and the word in the calls: role, user or group."""

    owner = ""
    naming = None

    def _ends(self, id: str, known: Properties) -> tuple[str, str]:
        """Owner and ARN. The ids that Terraform made before its version 6 tell neither: the record does."""
        if known.get(self.owner) and known.get("policyArn"):
            return known[self.owner], known["policyArn"]
        owner, _, arn = id.partition("/")
        return owner, arn

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        attach(aws, self.owner, inputs[self.owner], inputs["policyArn"])
        return f"{inputs[self.owner]}/{inputs['policyArn']}"

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        owner, arn = self._ends(id, known)
        return {self.owner: owner, "policyArn": arn} if arn in attached(aws, self.owner, owner) else None

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        owner, arn = self._ends(id, known)
        detach(aws, self.owner, owner, arn)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return f"{inputs[self.owner]}/{inputs['policyArn']}"


class RolePolicyAttachment(_Attachment):
    """`aws:iam/rolePolicyAttachment:RolePolicyAttachment`."""

    owner = "role"
    replaces = ("role", "policyArn")


class UserPolicyAttachment(_Attachment):
    """`aws:iam/userPolicyAttachment:UserPolicyAttachment`."""

    owner = "user"
    replaces = ("user", "policyArn")


class GroupPolicyAttachment(_Attachment):
    """`aws:iam/groupPolicyAttachment:GroupPolicyAttachment`."""

    owner = "group"
    replaces = ("group", "policyArn")


class PolicyAttachment(Kind):
    """`aws:iam/policyAttachment:PolicyAttachment`: all owners of one policy, exclusively. The id is its name."""

    naming = Naming(limit=128)
    replaces = ("name", "policyArn")
    sets = ("groups", "roles", "users")
    delete_first = True

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        self._bring(aws, inputs["policyArn"], {}, inputs)
        return str(inputs["name"])

    def _bring(self, aws: Aws, arn: str, old: Properties, new: Properties) -> None:
        for kind in ("groups", "roles", "users"):
            was, now = set(old.get(kind) or ()), set(new.get(kind) or ())
            for name in sorted(now - was):
                attach(aws, kind.removesuffix("s"), name, arn)
            for name in sorted(was - now):
                detach(aws, kind.removesuffix("s"), name, arn)

    def _owners(self, aws: Aws, arn: str) -> Properties:
        answers = list(aws.iam.get_paginator("list_entities_for_policy").paginate(PolicyArn=arn))
        names = {"groups": ("PolicyGroups", "GroupName"), "roles": ("PolicyRoles", "RoleName")}
        names["users"] = ("PolicyUsers", "UserName")
        return {
            kind: sorted(entry[name] for answer in answers for entry in answer.get(key, ()))
            for kind, (key, name) in names.items()
        }

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        arn = known.get("policyArn")
        owners = self._owners(aws, arn) if arn else {}
        if not any(owners.values()):
            return None
        return {"name": id, "policyArn": arn, **owners}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self._bring(aws, change.new["policyArn"], change.old, change.new)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        self._bring(aws, known["policyArn"], self._owners(aws, known["policyArn"]), {})

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])
