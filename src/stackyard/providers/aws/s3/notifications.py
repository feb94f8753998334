"""Event notifications of a bucket. The id is the bucket; one resource holds them all."""

from __future__ import annotations

import uuid
from typing import Any

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed

_TARGETS = {
    "lambdaFunctions": ("LambdaFunctionConfigurations", "lambdaFunctionArn", "LambdaFunctionArn"),
    "queues": ("QueueConfigurations", "queueArn", "QueueArn"),
    "topics": ("TopicConfigurations", "topicArn", "TopicArn"),
}


class BucketNotification(Kind):
    """`aws:s3/bucketNotification:BucketNotification`."""

    naming = None
    defaults = fixed(eventbridge=False)
    replaces = ("bucket",)
    computed = ("lambdaFunctions[*].id", "queues[*].id", "topics[*].id")
    sets = ("lambdaFunctions", "queues", "topics", *(f"{name}[*].events" for name in _TARGETS))

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        self._put(aws, inputs["bucket"], inputs)
        return str(inputs["bucket"])

    def _put(self, aws: Aws, bucket: str, inputs: Properties) -> None:
        configuration: dict[str, Any] = {"EventBridgeConfiguration": {}} if inputs.get("eventbridge") else {}
        for name, (member, arn, theirs) in _TARGETS.items():
            if inputs.get(name):
                configuration[member] = [_entry(entry, arn, theirs) for entry in inputs[name]]
        aws.persist(
            lambda: aws.s3.put_bucket_notification_configuration(
                Bucket=bucket, NotificationConfiguration=configuration
            ),
            "Unable to validate the following destination",
            timeout=60,
        )

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = aws.s3.get_bucket_notification_configuration(Bucket=id)
        outputs: Properties = {"bucket": id, "eventbridge": "EventBridgeConfiguration" in found}
        for name, (member, arn, theirs) in _TARGETS.items():
            outputs[name] = [_read(entry, arn, theirs) for entry in found.get(member, ())]
        nothing = not outputs["eventbridge"] and not any(outputs[name] for name in _TARGETS)
        return None if nothing else outputs

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self._put(aws, id, change.new)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.s3.put_bucket_notification_configuration(Bucket=id, NotificationConfiguration={})

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["bucket"])


def _entry(entry: Properties, arn: str, theirs: str) -> dict[str, Any]:
    rules = [
        {"Name": name, "Value": entry[key]}
        for name, key in (("prefix", "filterPrefix"), ("suffix", "filterSuffix"))
        if entry.get(key)
    ]
    made = {"Id": entry.get("id") or f"stackyard-{uuid.uuid4().hex}", theirs: entry[arn], "Events": entry["events"]}
    return {**made, **({"Filter": {"Key": {"FilterRules": rules}}} if rules else {})}


def _read(entry: dict[str, Any], arn: str, theirs: str) -> Properties:
    rules = entry.get("Filter", {}).get("Key", {}).get("FilterRules", ())
    filters = {f"filter{rule['Name'].capitalize()}": rule["Value"] for rule in rules if rule.get("Value")}
    return {"id": entry.get("Id", ""), arn: entry[theirs], "events": entry["Events"], **filters}
