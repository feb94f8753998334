"""Service-linked roles. The id is the ARN; AWS names the role, and deletes it in its own time."""

from __future__ import annotations

from stackyard.errors import ProviderError
from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind
from stackyard.providers.aws.tagging import Tagging, mapping


class ServiceLinkedRole(Kind):
    """`aws:iam/serviceLinkedRole:ServiceLinkedRole`."""

    naming = None
    replaces = ("awsServiceName", "customSuffix")
    tagging = Tagging("iam", by="name", add="tag_role", remove="untag_role", read="", created=False)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        names = {"customSuffix": "CustomSuffix", "description": "Description"}
        given = {member: inputs[name] for name, member in names.items() if inputs.get(name)}
        made = aws.iam.create_service_linked_role(AWSServiceName=inputs["awsServiceName"], **given)
        return str(made["Role"]["Arn"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        service, _, name = id.partition(":role/aws-service-role/")[2].partition("/")
        role = aws.iam.get_role(RoleName=name)["Role"]
        suffix = name.partition("_")[2]
        return {
            "arn": role["Arn"],
            "awsServiceName": service,
            "createDate": role["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            **({"customSuffix": suffix} if suffix else {}),
            "description": role.get("Description", ""),
            "name": role["RoleName"],
            "path": role["Path"],
            "tags": mapping(role.get("Tags")),
            "uniqueId": role["RoleId"],
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        aws.iam.update_role(RoleName=id.rpartition("/")[2], Description=change.new.get("description", ""))

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        task = aws.iam.delete_service_linked_role(RoleName=id.rpartition("/")[2])["DeletionTaskId"]

        def look() -> bool:
            found = aws.iam.get_service_linked_role_deletion_status(DeletionTaskId=task)
            if found["Status"] == "FAILED":
                raise ProviderError(f"{self.token}: DeleteServiceLinkedRole: {found.get('Reason', {}).get('Reason')}")
            return bool(found["Status"] == "SUCCEEDED")

        aws.wait(f"deletion of {id}", look)

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        prefix = f"/aws-service-role/{inputs['awsServiceName']}/"
        suffix = f"_{inputs['customSuffix']}" if inputs.get("customSuffix") else ""
        roles = aws.pages("iam", "list_roles", "Roles", PathPrefix=prefix)
        return next((str(role["Arn"]) for role in roles if role["RoleName"].endswith(suffix)), None)
