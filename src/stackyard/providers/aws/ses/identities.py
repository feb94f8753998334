"""Identities that mail is sent from, and configuration sets. The ids are the domain, the address, the name."""

from __future__ import annotations

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming


class _Identity(Kind):
    naming = None
    overwrites = True

    def _exists(self, aws: Aws, id: str) -> bool:
        return id in aws.pages("ses", "list_identities", "Identities")

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.ses.delete_identity(Identity=id)


class DomainIdentity(_Identity):
    """`aws:ses/domainIdentity:DomainIdentity`."""

    replaces = ("domain",)

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("ses", f"identity/{inputs['domain']}")}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        aws.ses.verify_domain_identity(Domain=inputs["domain"])
        return str(inputs["domain"]).removesuffix(".")

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = aws.ses.get_identity_verification_attributes(Identities=[id])["VerificationAttributes"].get(id)
        if found is None or not self._exists(aws, id):
            return None
        arn = aws.arn("ses", f"identity/{id}")
        return {"domain": id, "arn": arn, "verificationToken": found.get("VerificationToken", "")}

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["domain"]).removesuffix(".")


class EmailIdentity(_Identity):
    """`aws:ses/emailIdentity:EmailIdentity`."""

    replaces = ("email",)

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("ses", f"identity/{inputs['email']}")}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        aws.ses.verify_email_identity(EmailAddress=inputs["email"])
        return str(inputs["email"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        return {"email": id, "arn": aws.arn("ses", f"identity/{id}")} if self._exists(aws, id) else None

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["email"])


class DomainDkim(Kind):
    """`aws:ses/domainDkim:DomainDkim`. Deleting it leaves the signatures: the identity owns them."""

    naming = None
    overwrites = True
    replaces = ("domain",)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        aws.ses.verify_domain_dkim(Domain=inputs["domain"])
        return str(inputs["domain"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = aws.ses.get_identity_dkim_attributes(Identities=[id])["DkimAttributes"].get(id) or {}
        tokens = found.get("DkimTokens") or []
        return {"domain": id, "dkimTokens": tokens} if tokens else None

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        """There is no call for it."""

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["domain"])


class ConfigurationSet(Kind):
    """`aws:ses/configurationSet:ConfigurationSet`."""

    naming = Naming(limit=64)
    defaults = fixed(reputationMetricsEnabled=False, sendingEnabled=True)
    replaces = ("name",)
    unsupported = ("deliveryOptions", "trackingOptions")

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("ses", f"configuration-set/{inputs['name']}")}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        aws.ses.create_configuration_set(ConfigurationSet={"Name": inputs["name"]})
        return str(inputs["name"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        if inputs["reputationMetricsEnabled"]:
            self._report(aws, id, True)
        if not inputs["sendingEnabled"]:
            aws.ses.update_configuration_set_sending_enabled(ConfigurationSetName=id, Enabled=False)

    def _report(self, aws: Aws, id: str, enabled: bool) -> None:
        aws.ses.update_configuration_set_reputation_metrics_enabled(ConfigurationSetName=id, Enabled=enabled)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        wanted = ["reputationOptions"]
        found = aws.ses.describe_configuration_set(ConfigurationSetName=id, ConfigurationSetAttributeNames=wanted)
        reputation = found.get("ReputationOptions") or {}
        return {
            "name": id,
            "arn": aws.arn("ses", f"configuration-set/{id}"),
            "reputationMetricsEnabled": reputation.get("ReputationMetricsEnabled", False),
            "sendingEnabled": reputation.get("SendingEnabled", True),
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        new = change.new
        if change.any("reputationMetricsEnabled"):
            self._report(aws, id, new["reputationMetricsEnabled"])
        if change.any("sendingEnabled"):
            aws.ses.update_configuration_set_sending_enabled(ConfigurationSetName=id, Enabled=new["sendingEnabled"])

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.ses.delete_configuration_set(ConfigurationSetName=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])
