"""Secrets, without their values, and their policies. A secret's id is its ARN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard.errors import ProviderError
from stackyard.model.values import Properties
from stackyard.providers.aws import schemas
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tagging import Tagging, mapping, pairs


def describe(aws: Aws, id: str) -> Mapping[str, Any] | None:
    """A secret by name or ARN; None when it is not there, or only until its recovery window ends."""
    try:
        found: Mapping[str, Any] = aws.secretsmanager.describe_secret(SecretId=id)
    except aws.secretsmanager.exceptions.ResourceNotFoundException:
        return None
    return None if found.get("DeletedDate") else found


def policy_of(aws: Aws, id: str) -> str:
    """The text of a secret's policy; empty when it has none."""
    return str(aws.secretsmanager.get_resource_policy(SecretId=id).get("ResourcePolicy") or "")


class Secret(Kind):
    """`aws:secretsmanager/secret:Secret`. Deleting one hides it for its recovery window; 0 days deletes at once."""

    naming = Naming(limit=512)
    defaults = fixed(forceOverwriteReplicaSecret=False, recoveryWindowInDays=30)
    replaces = ("name", "namePrefix")
    documents = ("policy",)
    sets = ("replicas",)
    computed = ("policy", "replicas", "replicas[*].kmsKeyId", "replicas[*].lastAccessedDate", "replicas[*].status",
                "replicas[*].statusMessage")  # fmt: skip
    unsupported = ("type",)
    tagging = Tagging("secretsmanager", by="id", read="")

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        more: dict[str, Any] = {"KmsKeyId": inputs["kmsKeyId"]} if inputs.get("kmsKeyId") else {}
        if inputs.get("replicas"):
            more["AddReplicaRegions"] = [_replica(replica) for replica in inputs["replicas"]]
            more["ForceOverwriteReplicaSecret"] = inputs["forceOverwriteReplicaSecret"]
        if token:
            more["ClientRequestToken"] = token[:32]
        tags, description = pairs(inputs.get("tagsAll")), inputs.get("description") or ""
        # A secret of this name that was deleted without recovery a moment ago is in the way for a while.
        made = aws.persist(
            lambda: aws.secretsmanager.create_secret(Name=inputs["name"], Description=description, Tags=tags, **more),
            "scheduled for deletion",
            timeout=20,
        )
        return str(made["ARN"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        if inputs.get("policy"):
            self._permit(aws, id, inputs["policy"])

    def _permit(self, aws: Aws, id: str, policy: str) -> None:
        aws.persist(
            lambda: aws.secretsmanager.put_resource_policy(SecretId=id, ResourcePolicy=policy),
            "This resource policy contains an unsupported principal",
        )

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = describe(aws, id)
        if found is None:
            return None
        return {
            "id": found["ARN"],
            "arn": found["ARN"],
            "name": found["Name"],
            "description": found.get("Description", ""),
            "kmsKeyId": found.get("KmsKeyId", ""),
            "policy": policy_of(aws, id),
            "replicas": [_shown(replica) for replica in found.get("ReplicationStatus") or ()],
            "tags": mapping(found.get("Tags")),
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        new, client = change.new, aws.secretsmanager
        if change.any("description", "kmsKeyId"):
            key = {"KmsKeyId": new["kmsKeyId"]} if new.get("kmsKeyId") else {}
            client.update_secret(SecretId=id, Description=new.get("description") or "", **key)
        if change.any("policy"):
            if new.get("policy"):
                self._permit(aws, id, new["policy"])
            else:
                client.delete_resource_policy(SecretId=id)
        if change.any("replicas"):
            old, wanted = ({r["region"]: r for r in g.get("replicas") or ()} for g in (change.old, change.new))
            if old.keys() - wanted.keys():
                client.remove_regions_from_replication(
                    SecretId=id, RemoveReplicaRegions=sorted(old.keys() - wanted.keys())
                )
            added = [_replica(wanted[region]) for region in sorted(wanted.keys() - old.keys())]
            if added:
                force = new["forceOverwriteReplicaSecret"]
                client.replicate_secret_to_regions(
                    SecretId=id, AddReplicaRegions=added, ForceOverwriteReplicaSecret=force
                )

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        regions = [replica["region"] for replica in known.get("replicas") or ()]
        if regions:
            aws.secretsmanager.remove_regions_from_replication(SecretId=id, RemoveReplicaRegions=regions)
        days = known.get("recoveryWindowInDays", 30)
        how = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
        if describe(aws, id) is not None:
            aws.secretsmanager.delete_secret(SecretId=id, **how)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        found = describe(aws, inputs["name"])
        return str(found["ARN"]) if found else None


def _replica(replica: Properties) -> dict[str, str]:
    key = {"KmsKeyId": replica["kmsKeyId"]} if replica.get("kmsKeyId") else {}
    return {"Region": replica["region"], **key}


def _shown(replica: Mapping[str, Any]) -> Properties:
    members = {"kmsKeyId": "KmsKeyId", "region": "Region", "status": "Status", "statusMessage": "StatusMessage"}
    found: Properties = {name: replica.get(member) or "" for name, member in members.items()}
    accessed = replica.get("LastAccessedDate")
    return {**found, "lastAccessedDate": schemas.coerce(accessed, "string") if accessed else ""}


class SecretPolicy(Kind):
    """`aws:secretsmanager/secretPolicy:SecretPolicy`; its id is the secret's ARN."""

    naming = None
    replaces = ("secretArn",)
    documents = ("policy",)
    write_only = ("blockPublicPolicy",)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        self._set(aws, inputs)
        return str(inputs["secretArn"])

    def _set(self, aws: Aws, inputs: Properties) -> None:
        more = {"BlockPublicPolicy": True} if inputs.get("blockPublicPolicy") else {}
        aws.persist(
            lambda: aws.secretsmanager.put_resource_policy(
                SecretId=inputs["secretArn"], ResourcePolicy=inputs["policy"], **more
            ),
            "This resource policy contains an unsupported principal",
        )

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        policy = policy_of(aws, id) if describe(aws, id) else ""
        return {"secretArn": id, "policy": policy} if policy else None

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self._set(aws, change.new)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.secretsmanager.delete_resource_policy(SecretId=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["secretArn"])


def get_secret(aws: Aws, arguments: Properties) -> Properties:
    """`aws:secretsmanager/getSecret:getSecret`: by name or ARN; not its value."""
    wanted = arguments.get("arn") or arguments.get("name") or ""
    found = describe(aws, wanted)
    if found is None:
        raise ProviderError(f"aws:secretsmanager/getSecret:getSecret: there is no secret {wanted!r}")
    changed, made = found.get("LastChangedDate"), found.get("CreatedDate")
    return {
        "id": found["ARN"],
        "arn": found["ARN"],
        "name": found["Name"],
        "createdDate": schemas.coerce(made, "string") if made else "",
        "description": found.get("Description", ""),
        "kmsKeyId": found.get("KmsKeyId", ""),
        "lastChangedDate": schemas.coerce(changed, "string") if changed else "",
        "policy": policy_of(aws, found["ARN"]),
        "tags": mapping(found.get("Tags")),
    }
