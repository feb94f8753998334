"""IAM roles. The id is the name."""

from __future__ import annotations

from stackyard.model.values import Properties, Value
from stackyard.providers.aws import documents
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tagging import Tagging, mapping, pairs

LATE_PRINCIPAL = "Invalid principal in policy"


class Role(Kind):
    """`aws:iam/role:Role`."""

    naming = Naming(limit=64)
    defaults = fixed(forceDetachPolicies=False, maxSessionDuration=3600, path="/")
    replaces = ("name", "namePrefix", "path")
    documents = ("assumeRolePolicy",)
    sets = ("managedPolicyArns", "inlinePolicies")
    computed = ("managedPolicyArns", "inlinePolicies")
    tagging = Tagging("iam", by="id", add="tag_role", remove="untag_role", read="")

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("iam", f"role{inputs['path']}{inputs['name']}", regional=False)}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        optional = {"Description": inputs.get("description"), "PermissionsBoundary": inputs.get("permissionsBoundary")}
        arguments = {
            "RoleName": inputs["name"],
            "Path": inputs["path"],
            "AssumeRolePolicyDocument": inputs["assumeRolePolicy"],
            "MaxSessionDuration": inputs["maxSessionDuration"],
            "Tags": pairs(inputs.get("tagsAll")),
            **{name: value for name, value in optional.items() if value},
        }
        return str(aws.persist(lambda: aws.iam.create_role(**arguments), LATE_PRINCIPAL)["Role"]["RoleName"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        self._attach(aws, id, [], inputs.get("managedPolicyArns") or [])
        self._embed(aws, id, [], inputs.get("inlinePolicies") or [])

    def _attach(self, aws: Aws, id: str, old: list[str], new: list[str]) -> None:
        for arn in sorted({*new} - {*old}):
            aws.iam.attach_role_policy(RoleName=id, PolicyArn=arn)
        for arn in sorted({*old} - {*new}):
            aws.iam.detach_role_policy(RoleName=id, PolicyArn=arn)

    def _embed(self, aws: Aws, id: str, old: list[Properties], new: list[Properties]) -> None:
        wanted = {p["name"]: documents.text(p["policy"]) for p in new if p.get("name")}
        for name, policy in wanted.items():
            aws.iam.put_role_policy(RoleName=id, PolicyName=name, PolicyDocument=policy)
        for name in sorted({p["name"] for p in old if p.get("name")} - wanted.keys()):
            aws.iam.delete_role_policy(RoleName=id, PolicyName=name)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        role = aws.iam.get_role(RoleName=id)["Role"]
        outputs: Properties = {
            "arn": role["Arn"],
            "assumeRolePolicy": documents.text(role["AssumeRolePolicyDocument"]),
            "createDate": role["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "description": role.get("Description", ""),
            "maxSessionDuration": role.get("MaxSessionDuration", 3600),
            "name": role["RoleName"],
            "path": role["Path"],
            "permissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
            "tags": mapping(role.get("Tags")),
            "uniqueId": role["RoleId"],
        }
        if known.get("managedPolicyArns"):
            outputs["managedPolicyArns"] = _attached(aws, id)
        if known.get("inlinePolicies"):
            outputs["inlinePolicies"] = [
                {"name": name, "policy": documents.text(_inline(aws, id, name))} for name in _inline_names(aws, id)
            ]
        return outputs

    def same(self, key: str, left: Value, right: Value) -> bool:
        if key != "inlinePolicies" or not isinstance(left, list) or not isinstance(right, list):
            return False
        mine, theirs = ({p["name"]: p["policy"] for p in side if p.get("name")} for side in (left, right))
        return mine.keys() == theirs.keys() and all(documents.same(mine[n], theirs[n]) for n in mine)

    def update(self, aws: Aws, id: str, change: Change) -> None:
        new, old = change.new, change.old
        if change.any("assumeRolePolicy"):
            policy = new["assumeRolePolicy"]
            aws.persist(lambda: aws.iam.update_assume_role_policy(RoleName=id, PolicyDocument=policy), LATE_PRINCIPAL)
        if change.any("description", "maxSessionDuration"):
            aws.iam.update_role(
                RoleName=id, Description=new.get("description", ""), MaxSessionDuration=new["maxSessionDuration"]
            )
        if change.any("permissionsBoundary"):
            if new.get("permissionsBoundary"):
                aws.iam.put_role_permissions_boundary(RoleName=id, PermissionsBoundary=new["permissionsBoundary"])
            else:
                aws.iam.delete_role_permissions_boundary(RoleName=id)
        if change.any("managedPolicyArns"):
            self._attach(aws, id, old.get("managedPolicyArns") or [], new.get("managedPolicyArns") or [])
        if change.any("inlinePolicies"):
            self._embed(aws, id, old.get("inlinePolicies") or [], new.get("inlinePolicies") or [])

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        for profile in aws.pages("iam", "list_instance_profiles_for_role", "InstanceProfiles", RoleName=id):
            aws.iam.remove_role_from_instance_profile(InstanceProfileName=profile["InstanceProfileName"], RoleName=id)
        everything = known.get("forceDetachPolicies") is True
        if everything or known.get("managedPolicyArns"):
            self._attach(aws, id, _attached(aws, id), [])
        if everything or known.get("inlinePolicies"):
            self._embed(aws, id, [{"name": name} for name in _inline_names(aws, id)], [])
        aws.iam.delete_role(RoleName=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])


def _attached(aws: Aws, role: str) -> list[str]:
    found = aws.pages("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=role)
    return sorted(policy["PolicyArn"] for policy in found)


def _inline_names(aws: Aws, role: str) -> list[str]:
    return sorted(aws.pages("iam", "list_role_policies", "PolicyNames", RoleName=role))


def _inline(aws: Aws, role: str, name: str) -> object:
    return aws.iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
