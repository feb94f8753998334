"""Data streams. The id is the ARN."""

from __future__ import annotations

from typing import Any

from stackyard.model.registrations import CheckFailure
from stackyard.model.values import UNKNOWN, Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tagging import Tagging

DAY = 24


class Stream(Kind):
    """`aws:kinesis/stream:Stream`."""

    naming = Naming(limit=128)
    defaults = fixed(encryptionType="NONE", enforceConsumerDeletion=False, retentionPeriod=DAY)
    replaces = ("name",)
    sets = ("shardLevelMetrics",)
    computed = ("arn", "maxRecordSizeInKib", "shardCount", "streamModeDetails", "warmThroughputMibPs")
    unsupported = ("maxRecordSizeInKib", "warmThroughputMibPs")
    tagging = Tagging(
        "kinesis",
        by="name",
        add="add_tags_to_stream",
        remove="remove_tags_from_stream",
        read="list_tags_for_stream",
        created=False,
        member="StreamName",
    )
    waits_gone = True

    def check(self, inputs: Properties) -> list[CheckFailure]:
        mode, shards = _mode(inputs), inputs.get("shardCount")
        if mode == "PROVISIONED" and not shards:
            return [CheckFailure("shardCount", "must be at least 1 for a provisioned stream")]
        if mode == "ON_DEMAND" and shards not in (None, 0, UNKNOWN):
            return [CheckFailure("shardCount", "cannot be given for an on-demand stream")]
        return []

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("kinesis", f"stream/{inputs['name']}")}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        shards = {"ShardCount": int(inputs["shardCount"])} if inputs.get("shardCount") else {}
        mode = {"StreamMode": _mode(inputs)}
        aws.kinesis.create_stream(StreamName=inputs["name"], StreamModeDetails=mode, **shards)
        return aws.arn("kinesis", f"stream/{inputs['name']}")

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        self._active(aws, id)
        unset: Properties = {"retentionPeriod": DAY, "encryptionType": "NONE"}
        self._settle(aws, id, Change(unset, inputs, frozenset(inputs), {}))

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = _described(aws, id)
        if found["StreamStatus"] == "DELETING":
            return None
        mode = found.get("StreamModeDetails", {}).get("StreamMode", "PROVISIONED")
        metrics = [name for each in found.get("EnhancedMonitoring", ()) for name in each.get("ShardLevelMetrics", ())]
        return {
            "arn": found["StreamARN"],
            "encryptionType": found.get("EncryptionType", "NONE"),
            "kmsKeyId": found.get("KeyId", ""),
            "name": found["StreamName"],
            "retentionPeriod": found["RetentionPeriodHours"],
            "shardCount": found["OpenShardCount"] if mode == "PROVISIONED" else 0,
            "shardLevelMetrics": sorted(metrics),
            "streamModeDetails": {"streamMode": mode},
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        if change.any("streamModeDetails") and _mode(change.old) != _mode(change.new):
            aws.kinesis.update_stream_mode(StreamARN=id, StreamModeDetails={"StreamMode": _mode(change.new)})
            self._active(aws, id)
        if change.any("shardCount") and change.new.get("shardCount"):
            count = int(change.new["shardCount"])
            aws.kinesis.update_shard_count(StreamARN=id, TargetShardCount=count, ScalingType="UNIFORM_SCALING")
            self._active(aws, id)
        self._settle(aws, id, change)

    def _settle(self, aws: Aws, id: str, change: Change) -> None:
        """What a stream is told after it exists: how long it keeps records, encryption, metrics."""
        old, new = change.old, change.new
        before, after = int(old.get("retentionPeriod") or DAY), int(new.get("retentionPeriod") or DAY)
        if before != after:
            word = "increase" if after > before else "decrease"
            ask = getattr(aws.kinesis, f"{word}_stream_retention_period")
            ask(StreamARN=id, RetentionPeriodHours=after)
            self._active(aws, id)
        if change.any("encryptionType", "kmsKeyId"):
            self._encrypt(aws, id, old, new)
        had, wanted = ({*(side.get("shardLevelMetrics") or ())} for side in (old, new))
        if had - wanted:
            aws.kinesis.disable_enhanced_monitoring(StreamARN=id, ShardLevelMetrics=sorted(had - wanted))
        if wanted - had:
            aws.kinesis.enable_enhanced_monitoring(StreamARN=id, ShardLevelMetrics=sorted(wanted - had))

    def _encrypt(self, aws: Aws, id: str, old: Properties, new: Properties) -> None:
        if new.get("encryptionType") == "KMS":
            key = new.get("kmsKeyId") or "alias/aws/kinesis"
            aws.kinesis.start_stream_encryption(StreamARN=id, EncryptionType="KMS", KeyId=key)
        elif old.get("encryptionType") == "KMS":
            key = old.get("kmsKeyId") or "alias/aws/kinesis"
            aws.kinesis.stop_stream_encryption(StreamARN=id, EncryptionType="KMS", KeyId=key)
        self._active(aws, id)

    def _active(self, aws: Aws, id: str) -> None:
        aws.wait(f"stream {id} to be active", lambda: _described(aws, id)["StreamStatus"] == "ACTIVE")

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        enforced = known.get("enforceConsumerDeletion") is True
        aws.kinesis.delete_stream(StreamARN=id, EnforceConsumerDeletion=enforced)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return aws.arn("kinesis", f"stream/{inputs['name']}")


def _mode(inputs: Properties) -> str:
    details = inputs.get("streamModeDetails")
    return details.get("streamMode", "PROVISIONED") if isinstance(details, dict) else "PROVISIONED"


def _described(aws: Aws, id: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.kinesis.describe_stream_summary(StreamARN=id)["StreamDescriptionSummary"]
    return found
