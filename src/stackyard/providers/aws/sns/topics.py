"""SNS topics and their policies. Attributes are a flat map of strings; a topic's id is its ARN."""

from __future__ import annotations

from collections.abc import Iterable

from stackyard.model.registrations import CheckFailure
from stackyard.model.values import Properties
from stackyard.providers.aws import documents, schemas
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tagging import Tagging, mapping, pairs

ATTRIBUTES = {
    "archivePolicy": "ArchivePolicy",
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deliveryPolicy": "DeliveryPolicy",
    "displayName": "DisplayName",
    "fifoThroughputScope": "FifoThroughputScope",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "maximumMessageSize": "MaximumMessageSize",
    "policy": "Policy",
    "signatureVersion": "SignatureVersion",
    "tracingConfig": "TracingConfig",
    "applicationFailureFeedbackRoleArn": "ApplicationFailureFeedbackRoleArn",
    "applicationSuccessFeedbackRoleArn": "ApplicationSuccessFeedbackRoleArn",
    "applicationSuccessFeedbackSampleRate": "ApplicationSuccessFeedbackSampleRate",
    "firehoseFailureFeedbackRoleArn": "FirehoseFailureFeedbackRoleArn",
    "firehoseSuccessFeedbackRoleArn": "FirehoseSuccessFeedbackRoleArn",
    "firehoseSuccessFeedbackSampleRate": "FirehoseSuccessFeedbackSampleRate",
    "httpFailureFeedbackRoleArn": "HTTPFailureFeedbackRoleArn",
    "httpSuccessFeedbackRoleArn": "HTTPSuccessFeedbackRoleArn",
    "httpSuccessFeedbackSampleRate": "HTTPSuccessFeedbackSampleRate",
    "lambdaFailureFeedbackRoleArn": "LambdaFailureFeedbackRoleArn",
    "lambdaSuccessFeedbackRoleArn": "LambdaSuccessFeedbackRoleArn",
    "lambdaSuccessFeedbackSampleRate": "LambdaSuccessFeedbackSampleRate",
    "sqsFailureFeedbackRoleArn": "SQSFailureFeedbackRoleArn",
    "sqsSuccessFeedbackRoleArn": "SQSSuccessFeedbackRoleArn",
    "sqsSuccessFeedbackSampleRate": "SQSSuccessFeedbackSampleRate",
}
READ_ONLY = {
    "arn": "TopicArn",
    "owner": "Owner",
    "beginningArchiveTime": "BeginningArchiveTime",
    "fifoTopic": "FifoTopic",
}


class Topic(Kind):
    """`aws:sns/topic:Topic`."""

    naming = Naming(limit=256, suffix=("fifoTopic", ".fifo"))
    defaults = fixed(contentBasedDeduplication=False, fifoTopic=False)
    replaces = ("name", "namePrefix", "fifoTopic")
    documents = ("archivePolicy", "deliveryPolicy", "policy")
    computed = ("fifoThroughputScope", "maximumMessageSize", "policy", "signatureVersion", "tracingConfig")
    tagging = Tagging("sns", by="id")

    def check(self, inputs: Properties) -> Iterable[CheckFailure]:
        if inputs.get("fifoTopic") is False:
            for name in ("archivePolicy", "fifoThroughputScope"):
                if inputs.get(name):
                    yield CheckFailure(name, "is for FIFO topics")
            if inputs.get("contentBasedDeduplication") is True:
                yield CheckFailure("contentBasedDeduplication", "is for FIFO topics")

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("sns", inputs["name"])}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        attributes = {"FifoTopic": "true"} if inputs["fifoTopic"] else {}
        tags = pairs(inputs.get("tagsAll"))
        return str(aws.sns.create_topic(Name=inputs["name"], Attributes=attributes, Tags=tags)["TopicArn"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        given = [name for name in ATTRIBUTES if inputs.get(name) not in (None, False, "")]
        self._set(aws, id, inputs, given)

    def _set(self, aws: Aws, id: str, inputs: Properties, names: Iterable[str]) -> None:
        for name in names:
            value = schemas.coerce(inputs.get(name, ""), "string")
            aws.sns.set_topic_attributes(TopicArn=id, AttributeName=ATTRIBUTES[name], AttributeValue=value)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = aws.sns.get_topic_attributes(TopicArn=id)["Attributes"]
        outputs: Properties = {"arn": id, "name": id.rpartition(":")[2], "fifoTopic": False}
        outputs["contentBasedDeduplication"] = False
        for name, attribute in {**ATTRIBUTES, **READ_ONLY}.items():
            if found.get(attribute):
                outputs[name] = schemas.coerce(found[attribute], self.schema.outputs[name])
        return outputs

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self._set(aws, id, change.new, sorted(change.keys & ATTRIBUTES.keys()))

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.sns.delete_topic(TopicArn=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return aws.arn("sns", inputs["name"])


class TopicPolicy(Kind):
    """`aws:sns/topicPolicy:TopicPolicy`. Deleting it brings back the policy that lets the owner alone use it."""

    naming = None
    overwrites = True
    replaces = ("arn",)
    documents = ("policy",)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        self._set(aws, inputs["arn"], inputs["policy"])
        return str(inputs["arn"])

    def _set(self, aws: Aws, arn: str, policy: str) -> None:
        aws.sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = aws.sns.get_topic_attributes(TopicArn=id)["Attributes"]
        if not found.get("Policy") or "__default_statement_ID" in found["Policy"]:
            return None
        return {"arn": id, "policy": found["Policy"], "owner": found.get("Owner", "")}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self._set(aws, id, change.new["policy"])

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        self._set(aws, id, _owner_only(id))

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["arn"])


def _owner_only(arn: str) -> str:
    actions = ["GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic"]
    actions += ["Subscribe", "ListSubscriptionsByTopic", "Publish", "Receive"]
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in actions],
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": arn.split(":")[4]}},
    }
    return str(documents.text({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}))


def get_topic(aws: Aws, arguments: Properties) -> Properties:
    """`aws:sns/getTopic:getTopic`: a topic by its name."""
    arn = aws.arn("sns", arguments["name"])
    aws.sns.get_topic_attributes(TopicArn=arn)
    tags = aws.sns.list_tags_for_resource(ResourceArn=arn).get("Tags") or []
    return {"id": arn, "arn": arn, "tags": mapping(tags)}
