"""Managed policies. The id is the ARN; a change makes a new default version, and the oldest makes room (5 at most)."""

from __future__ import annotations

import time

from stackyard.model.values import Properties
from stackyard.providers.aws import documents
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tagging import Tagging, mapping, pairs

VERSIONS = 5


class Policy(Kind):
    """`aws:iam/policy:Policy`."""

    naming = Naming(limit=128)
    defaults = fixed(path="/")
    replaces = ("name", "namePrefix", "path", "description")
    documents = ("policy",)
    tagging = Tagging("iam", by="id", add="tag_policy", remove="untag_policy", read="")

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": self.identify(aws, inputs)}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        made = aws.iam.create_policy(
            PolicyName=inputs["name"],
            Path=inputs["path"],
            PolicyDocument=inputs["policy"],
            Description=inputs.get("description", ""),
            Tags=pairs(inputs.get("tagsAll")),
        )
        return str(made["Policy"]["Arn"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        time.sleep(inputs.get("delayAfterPolicyCreationInMs", 0) / 1000)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        policy = aws.iam.get_policy(PolicyArn=id)["Policy"]
        version = aws.iam.get_policy_version(PolicyArn=id, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
        return {
            "arn": policy["Arn"],
            "attachmentCount": policy.get("AttachmentCount", 0),
            "description": policy.get("Description", ""),
            "name": policy["PolicyName"],
            "path": policy["Path"],
            "policy": documents.text(version["Document"]),
            "policyId": policy["PolicyId"],
            "tags": mapping(policy.get("Tags")),
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        if not change.any("policy"):
            return
        versions = list(aws.pages("iam", "list_policy_versions", "Versions", PolicyArn=id))
        if len(versions) >= VERSIONS:
            oldest = min((v for v in versions if not v["IsDefaultVersion"]), key=lambda v: v["CreateDate"])
            aws.iam.delete_policy_version(PolicyArn=id, VersionId=oldest["VersionId"])
        aws.iam.create_policy_version(PolicyArn=id, PolicyDocument=change.new["policy"], SetAsDefault=True)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        for version in list(aws.pages("iam", "list_policy_versions", "Versions", PolicyArn=id)):
            if not version["IsDefaultVersion"]:
                aws.iam.delete_policy_version(PolicyArn=id, VersionId=version["VersionId"])
        aws.iam.delete_policy(PolicyArn=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return aws.arn("iam", f"policy{inputs['path']}{inputs['name']}", regional=False)
