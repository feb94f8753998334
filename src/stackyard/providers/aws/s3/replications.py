"""Replication of a bucket, as a resource of its own. The id is the bucket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.s3.settings import Setting


class BucketReplicationConfig(Setting):
    """`aws:s3/bucketReplicationConfig:BucketReplicationConfig`."""

    replaces = ("bucket",)
    put, get, remove = "put_bucket_replication", "get_bucket_replication", "delete_bucket_replication"
    member = at = "ReplicationConfiguration"
    computed = ("rules[*].id", "rules[*].priority", "rules[*].filter", "rules[*].filter.prefix")
    write_only = ("token",)
    names: ClassVar[Mapping[str, str]] = {
        "rules.destination.encryptionConfiguration.replicaKmsKeyId": "ReplicaKmsKeyID"
    }

    def value(self, inputs: Properties) -> Any:
        return {"role": inputs["role"], "rules": inputs["rules"]}

    def request(self, aws: Aws, given: Properties) -> dict[str, Any]:
        """S3 wants a filter in every rule that has no prefix of the first version of rules."""
        found = super().request(aws, given)
        for rule in found["Rules"]:
            if "Filter" not in rule and "Prefix" not in rule:
                rule["Filter"] = {}
        return found

    def _put(self, aws: Aws, id: str, inputs: Properties) -> None:
        token = {"Token": inputs["token"]} if inputs.get("token") else {}
        arguments = {**self._at(id), self.member: self.request(aws, self.value(inputs)), **token}
        aws.persist(
            lambda: aws.s3.put_bucket_replication(**arguments), "OperationAborted", "Versioning must be", timeout=60
        )

    def outputs(self, found: Mapping[str, Any]) -> Properties | None:
        return self.properties(found)
