"""Firehose delivery streams into S3. The id is the ARN; every call goes by the name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackyard.model.registrations import CheckFailure
from stackyard.model.values import UNKNOWN, Properties
from stackyard.providers.aws import shapes, tagging
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tagging import Tagging

S3: Final = "extendedS3Configuration"
_OTHERS: Final = (
    "elasticsearchConfiguration",
    "httpEndpointConfiguration",
    "icebergConfiguration",
    "mskSourceConfiguration",
    "opensearchConfiguration",
    "opensearchserverlessConfiguration",
    "redshiftConfiguration",
    "snowflakeConfiguration",
    "splunkConfiguration",
)
_FORMATS: Final = {
    "hiveJsonSerDe": "HiveJsonSerDe",
    "openXJsonSerDe": "OpenXJsonSerDe",
    "orcSerDe": "OrcSerDe",
    "parquetSerDe": "ParquetSerDe",
}
_LATE: Final = ("is unable to assume", "not authorized to perform", "Please check the role provided")


class FirehoseDeliveryStream(Kind):
    """`aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream`."""

    naming = Naming(limit=64)
    replaces = ("name", "destination", "kinesisSourceConfiguration", "arn")
    computed = (
        "arn",
        "destinationId",
        "versionId",
        "serverSideEncryption",
        f"{S3}.bufferingInterval",
        f"{S3}.bufferingSize",
        f"{S3}.cloudwatchLoggingOptions",
        f"{S3}.compressionFormat",
        f"{S3}.customTimeZone",
        f"{S3}.dataFormatConversionConfiguration.enabled",
        f"{S3}.errorOutputPrefix",
        f"{S3}.s3BackupMode",
    )
    volatile = ("versionId",)
    unsupported = _OTHERS
    tagging = Tagging(
        "firehose",
        by="name",
        add="tag_delivery_stream",
        remove="untag_delivery_stream",
        read="list_tags_for_delivery_stream",
    )
    waits_gone = True

    def check(self, inputs: Properties) -> list[CheckFailure]:
        if inputs["destination"] not in ("extended_s3", UNKNOWN):
            return [CheckFailure("destination", "only extended_s3 is supported")]
        return [] if inputs.get(S3) else [CheckFailure(S3, "is required for the destination extended_s3")]

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("firehose", f"deliverystream/{inputs['name']}")}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        shape = shapes.model(aws.firehose, "create_delivery_stream").input_shape
        source, encryption = inputs.get("kinesisSourceConfiguration"), _encryption(inputs)
        more: dict[str, Any] = {}
        if source:
            more["KinesisStreamSourceConfiguration"] = shapes.request(
                shape.members["KinesisStreamSourceConfiguration"], source, {}
            )
        if encryption:
            more["DeliveryStreamEncryptionConfigurationInput"] = encryption
        if inputs["tagsAll"]:
            more["Tags"] = tagging.pairs(inputs["tagsAll"])
        made = aws.persist(
            lambda: aws.firehose.create_delivery_stream(
                DeliveryStreamName=inputs["name"],
                DeliveryStreamType="KinesisStreamAsSource" if source else "DirectPut",
                ExtendedS3DestinationConfiguration=_s3(
                    shape.members["ExtendedS3DestinationConfiguration"], inputs[S3], "S3BackupConfiguration"
                ),
                **more,
            ),
            *_LATE,
        )
        return str(made["DeliveryStreamARN"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        aws.wait(f"delivery stream {id}", lambda: _described(aws, id)["DeliveryStreamStatus"] == "ACTIVE")

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = _described(aws, id)
        (destination,) = found["Destinations"]
        outputs: Properties = {
            "arn": found["DeliveryStreamARN"],
            "name": found["DeliveryStreamName"],
            "versionId": found["VersionId"],
            "destinationId": destination["DestinationId"],
            "destination": "extended_s3",
            S3: self._seen(destination["ExtendedS3DestinationDescription"]),
        }
        if source := found.get("Source", {}).get("KinesisStreamSourceDescription"):
            outputs["kinesisSourceConfiguration"] = {
                "kinesisStreamArn": source["KinesisStreamARN"],
                "roleArn": source["RoleARN"],
            }
        encryption = found.get("DeliveryStreamEncryptionConfiguration") or {}
        enabled = encryption.get("Status") == "ENABLED"
        outputs["serverSideEncryption"] = {"enabled": enabled} | (
            {"keyType": encryption.get("KeyType"), "keyArn": encryption.get("KeyARN", "")} if enabled else {}
        )
        return outputs

    def update(self, aws: Aws, id: str, change: Change) -> None:
        name = _name(id)
        if change.any(S3):
            shape = shapes.model(aws.firehose, "update_destination").input_shape.members["ExtendedS3DestinationUpdate"]
            found = _described(aws, id)
            update = _s3(shape, change.new[S3], "S3BackupUpdate")
            aws.persist(
                lambda: aws.firehose.update_destination(
                    DeliveryStreamName=name,
                    CurrentDeliveryStreamVersionId=found["VersionId"],
                    DestinationId=found["Destinations"][0]["DestinationId"],
                    ExtendedS3DestinationUpdate=update,
                ),
                *_LATE,
            )
        if change.any("serverSideEncryption"):
            if wanted := _encryption(change.new):
                aws.firehose.start_delivery_stream_encryption(
                    DeliveryStreamName=name, DeliveryStreamEncryptionConfigurationInput=wanted
                )
            else:
                aws.firehose.stop_delivery_stream_encryption(DeliveryStreamName=name)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.firehose.delete_delivery_stream(DeliveryStreamName=_name(id))

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return aws.arn("firehose", f"deliverystream/{inputs['name']}")

    def _seen(self, found: Mapping[str, Any]) -> Properties:
        """The block that describes the destination, its answer being nested deeper."""
        flat = {
            **found,
            "bufferingInterval": found.get("BufferingHints", {}).get("IntervalInSeconds"),
            "bufferingSize": found.get("BufferingHints", {}).get("SizeInMBs"),
            "kmsKeyArn": found.get("EncryptionConfiguration", {}).get("KMSEncryptionConfig", {}).get("AWSKMSKeyARN"),
        }
        members = self.schema.objects["FirehoseDeliveryStreamExtendedS3Configuration"]["outputs"]
        simple = {name: type_ for name, type_ in members.items() if name != "s3BackupConfiguration"}
        seen = shapes.properties(self.schema, simple, flat, {})
        if backup := found.get("S3BackupDescription"):
            seen["s3BackupConfiguration"] = {
                "roleArn": backup["RoleARN"],
                "bucketArn": backup["BucketARN"],
                "prefix": backup.get("Prefix", ""),
            }
        return seen


def _s3(shape: Any, block: Properties, backup: str) -> dict[str, Any]:
    """A destination as calls take it. `backup` is the member for the block of the backup."""
    sent = shapes.request(shape, _nested(block), {"s3BackupConfiguration": backup})
    conversion = block.get("dataFormatConversionConfiguration")
    if conversion:
        # A format without settings is an empty structure, which says which one it is.
        made = sent["DataFormatConversionConfiguration"]
        made.setdefault("Enabled", True)
        for side, member, kind in (
            ("inputFormatConfiguration", "InputFormatConfiguration", "deserializer"),
            ("outputFormatConfiguration", "OutputFormatConfiguration", "serializer"),
        ):
            inner = made.setdefault(member, {}).setdefault(kind.title(), {})
            for name in conversion[side][kind]:
                inner.setdefault(_FORMATS[name], {})
    return sent


def _nested(block: Properties) -> Properties:
    """The flat settings of a block where the calls have them: hints of buffering, encryption."""
    moved = ("bufferingInterval", "bufferingSize", "kmsKeyArn")
    nested: Properties = {key: value for key, value in block.items() if key not in moved}
    hints = {"IntervalInSeconds": block.get("bufferingInterval"), "SizeInMBs": block.get("bufferingSize")}
    if given := {key: int(value) for key, value in hints.items() if value is not None}:
        nested["bufferingHints"] = given
    if block.get("kmsKeyArn"):
        nested["encryptionConfiguration"] = {"KMSEncryptionConfig": {"AWSKMSKeyARN": block["kmsKeyArn"]}}
    if isinstance(block.get("s3BackupConfiguration"), dict):
        nested["s3BackupConfiguration"] = _nested(block["s3BackupConfiguration"])
    return nested


def _encryption(inputs: Properties) -> dict[str, str] | None:
    given = inputs.get("serverSideEncryption")
    if not isinstance(given, dict) or not given.get("enabled"):
        return None
    key = {"KeyARN": str(given["keyArn"])} if given.get("keyArn") else {}
    return {"KeyType": str(given.get("keyType") or "AWS_OWNED_CMK"), **key}


def _name(id: str) -> str:
    return id.rpartition("/")[2]


def _described(aws: Aws, id: str) -> dict[str, Any]:
    answer = aws.firehose.describe_delivery_stream(DeliveryStreamName=_name(id))
    found: dict[str, Any] = answer["DeliveryStreamDescription"]
    return found
