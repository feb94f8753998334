"""User pools. An update sends every setting, since AWS resets what is left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackyard.errors import ProviderError
from stackyard.model.values import Properties, Value
from stackyard.providers.aws import shapes, tagging
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, FoundBy, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Table, given
from stackyard.providers.aws.tagging import TOKEN_TAG, Tagging

_POOL: Final = given(UserPoolId="$id")
_MFA: Final = (
    "emailMfaConfiguration",
    "mfaConfiguration",
    "smsAuthenticationMessage",
    "smsConfiguration",
    "softwareTokenMfaConfiguration",
    "webAuthnConfiguration",
)
# What AWS and its kin answer as an empty structure when it is not set.
_EMPTIED: Final = ("accountRecoverySetting", "lambdaConfig", "smsConfiguration")


class UserPool(Table):
    """`aws:cognito/userPool:UserPool`."""

    service = "cognito-idp"
    naming = Naming(limit=128)
    found_by = FoundBy.TAG
    names = given(
        name="PoolName",
        schemas="Schema",
        **{"emailConfiguration.fromEmailAddress": "From"},
    )
    id = "Id"
    defaults = fixed(mfaConfiguration="OFF")
    replaces = ("aliasAttributes", "usernameAttributes", "usernameConfiguration")
    sets = (
        "accountRecoverySetting.recoveryMechanisms",
        "aliasAttributes",
        "autoVerifiedAttributes",
        "schemas",
        "userAttributeUpdateSettings.attributesRequireVerificationBeforeUpdates",
        "usernameAttributes",
    )
    computed = (
        "accountRecoverySetting",
        "adminCreateUserConfig",
        "deletionProtection",
        "emailConfiguration",
        "emailVerificationMessage",
        "emailVerificationSubject",
        "lambdaConfig",
        "passwordPolicy",
        "passwordPolicy.temporaryPasswordValidityDays",
        "schemas",
        "schemas[*].developerOnlyAttribute",
        "schemas[*].mutable",
        "schemas[*].numberAttributeConstraints",
        "schemas[*].required",
        "schemas[*].stringAttributeConstraints",
        "signInPolicy",
        "smsConfiguration",
        "smsConfiguration.snsRegion",
        "smsVerificationMessage",
        "userPoolTier",
        "usernameConfiguration",
        "verificationMessageTemplate",
        "verificationMessageTemplate.defaultEmailOption",
        "webAuthnConfiguration",
    )
    volatile = ("lastModifiedDate",)
    tagging = Tagging("cognito-idp", by="arn")
    making = Call("create_user_pool", at="UserPool")
    reading = Call("describe_user_pool", _POOL, at="UserPool")
    changing = (Call("update_user_pool", _POOL),)
    removing = Call("delete_user_pool", _POOL)

    def sent(self, inputs: Properties) -> Properties:
        """Second factors have a call of their own; the two policies are one member."""
        shaped = {k: v for k, v in inputs.items() if k not in (*_MFA, "passwordPolicy", "signInPolicy")}
        policies = {k: inputs[k] for k in ("passwordPolicy", "signInPolicy") if inputs.get(k)}
        return {**shaped, "policies": policies}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        arguments = self.arguments(aws, self.making, inputs, inputs)
        arguments["UserPoolTags"] = inputs.get("tagsAll") or {}
        if inputs.get("smsConfiguration"):
            arguments["SmsConfiguration"] = self._sms(inputs["smsConfiguration"])
        return str(self.call(aws, self.making, arguments)["Id"])

    def _sms(self, settings: Properties) -> dict[str, Any]:
        members = {"externalId": "ExternalId", "snsCallerArn": "SnsCallerArn", "snsRegion": "SnsRegion"}
        return {member: settings[name] for name, member in members.items() if settings.get(name)}

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        if inputs["mfaConfiguration"] != "OFF" or any(inputs.get(name) for name in _MFA if name != "mfaConfiguration"):
            self._secure(aws, id, inputs)

    def _secure(self, aws: Aws, id: str, inputs: Properties) -> None:
        """The second factors. A role that was made a moment ago cannot be assumed everywhere at once."""
        shape = shapes.model(aws.cognito_idp, "set_user_pool_mfa_config").input_shape
        arguments = shapes.request(shape, {name: inputs.get(name) for name in _MFA}, {})
        if inputs.get("smsConfiguration"):
            sms: dict[str, Any] = {"SmsConfiguration": self._sms(inputs["smsConfiguration"])}
            if inputs.get("smsAuthenticationMessage"):
                sms["SmsAuthenticationMessage"] = inputs["smsAuthenticationMessage"]
            arguments["SmsMfaConfiguration"] = sms
        aws.persist(
            lambda: aws.cognito_idp.set_user_pool_mfa_config(UserPoolId=id, **arguments),
            "Role does not have a trust relationship",
            "Role does not have permission",
        )

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = super().read(aws, id, known)
        if found is None:
            return None
        wanted = {entry["name"] for entry in known.get("schemas") or ()}
        attributes = [_attribute(entry) for entry in found["schemas"] or ()]
        found["schemas"] = [a for a, own in attributes if own or a["name"] in wanted]
        return {**found, **self._factors(aws, id)}

    def _factors(self, aws: Aws, id: str) -> Properties:
        answer = aws.cognito_idp.get_user_pool_mfa_config(UserPoolId=id)
        members = {name: type_ for name, type_ in self.schema.outputs.items() if name in _MFA}
        found = shapes.properties(self.schema, members, answer, {})
        token = found.get("softwareTokenMfaConfiguration") or {}
        sms = answer.get("SmsMfaConfiguration") or {}
        return {
            **found,
            "smsAuthenticationMessage": sms.get("SmsAuthenticationMessage", ""),
            "softwareTokenMfaConfiguration": token if token.get("enabled") else None,
        }

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        policies = found.get("Policies") or {}
        types = {name: self.schema.outputs[name] for name in ("passwordPolicy", "signInPolicy", "schemas")}
        answer = {**policies, "Schemas": found.get("SchemaAttributes") or []}
        return {
            **{name: value for name, value in outputs.items() if value or name not in _EMPTIED},
            **shapes.properties(self.schema, types, answer, {}),
            "name": found["Name"],
            "endpoint": f"cognito-idp.{aws.region}.{aws.dns_suffix}/{found['Id']}",
            "domain": found.get("Domain") or "",
            "customDomain": found.get("CustomDomain") or "",
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        if change.any("schemas"):
            self._extend(aws, id, change)
        if change.any(*_MFA):
            self._secure(aws, id, change.new)
        if change.keys - {*_MFA, "schemas", "tags", "tagsAll"} or change.any("smsConfiguration"):
            call, new = self.changing[0], change.new
            arguments = self.arguments(aws, call, {**new, "id": id}, new)
            arguments |= {"UserPoolTags": new.get("tagsAll") or {}, "MfaConfiguration": new["mfaConfiguration"]}
            for name, empty in (("lambdaConfig", {}), ("autoVerifiedAttributes", [])):
                if change.any(name) and not new.get(name):
                    arguments[name[0].upper() + name[1:]] = empty
            self.call(aws, call, arguments)

    def _extend(self, aws: Aws, id: str, change: Change) -> None:
        old, new = ({e["name"]: e for e in g.get("schemas") or ()} for g in (change.old, change.new))
        gone = sorted(name for name in old if not self._means_same(old[name], new.get(name)))
        if gone:
            reason = f"AWS can neither change nor remove the attribute {', '.join(gone)} of a user pool"
            raise ProviderError(f"{self.token}: {id}: {reason}", hint="make another pool for it")
        member = shapes.model(aws.cognito_idp, "add_custom_attributes").input_shape.members["CustomAttributes"]
        added = shapes.value_for(member, [new[name] for name in sorted(new.keys() - old.keys())], {}, "schemas")
        aws.cognito_idp.add_custom_attributes(UserPoolId=id, CustomAttributes=added)

    def _means_same(self, old: Properties, new: Properties | None) -> bool:
        """Whether an attribute stays as it is, but for what the cloud filled in."""
        return new is not None and all(old.get(name) == value for name, value in new.items())

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        for pool in aws.pages(self.service, "list_user_pools", "UserPools", MaxResults=60):
            if pool["Name"] == inputs["name"]:
                arn = aws.arn("cognito-idp", f"userpool/{pool['Id']}")
                if tagging.read(aws.cognito_idp, self.tagging, arn).get(TOKEN_TAG) == token:
                    return str(pool["Id"])
        return None


def _attribute(entry: Properties) -> tuple[dict[str, Value], bool]:
    """An attribute under the name that programs use, and whether it is custom."""
    name = str(entry["name"])
    bare = name.removeprefix("dev:").removeprefix("custom:")
    return {**entry, "name": bare}, bare != name
