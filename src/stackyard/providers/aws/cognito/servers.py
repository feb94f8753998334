"""The domains of user pools, and the resource servers whose scopes their tokens name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackyard.model.values import Properties
from stackyard.providers.aws.cognito.parts import Inside
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind
from stackyard.providers.aws.tables import Call, given

# The hosted zone of every CloudFront distribution (docs: Route 53, alias targets).
_ZONE: Final = "Z2FDTNDATAQYW2"
_SERVER: Final = given(UserPoolId="$userPoolId", Identifier="$identifier")


class UserPoolDomain(Kind):
    """`aws:cognito/userPoolDomain:UserPoolDomain`. The id is the domain; a certificate makes it one of one's own."""

    naming = None
    replaces = ("domain", "userPoolId")
    computed = ("managedLoginVersion",)
    waits_gone = True

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        aws.cognito_idp.create_user_pool_domain(
            Domain=inputs["domain"], UserPoolId=inputs["userPoolId"], **_settings(inputs)
        )
        return str(inputs["domain"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        aws.wait(f"domain {id}", lambda: _describe(aws, id).get("Status", "ACTIVE") == "ACTIVE", timeout=3600)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = _describe(aws, id)
        if not found.get("UserPoolId"):
            return None
        front = found.get("CloudFrontDistribution") or ""
        return {
            "awsAccountId": found.get("AWSAccountId", ""),
            "certificateArn": (found.get("CustomDomainConfig") or {}).get("CertificateArn", ""),
            "cloudfrontDistribution": front,
            "cloudfrontDistributionArn": front,
            "cloudfrontDistributionZoneId": _ZONE,
            "domain": found["Domain"],
            "managedLoginVersion": found.get("ManagedLoginVersion", 1),
            "s3Bucket": found.get("S3Bucket", ""),
            "userPoolId": found["UserPoolId"],
            "version": found.get("Version", ""),
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        pool = change.new["userPoolId"]
        aws.cognito_idp.update_user_pool_domain(Domain=id, UserPoolId=pool, **_settings(change.new))
        self.complete(aws, id, change.new)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        if _describe(aws, id).get("UserPoolId"):
            aws.cognito_idp.delete_user_pool_domain(Domain=id, UserPoolId=known["userPoolId"])

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["domain"])


def _settings(inputs: Properties) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if inputs.get("certificateArn"):
        found["CustomDomainConfig"] = {"CertificateArn": inputs["certificateArn"]}
    if inputs.get("managedLoginVersion"):
        found["ManagedLoginVersion"] = inputs["managedLoginVersion"]
    return found


def _describe(aws: Aws, domain: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = aws.cognito_idp.describe_user_pool_domain(Domain=domain).get("DomainDescription") or {}
    return found


class ResourceServer(Inside):
    """`aws:cognito/resourceServer:ResourceServer`."""

    places = ("userPoolId", "identifier")
    joint = "|"
    replaces = ("identifier", "userPoolId")
    sets = ("scopes",)
    making = Call("create_resource_server", at="ResourceServer")
    reading = Call("describe_resource_server", _SERVER, at="ResourceServer")
    changing = (Call("update_resource_server", _SERVER),)
    removing = Call("delete_resource_server", _SERVER)
    affects = given(scopes=("scopeIdentifiers",))

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        scopes = [scope["ScopeName"] for scope in found.get("Scopes") or ()]
        return {**outputs, "scopeIdentifiers": [f"{found['Identifier']}/{scope}" for scope in scopes]}
