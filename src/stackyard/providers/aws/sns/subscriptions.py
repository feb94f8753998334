"""SNS subscriptions. The id is the ARN; only endpoints that AWS confirms by itself become usable at once."""

from __future__ import annotations

from stackyard.model.values import Properties
from stackyard.providers.aws import schemas
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed

ATTRIBUTES = {
    "deliveryPolicy": "DeliveryPolicy",
    "filterPolicy": "FilterPolicy",
    "filterPolicyScope": "FilterPolicyScope",
    "rawMessageDelivery": "RawMessageDelivery",
    "redrivePolicy": "RedrivePolicy",
    "replayPolicy": "ReplayPolicy",
    "subscriptionRoleArn": "SubscriptionRoleArn",
}
READ_ONLY = {
    "topic": "TopicArn",
    "protocol": "Protocol",
    "endpoint": "Endpoint",
    "ownerId": "Owner",
    "confirmationWasAuthenticated": "ConfirmationWasAuthenticated",
    "pendingConfirmation": "PendingConfirmation",
}


class TopicSubscription(Kind):
    """`aws:sns/topicSubscription:TopicSubscription`."""

    naming = None
    defaults = fixed(confirmationTimeoutInMinutes=1, endpointAutoConfirms=False, rawMessageDelivery=False)
    replaces = ("endpoint", "protocol", "topic")
    documents = ("deliveryPolicy", "filterPolicy", "redrivePolicy", "replayPolicy")
    computed = ("filterPolicyScope",)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        given = {n: a for n, a in ATTRIBUTES.items() if inputs.get(n) not in (None, False, "")}
        found = aws.sns.subscribe(
            TopicArn=inputs["topic"],
            Protocol=inputs["protocol"],
            Endpoint=inputs["endpoint"],
            Attributes={a: schemas.coerce(inputs[n], "string") for n, a in given.items()},
            ReturnSubscriptionArn=True,
        )
        return str(found["SubscriptionArn"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        if inputs["protocol"] in ("http", "https") and inputs["endpointAutoConfirms"]:
            aws.wait(
                f"confirmation of {id}", lambda: self._confirmed(aws, id), inputs["confirmationTimeoutInMinutes"] * 60
            )

    def _confirmed(self, aws: Aws, id: str) -> bool:
        attributes = aws.sns.get_subscription_attributes(SubscriptionArn=id)["Attributes"]
        return bool(attributes.get("PendingConfirmation") != "true")

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = aws.sns.get_subscription_attributes(SubscriptionArn=id)["Attributes"]
        outputs: Properties = {"arn": id}
        for name, attribute in {**ATTRIBUTES, **READ_ONLY}.items():
            if found.get(attribute):
                outputs[name] = schemas.coerce(found[attribute], self.schema.outputs[name])
        return outputs

    def update(self, aws: Aws, id: str, change: Change) -> None:
        for name in sorted(change.keys & ATTRIBUTES.keys()):
            value = schemas.coerce(change.new.get(name, ""), "string")
            aws.sns.set_subscription_attributes(
                SubscriptionArn=id, AttributeName=ATTRIBUTES[name], AttributeValue=value
            )

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.sns.unsubscribe(SubscriptionArn=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        """A topic has one subscription of a protocol and endpoint (Subscribe is idempotent)."""
        try:
            found = list(aws.pages("sns", "list_subscriptions_by_topic", "Subscriptions", TopicArn=inputs["topic"]))
        except aws.sns.exceptions.NotFoundException:
            return None
        wanted = (inputs["protocol"], inputs["endpoint"])
        return next((s["SubscriptionArn"] for s in found if (s["Protocol"], s["Endpoint"]) == wanted), None)
