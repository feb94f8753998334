"""Domain names of one's own, and which API each of their paths leads to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackyard.errors import ProviderError
from stackyard.model.values import Properties
from stackyard.providers.aws.apigateway import patches
from stackyard.providers.aws.apigateway.parts import Patched
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change
from stackyard.providers.aws.tables import Call, given
from stackyard.providers.aws.tagging import Tagging

_DOMAIN: Final = given(domainName="$id")
_MAPPING: Final = given(domainName="$domainName", basePath="$path")
_NO_PATH: Final = "(none)"


class DomainName(Patched):
    """`aws:apigateway/domainName:DomainName`; its id is the name."""

    naming = None
    id = "domainName"
    names = given(
        cloudfrontDomainName="distributionDomainName",
        cloudfrontZoneId="distributionHostedZoneId",
        regionalZoneId="regionalHostedZoneId",
    )
    replaces = ("certificateBody", "certificateChain", "certificatePrivateKey", "domainName")
    computed = (
        "endpointConfiguration",
        "endpointConfiguration.ipAddressType",
        "ownershipVerificationCertificateArn",
        "routingMode",
        "securityPolicy",
    )
    write_only = ("certificateBody", "certificateChain", "certificatePrivateKey")
    unsupported = ("endpointAccessMode", "policy")
    tagging = Tagging("apigateway", by="arn", read="get_tags")
    pointers = given(
        certificateArn="/certificateArn",
        certificateName="/certificateName",
        ownershipVerificationCertificateArn="/ownershipVerificationCertificateArn",
        regionalCertificateArn="/regionalCertificateArn",
        regionalCertificateName="/regionalCertificateName",
        routingMode="/routingMode",
        securityPolicy="/securityPolicy",
    )
    making = Call("create_domain_name")
    reading = Call("get_domain_name", _DOMAIN)
    patching = Call("update_domain_name", _DOMAIN)
    removing = Call("delete_domain_name", _DOMAIN)

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        aws.wait(f"domain name {id}", lambda: self._is_available(aws, id))

    def _is_available(self, aws: Aws, id: str) -> bool:
        found = aws.apigateway.get_domain_name(domainName=id)
        return bool(found.get("domainNameStatus", "AVAILABLE") == "AVAILABLE")

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        mutual = found.get("mutualTlsAuthentication") or None
        shown = outputs.get("mutualTlsAuthentication") if mutual else None
        arn = aws.arn("apigateway", f"/domainnames/{found['domainName']}", account=False)
        return {**outputs, "arn": arn, "mutualTlsAuthentication": shown}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        operations = patches.operations(change, self.pointers)
        if change.any("endpointConfiguration"):
            old, new = (g.get("endpointConfiguration") or {} for g in (change.old, change.new))
            if new.get("types") and new.get("types") != old.get("types"):
                operations.append(patches.replace("/endpointConfiguration/types/0", new["types"]))
            if new.get("ipAddressType") and new.get("ipAddressType") != old.get("ipAddressType"):
                operations.append(patches.replace("/endpointConfiguration/ipAddressType", new["ipAddressType"]))
        if change.any("mutualTlsAuthentication"):
            settings = change.new.get("mutualTlsAuthentication") or {"truststoreUri": "", "truststoreVersion": ""}
            operations += [patches.replace(f"/mutualTlsAuthentication/{k}", v) for k, v in sorted(settings.items())]
        self.patch(aws, id, change, operations)
        self.complete(aws, id, change.new)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["domainName"])


class BasePathMapping(Patched):
    """`aws:apigateway/basePathMapping:BasePathMapping`. The id is `<domain name>/<path>`; the path may be empty."""

    naming = None
    names = given(restApi="restApiId", stageName="stage")
    replaces = ("domainName", "domainNameId")
    unsupported = ("domainNameId",)
    pointers = given(basePath="/basePath", restApi="/restapiId", stageName="/stage")
    making = Call("create_base_path_mapping")
    reading = Call("get_base_path_mapping", _MAPPING)
    patching = Call("update_base_path_mapping", _MAPPING)
    removing = Call("delete_base_path_mapping", _MAPPING)

    def _place(self, id: str) -> Properties:
        domain, joint, path = id.partition("/")
        if not joint:
            raise ProviderError(f"{self.token}: {id} does not say its path", hint="import it by <domain name>/<path>")
        return {"domainName": domain, "path": path or _NO_PATH}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        super().create(aws, inputs, token)
        return str(self.identify(aws, inputs))

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        place = self._place(id)
        found = super().read(aws, id, {**known, **place})
        return None if found is None else {**found, "domainName": place["domainName"]}

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        path = found.get("basePath") or _NO_PATH
        return {**outputs, "basePath": "" if path == _NO_PATH else path}

    def forces(self, old: Properties, new: Properties) -> list[str]:
        """The path is part of the id."""
        return ["basePath"]

    def update(self, aws: Aws, id: str, change: Change) -> None:
        keyed = Change(change.old, {**change.new, **self._place(id)}, change.keys, change.outputs)
        self.patch(aws, id, keyed, patches.operations(change, self.pointers))

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        super().delete(aws, id, {**known, **self._place(id)})

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return f"{inputs['domainName']}/{inputs.get('basePath') or ''}"
