"""Domain names of one's own, and which API each of their paths leads to; links into a VPC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackyard.errors import ProviderError
from stackyard.model.values import Properties
from stackyard.providers.aws.apigatewayv2.parts import Patched
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, FoundBy
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, given
from stackyard.providers.aws.tagging import TOKEN_TAG, Tagging

_DOMAIN: Final = given(DomainName="$domainName")
_MAPPING: Final = given(ApiMappingId="$id", DomainName="$domainName")


class DomainName(Patched):
    """`aws:apigatewayv2/domainName:DomainName`; its id is the name."""

    naming = None
    names = given(**{"domainNameConfiguration.targetDomainName": "ApiGatewayDomainName"})
    id = "DomainName"
    replaces = ("domainName",)
    computed = (
        "domainNameConfiguration.hostedZoneId",
        "domainNameConfiguration.ipAddressType",
        "domainNameConfiguration.ownershipVerificationCertificateArn",
        "domainNameConfiguration.targetDomainName",
        "routingMode",
    )
    tagging = Tagging("apigatewayv2", by="arn", read="get_tags")
    making = Call("create_domain_name")
    reading = Call("get_domain_name", given(DomainName="$id"))
    changing = (Call("update_domain_name", _DOMAIN),)
    removing = Call("delete_domain_name", _DOMAIN)

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        aws.wait(f"domain name {id}", lambda: self._is_available(aws, id))

    def _is_available(self, aws: Aws, id: str) -> bool:
        found = aws.apigatewayv2.get_domain_name(DomainName=id)["DomainNameConfigurations"][0]
        return bool(found.get("DomainNameStatus", "AVAILABLE") == "AVAILABLE")

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        return {**outputs, "arn": aws.arn("apigateway", f"/domainnames/{found['DomainName']}", account=False)}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        super().update(aws, id, change)
        self.complete(aws, id, change.new)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["domainName"])


class ApiMapping(Patched):
    """`aws:apigatewayv2/apiMapping:ApiMapping`. An import is by `<id>/<domain name>`."""

    naming = None
    id = "ApiMappingId"
    always = ("apiId",)
    replaces = ("domainName",)
    making = Call("create_api_mapping")
    reading = Call("get_api_mapping", _MAPPING)
    changing = (Call("update_api_mapping", _MAPPING),)
    removing = Call("delete_api_mapping", _MAPPING)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        own, _, domain = id.partition("/")
        domain = domain or str(known.get("domainName") or "")
        if not domain:
            raise ProviderError(f"{self.token}: {id} does not say its domain", hint="import it by <id>/<domain name>")
        found = super().read(aws, own, {**known, "domainName": domain})
        return None if found is None else {**found, "domainName": domain, "id": own}

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        """A domain name has one mapping of a key."""
        key = inputs.get("apiMappingKey") or ""
        try:
            found = list(aws.pages(self.service, "get_api_mappings", "Items", DomainName=inputs["domainName"]))
        except aws.apigatewayv2.exceptions.NotFoundException:
            return None
        return next((str(m["ApiMappingId"]) for m in found if (m.get("ApiMappingKey") or "") == key), None)


class VpcLink(Patched):
    """`aws:apigatewayv2/vpcLink:VpcLink`."""

    naming = Naming(limit=128)
    found_by = FoundBy.TAG
    id = "VpcLinkId"
    replaces = ("securityGroupIds", "subnetIds")
    sets = ("securityGroupIds", "subnetIds")
    tagging = Tagging("apigatewayv2", by="arn", read="get_tags")
    waits_gone = True
    making = Call("create_vpc_link")
    reading = Call("get_vpc_link", given(VpcLinkId="$id"))
    changing = (Call("update_vpc_link", given(VpcLinkId="$id")),)
    removing = Call("delete_vpc_link", given(VpcLinkId="$id"))

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        aws.wait(f"VPC link {id}", lambda: self._is_available(aws, id))

    def _is_available(self, aws: Aws, id: str) -> bool:
        found = aws.apigatewayv2.get_vpc_link(VpcLinkId=id)
        if found.get("VpcLinkStatus") == "FAILED":
            reason = found.get("VpcLinkStatusMessage", "no reason was given")
            raise ProviderError(f"{self.token}: {id} failed: {reason}")
        return bool(found.get("VpcLinkStatus") == "AVAILABLE")

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        return {**outputs, "arn": aws.arn("apigateway", f"/vpclinks/{found['VpcLinkId']}", account=False)}

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        found = aws.pages(self.service, "get_vpc_links", "Items")
        return next(
            (str(link["VpcLinkId"]) for link in found if (link.get("Tags") or {}).get(TOKEN_TAG) == token), None
        )
