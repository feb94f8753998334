"""KMS keys. The id is the key id; a key that waits for its deletion counts as gone."""

from __future__ import annotations

from stackyard.model.values import Properties
from stackyard.providers.aws import documents
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, FoundBy, Kind, fixed
from stackyard.providers.aws.tagging import TOKEN_TAG, Tagging, pairs

_CREATION = {
    "customKeyStoreId": "CustomKeyStoreId",
    "customerMasterKeySpec": "KeySpec",
    "description": "Description",
    "keyUsage": "KeyUsage",
    "multiRegion": "MultiRegion",
    "policy": "Policy",
    "xksKeyId": "XksKeyId",
}


class Key(Kind):
    """`aws:kms/key:Key`."""

    naming = None
    defaults = fixed(
        bypassPolicyLockoutSafetyCheck=False,
        customerMasterKeySpec="SYMMETRIC_DEFAULT",
        enableKeyRotation=False,
        isEnabled=True,
        keyUsage="ENCRYPT_DECRYPT",
    )
    replaces = ("customKeyStoreId", "customerMasterKeySpec", "keyUsage", "multiRegion", "xksKeyId")
    documents = ("policy",)
    computed = ("description", "multiRegion", "policy", "rotationPeriodInDays")
    found_by = FoundBy.TAG
    tagging = Tagging("kms", by="id", read="list_resource_tags")

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        given = {member: inputs[name] for name, member in _CREATION.items() if inputs.get(name)}
        made = aws.kms.create_key(
            Tags=pairs(inputs.get("tagsAll"), "TagKey", "TagValue"),
            BypassPolicyLockoutSafetyCheck=inputs["bypassPolicyLockoutSafetyCheck"],
            **given,
        )
        return str(made["KeyMetadata"]["KeyId"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        if inputs["enableKeyRotation"]:
            self._rotate(aws, id, inputs)
        if not inputs["isEnabled"]:
            aws.kms.disable_key(KeyId=id)

    def _rotate(self, aws: Aws, id: str, inputs: Properties) -> None:
        if inputs["enableKeyRotation"]:
            days = inputs.get("rotationPeriodInDays")
            aws.kms.enable_key_rotation(KeyId=id, **({"RotationPeriodInDays": days} if days else {}))
        else:
            aws.kms.disable_key_rotation(KeyId=id)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        key = aws.kms.describe_key(KeyId=id)["KeyMetadata"]
        if key["KeyState"] in ("PendingDeletion", "PendingReplicaDeletion"):
            return None
        outputs: Properties = {
            "arn": key["Arn"],
            "keyId": key["KeyId"],
            "customerMasterKeySpec": key.get("KeySpec") or key.get("CustomerMasterKeySpec"),
            "description": key.get("Description", ""),
            "isEnabled": key["Enabled"],
            "keyUsage": key["KeyUsage"],
            "multiRegion": key.get("MultiRegion", False),
            "policy": aws.kms.get_key_policy(KeyId=key["KeyId"], PolicyName="default")["Policy"],
            "enableKeyRotation": False,
        }
        if outputs["customerMasterKeySpec"] == "SYMMETRIC_DEFAULT" and key.get("Origin", "AWS_KMS") == "AWS_KMS":
            rotation = aws.kms.get_key_rotation_status(KeyId=key["KeyId"])
            outputs["enableKeyRotation"] = rotation["KeyRotationEnabled"]
            if rotation.get("RotationPeriodInDays"):
                outputs["rotationPeriodInDays"] = rotation["RotationPeriodInDays"]
        return outputs

    def update(self, aws: Aws, id: str, change: Change) -> None:
        new = change.new
        if change.any("isEnabled") and new["isEnabled"]:
            aws.kms.enable_key(KeyId=id)
        if change.any("enableKeyRotation", "rotationPeriodInDays"):
            self._rotate(aws, id, new)
        if change.any("description"):
            aws.kms.update_key_description(KeyId=id, Description=new.get("description", ""))
        if change.any("policy") and new.get("policy"):
            unchecked = new["bypassPolicyLockoutSafetyCheck"]
            aws.kms.put_key_policy(
                KeyId=id, PolicyName="default", Policy=new["policy"], BypassPolicyLockoutSafetyCheck=unchecked
            )
        if change.any("isEnabled") and not new["isEnabled"]:
            aws.kms.disable_key(KeyId=id)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        if self.read(aws, id, known):
            aws.kms.schedule_key_deletion(KeyId=id, PendingWindowInDays=known.get("deletionWindowInDays") or 30)

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        mark = {"TagKey": TOKEN_TAG, "TagValue": token}
        for key in aws.pages("kms", "list_keys", "Keys"):
            try:
                if mark in aws.kms.list_resource_tags(KeyId=key["KeyId"]).get("Tags", ()):
                    return str(key["KeyId"])
            except (aws.kms.exceptions.NotFoundException, aws.kms.exceptions.KMSInvalidStateException):
                continue
        return None


class KeyPolicy(Kind):
    """`aws:kms/keyPolicy:KeyPolicy`. The id is the key's; deleting it brings back the default policy."""

    naming = None
    overwrites = True
    defaults = fixed(bypassPolicyLockoutSafetyCheck=False)
    replaces = ("keyId",)
    documents = ("policy",)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        self._put(aws, inputs["keyId"], inputs["policy"], inputs["bypassPolicyLockoutSafetyCheck"])
        return str(inputs["keyId"])

    def _put(self, aws: Aws, key: str, policy: str, unchecked: bool) -> None:
        aws.kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy, BypassPolicyLockoutSafetyCheck=unchecked)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        return {"keyId": id, "policy": aws.kms.get_key_policy(KeyId=id, PolicyName="default")["Policy"]}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self._put(aws, id, change.new["policy"], change.new["bypassPolicyLockoutSafetyCheck"])

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        root = aws.arn("iam", "root", regional=False)
        statement = {
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": {"AWS": root},
            "Action": "kms:*",
            "Resource": "*",
        }
        policy = {"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]}
        self._put(aws, id, str(documents.text(policy)), unchecked=True)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["keyId"])
