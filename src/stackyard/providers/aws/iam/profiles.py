"""Instance profiles. The id is the name; one role at most."""

from __future__ import annotations

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tagging import Tagging, mapping, pairs


class InstanceProfile(Kind):
    """`aws:iam/instanceProfile:InstanceProfile`."""

    naming = Naming(limit=128)
    defaults = fixed(path="/")
    replaces = ("name", "namePrefix", "path")
    tagging = Tagging("iam", by="id", add="tag_instance_profile", remove="untag_instance_profile", read="")

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("iam", f"instance-profile{inputs['path']}{inputs['name']}", regional=False)}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        tags = pairs(inputs.get("tagsAll"))
        aws.iam.create_instance_profile(InstanceProfileName=inputs["name"], Path=inputs["path"], Tags=tags)
        return str(inputs["name"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        if inputs.get("role"):
            aws.iam.add_role_to_instance_profile(InstanceProfileName=id, RoleName=inputs["role"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = aws.iam.get_instance_profile(InstanceProfileName=id)["InstanceProfile"]
        return {
            "arn": found["Arn"],
            "createDate": found["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "name": found["InstanceProfileName"],
            "path": found["Path"],
            "role": next((role["RoleName"] for role in found.get("Roles", ())), ""),
            "tags": mapping(found.get("Tags")),
            "uniqueId": found["InstanceProfileId"],
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        if change.any("role"):
            if change.old.get("role"):
                aws.iam.remove_role_from_instance_profile(InstanceProfileName=id, RoleName=change.old["role"])
            self.complete(aws, id, change.new)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        for role in aws.iam.get_instance_profile(InstanceProfileName=id)["InstanceProfile"]["Roles"]:
            aws.iam.remove_role_from_instance_profile(InstanceProfileName=id, RoleName=role["RoleName"])
        aws.iam.delete_instance_profile(InstanceProfileName=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])
