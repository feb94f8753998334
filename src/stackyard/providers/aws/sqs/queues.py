"""SQS queues. Attributes are one flat map of strings; a queue's id is its URL (docs: SetQueueAttributes)."""

from __future__ import annotations

from collections.abc import Iterable

from stackyard.model.registrations import CheckFailure
from stackyard.model.values import Properties, Value
from stackyard.providers.aws import schemas
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tagging import Tagging

ATTRIBUTES = {
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deduplicationScope": "DeduplicationScope",
    "delaySeconds": "DelaySeconds",
    "fifoQueue": "FifoQueue",
    "fifoThroughputLimit": "FifoThroughputLimit",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "maxMessageSize": "MaximumMessageSize",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "policy": "Policy",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "redriveAllowPolicy": "RedriveAllowPolicy",
    "redrivePolicy": "RedrivePolicy",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
    "visibilityTimeoutSeconds": "VisibilityTimeout",
}


def _attributes(inputs: Properties, names: Iterable[str]) -> dict[str, str]:
    """The attributes of these inputs as SQS wants them; an input that was taken away is sent empty."""
    return {ATTRIBUTES[name]: schemas.coerce(inputs.get(name, ""), "string") for name in names if name in ATTRIBUTES}


class Queue(Kind):
    """`aws:sqs/queue:Queue`."""

    naming = Naming(limit=80, suffix=("fifoQueue", ".fifo"))
    defaults = fixed(
        contentBasedDeduplication=False,
        delaySeconds=0,
        fifoQueue=False,
        maxMessageSize=262144,
        messageRetentionSeconds=345600,
        receiveWaitTimeSeconds=0,
        visibilityTimeoutSeconds=30,
    )
    replaces = ("name", "namePrefix", "fifoQueue")
    documents = ("policy", "redrivePolicy", "redriveAllowPolicy")
    computed = (
        "deduplicationScope",
        "fifoThroughputLimit",
        "kmsDataKeyReusePeriodSeconds",
        "policy",
        "redrivePolicy",
        "redriveAllowPolicy",
        "sqsManagedSseEnabled",
    )
    tagging = Tagging("sqs", by="id", add="tag_queue", remove="untag_queue", read="list_queue_tags")

    def check(self, inputs: Properties) -> Iterable[CheckFailure]:
        fifo, name = inputs.get("fifoQueue") is True, inputs.get("name")
        if isinstance(name, str) and fifo != name.endswith(".fifo"):
            yield CheckFailure("name", "must end in .fifo, and only, for a FIFO queue")
        if inputs.get("contentBasedDeduplication") is True and not fifo:
            yield CheckFailure("contentBasedDeduplication", "is for FIFO queues")

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("sqs", inputs["name"])}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        given = {name: value for name, value in inputs.items() if value not in (None, False, "")}
        attributes = _attributes(given, given)
        made = aws.sqs.create_queue(QueueName=inputs["name"], Attributes=attributes, tags=inputs.get("tagsAll") or {})
        return str(made["QueueUrl"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = aws.sqs.get_queue_attributes(QueueUrl=id, AttributeNames=["All"])["Attributes"]
        outputs: Properties = {"url": id, "arn": found["QueueArn"], "name": found["QueueArn"].rpartition(":")[2]}
        for name, attribute in ATTRIBUTES.items():
            if attribute in found:
                outputs[name] = schemas.coerce(found[attribute], self.schema.outputs[name])
        return outputs

    def update(self, aws: Aws, id: str, change: Change) -> None:
        aws.sqs.set_queue_attributes(QueueUrl=id, Attributes=_attributes(change.new, sorted(change.keys)))

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.sqs.delete_queue(QueueUrl=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(aws.sqs.get_queue_url(QueueName=inputs["name"])["QueueUrl"])


class _Attribute(Kind):
    """A type that is one attribute of a queue; its id is the queue's URL."""

    attribute = ""
    naming = None
    overwrites = True
    replaces = ("queueUrl",)

    @property
    def _property(self) -> str:
        return self.documents[0]

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        self._set(aws, inputs["queueUrl"], inputs[self._property])
        return str(inputs["queueUrl"])

    def _set(self, aws: Aws, url: str, value: Value) -> None:
        aws.sqs.set_queue_attributes(QueueUrl=url, Attributes={self.attribute: value})

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = aws.sqs.get_queue_attributes(QueueUrl=id, AttributeNames=[self.attribute]).get("Attributes") or {}
        value = found.get(self.attribute)
        return {"queueUrl": id, self._property: value} if value else None

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self._set(aws, id, change.new[self._property])

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        self._set(aws, id, "")

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["queueUrl"])


class QueuePolicy(_Attribute):
    """`aws:sqs/queuePolicy:QueuePolicy`."""

    attribute = "Policy"
    documents = ("policy",)


class RedrivePolicy(_Attribute):
    """`aws:sqs/redrivePolicy:RedrivePolicy`."""

    attribute = "RedrivePolicy"
    documents = ("redrivePolicy",)


class RedriveAllowPolicy(_Attribute):
    """`aws:sqs/redriveAllowPolicy:RedriveAllowPolicy`."""

    attribute = "RedriveAllowPolicy"
    documents = ("redriveAllowPolicy",)


def get_queue(aws: Aws, arguments: Properties) -> Properties:
    """`aws:sqs/getQueue:getQueue`: a queue by its name."""
    url = aws.sqs.get_queue_url(QueueName=arguments["name"])["QueueUrl"]
    arn = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return {"id": url, "url": url, "arn": arn, "tags": aws.sqs.list_queue_tags(QueueUrl=url).get("Tags") or {}}
