"""Configuration sets: rules for the mail that names them. The id is the name."""

from __future__ import annotations

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.tables import Call, Table, given
from stackyard.providers.aws.tagging import Tagging


class ConfigurationSet(Table):
    """`aws:sesv2/configurationSet:ConfigurationSet`."""

    service = "sesv2"
    naming = None
    replaces = ("configurationSetName",)
    computed = ("deliveryOptions", "reputationOptions", "sendingOptions", "suppressionOptions", "vdmOptions")
    sets = ("suppressionOptions.suppressedReasons",)
    tagging = Tagging("sesv2", by="arn", read="")
    making = Call("create_configuration_set")
    reading = Call("get_configuration_set", given(ConfigurationSetName="$id"))
    removing = Call("delete_configuration_set", given(ConfigurationSetName="$id"))
    changing = tuple(
        Call(
            f"put_configuration_set_{word}_options",
            given(ConfigurationSetName="$id"),
            when=(f"{word}Options",),
        )
        for word in ("delivery", "reputation", "sending", "suppression", "tracking", "vdm")
    )

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("ses", f"configuration-set/{inputs['configurationSetName']}")}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        super().create(aws, inputs, token)
        return str(inputs["configurationSetName"])

    def arguments(self, aws: Aws, call: Call, known: Properties, inputs: Properties) -> Properties:
        """The calls of an update take the members of their block side by side."""
        if call.when:
            block = inputs.get(call.when[0]) or {}
            return super().arguments(aws, call, known, block)
        return super().arguments(aws, call, known, inputs)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = super().read(aws, id, known)
        return found and {**found, "arn": aws.arn("ses", f"configuration-set/{id}")}

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["configurationSetName"])
