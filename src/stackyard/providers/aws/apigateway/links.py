"""Links into a VPC, and the certificates that an API shows its backends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackyard.errors import ProviderError
from stackyard.model.values import Properties
from stackyard.providers.aws.apigateway.parts import Patched
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import FoundBy, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, given
from stackyard.providers.aws.tagging import TOKEN_TAG, Tagging

_LINK: Final = given(vpcLinkId="$id")
_CERTIFICATE: Final = given(clientCertificateId="$id")


class VpcLink(Patched):
    """`aws:apigateway/vpcLink:VpcLink`."""

    naming = Naming()
    found_by = FoundBy.TAG
    id = "id"
    replaces = ("targetArn",)
    tagging = Tagging("apigateway", by="arn", read="get_tags")
    pointers = given(description="/description", name="/name")
    waits_gone = True
    making = Call("create_vpc_link")
    reading = Call("get_vpc_link", _LINK)
    patching = Call("update_vpc_link", _LINK)
    removing = Call("delete_vpc_link", _LINK)

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        aws.wait(f"VPC link {id}", lambda: self._is_available(aws, id))

    def _is_available(self, aws: Aws, id: str) -> bool:
        found = aws.apigateway.get_vpc_link(vpcLinkId=id)
        if found.get("status") == "FAILED":
            raise ProviderError(f"{self.token}: {id} failed: {found.get('statusMessage', 'no reason was given')}")
        return bool(found.get("status") == "AVAILABLE")

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        return {**outputs, "arn": aws.arn("apigateway", f"/vpclinks/{found['id']}", account=False)}

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        found = aws.pages(self.service, "get_vpc_links", "items")
        return next((str(link["id"]) for link in found if (link.get("tags") or {}).get(TOKEN_TAG) == token), None)


class ClientCertificate(Patched):
    """`aws:apigateway/clientCertificate:ClientCertificate`."""

    naming = None
    found_by = FoundBy.TAG
    id = "clientCertificateId"
    defaults = fixed(description="Managed by Pulumi")
    tagging = Tagging("apigateway", by="arn", read="get_tags")
    pointers = given(description="/description")
    making = Call("generate_client_certificate")
    reading = Call("get_client_certificate", _CERTIFICATE)
    patching = Call("update_client_certificate", _CERTIFICATE)
    removing = Call("delete_client_certificate", _CERTIFICATE)

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        path = f"/clientcertificates/{found['clientCertificateId']}"
        return {**outputs, "arn": aws.arn("apigateway", path, account=False)}

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        found = aws.pages(self.service, "get_client_certificates", "items")
        mine = (one for one in found if (one.get("tags") or {}).get(TOKEN_TAG) == token)
        return next((str(one["clientCertificateId"]) for one in mine), None)
