"""Identities that mail is sent from. The id is the address or domain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change
from stackyard.providers.aws.tables import Call, Table, given
from stackyard.providers.aws.tagging import Tagging


class EmailIdentity(Table):
    """`aws:sesv2/emailIdentity:EmailIdentity`."""

    service = "sesv2"
    naming = None
    names = given(**{"dkimSigningAttributes.currentSigningKeyLength": "CurrentSigningKeyLength"})
    replaces = ("emailIdentity",)
    computed = ("dkimSigningAttributes",)
    tagging = Tagging("sesv2", by="arn", read="")
    making = Call("create_email_identity")
    reading = Call("get_email_identity", given(EmailIdentity="$id"))
    removing = Call("delete_email_identity", given(EmailIdentity="$id"))

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("ses", f"identity/{inputs['emailIdentity']}")}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        super().create(aws, inputs, token)
        return str(inputs["emailIdentity"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = super().read(aws, id, known)
        return found and {**found, "emailIdentity": id, "arn": aws.arn("ses", f"identity/{id}")}

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        dkim = found.get("DkimAttributes") or {}
        names = {
            "currentSigningKeyLength": "CurrentSigningKeyLength",
            "nextSigningKeyLength": "NextSigningKeyLength",
            "signingAttributesOrigin": "SigningAttributesOrigin",
            "status": "Status",
            "tokens": "Tokens",
        }
        block = {name: dkim[member] for name, member in names.items() if dkim.get(member)}
        return {**outputs, **({"dkimSigningAttributes": block} if block else {})}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        new = change.new
        if change.any("configurationSetName"):
            name = {"ConfigurationSetName": new["configurationSetName"]} if new.get("configurationSetName") else {}
            aws.sesv2.put_email_identity_configuration_set_attributes(EmailIdentity=id, **name)
        if change.any("dkimSigningAttributes"):
            block = new.get("dkimSigningAttributes") or {}
            own = bool(block.get("domainSigningPrivateKey"))
            names = {
                "domainSigningPrivateKey": "DomainSigningPrivateKey",
                "domainSigningSelector": "DomainSigningSelector",
            }
            names["nextSigningKeyLength"] = "NextSigningKeyLength"
            given_ = {member: block[name] for name, member in names.items() if block.get(name)}
            origin = "EXTERNAL" if own else "AWS_SES"
            aws.sesv2.put_email_identity_dkim_signing_attributes(
                EmailIdentity=id, SigningAttributesOrigin=origin, SigningAttributes=given_
            )

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["emailIdentity"])
