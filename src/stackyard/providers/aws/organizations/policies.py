"""Policies of the organization (service control policies and others), and what they are attached to."""

from __future__ import annotations

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tagging import Tagging, pairs


class Policy(Kind):
    """`aws:organizations/policy:Policy`."""

    naming = Naming(limit=128)
    defaults = fixed(type="SERVICE_CONTROL_POLICY")
    replaces = ("type",)
    documents = ("content",)
    tagging = Tagging("organizations", by="id")

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        made = aws.organizations.create_policy(
            Name=inputs["name"],
            Type=inputs["type"],
            Content=inputs["content"],
            Description=inputs.get("description", ""),
            Tags=pairs(inputs.get("tagsAll")),
        )
        return str(made["Policy"]["PolicySummary"]["Id"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = aws.organizations.describe_policy(PolicyId=id)["Policy"]
        summary = found["PolicySummary"]
        return {
            "arn": summary["Arn"],
            "content": found["Content"],
            "description": summary.get("Description", ""),
            "name": summary["Name"],
            "type": summary["Type"],
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        new = change.new
        aws.organizations.update_policy(
            PolicyId=id, Name=new["name"], Description=new.get("description", ""), Content=new["content"]
        )

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        if known.get("skipDestroy") is not True:
            aws.organizations.delete_policy(PolicyId=id)

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        found = aws.pages("organizations", "list_policies", "Policies", Filter=inputs["type"])
        return next((str(policy["Id"]) for policy in found if policy["Name"] == inputs["name"]), None)


class PolicyAttachment(Kind):
    """`aws:organizations/policyAttachment:PolicyAttachment`. The id is `<target>:<policy>`."""

    naming = None
    replaces = ("policyId", "targetId")
    gone = ("PolicyNotAttachedException",)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        aws.organizations.attach_policy(PolicyId=inputs["policyId"], TargetId=inputs["targetId"])
        return str(self.identify(aws, inputs))

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        target, _, policy = id.partition(":")
        found = aws.pages("organizations", "list_targets_for_policy", "Targets", PolicyId=policy)
        if not any(entry["TargetId"] == target for entry in found):
            return None
        return {"policyId": policy, "targetId": target}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        """Only `skipDestroy` can change, and it says what a deletion does."""

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        if known.get("skipDestroy") is not True:
            aws.organizations.detach_policy(PolicyId=known["policyId"], TargetId=known["targetId"])

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return f"{inputs['targetId']}:{inputs['policyId']}"
