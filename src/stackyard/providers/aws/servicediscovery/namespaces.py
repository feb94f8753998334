"""Cloud Map namespaces. Calls answer an operation, which is waited for; the id is the namespace's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from stackyard.errors import ProviderError
from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tagging import Tagging, mapping, pairs


def finished(aws: Aws, operation: str) -> dict[str, str]:
    """Wait for an operation; what it was done to. Raises ProviderError, with AWS's reason, when it failed."""

    def look() -> dict[str, str] | None:
        found = aws.servicediscovery.get_operation(OperationId=operation)["Operation"]
        if found["Status"] == "FAIL":
            raise ProviderError(f"servicediscovery: {found.get('ErrorCode')}: {found.get('ErrorMessage')}")
        targets: dict[str, str] = found.get("Targets") or {}
        return targets if found["Status"] == "SUCCESS" else None

    return aws.wait(f"operation {operation}", look)


def listed(aws: Aws, name: str, kind: str) -> Mapping[str, Any] | None:
    """A namespace by name and type."""
    found = aws.pages("servicediscovery", "list_namespaces", "Namespaces")
    return next((item for item in found if item["Name"] == name and item["Type"] == kind), None)


class _Namespace(Kind):
    """`kind` is the type that Cloud Map gives it, `word` the one in its calls."""

    naming = Naming(limit=253)
    replaces: ClassVar[tuple[str, ...]] = ("name",)
    tagging = Tagging("servicediscovery", by="arn")
    kind = ""
    word = ""

    def _more(self, inputs: Properties) -> dict[str, Any]:
        return {}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        call = getattr(aws.servicediscovery, f"create_{self.word}_namespace")
        description = {"Description": inputs["description"]} if inputs.get("description") else {}
        tags = pairs(inputs.get("tagsAll"))
        answer = call(Name=inputs["name"], Tags=tags, CreatorRequestId=token[:64], **description, **self._more(inputs))
        return finished(aws, answer["OperationId"])["NAMESPACE"]

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = aws.servicediscovery.get_namespace(Id=id)["Namespace"]
        outputs = {"arn": found["Arn"], "name": found["Name"], "description": found.get("Description", "")}
        properties = found.get("Properties") or {}
        zone = properties.get("DnsProperties", {}).get("HostedZoneId", "")
        return {**outputs, "hostedZone": zone, "httpName": properties.get("HttpProperties", {}).get("HttpName", "")}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        call = getattr(aws.servicediscovery, f"update_{self.word}_namespace")
        answer = call(Id=id, Namespace={"Description": change.new.get("description", "")})
        finished(aws, answer["OperationId"])

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        finished(aws, aws.servicediscovery.delete_namespace(Id=id)["OperationId"])

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        found = listed(aws, inputs["name"], self.kind)
        return str(found["Id"]) if found else None


class HttpNamespace(_Namespace):
    """`aws:servicediscovery/httpNamespace:HttpNamespace`."""

    kind, word = "HTTP", "http"


class PublicDnsNamespace(_Namespace):
    """`aws:servicediscovery/publicDnsNamespace:PublicDnsNamespace`."""

    kind, word = "DNS_PUBLIC", "public_dns"


class PrivateDnsNamespace(_Namespace):
    """`aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace`. The VPC cannot be read back."""

    kind, word = "DNS_PRIVATE", "private_dns"
    replaces = ("name", "vpc")

    def _more(self, inputs: Properties) -> dict[str, Any]:
        return {"Vpc": inputs["vpc"]}


def get_dns_namespace(aws: Aws, arguments: Properties) -> Properties:
    """`aws:servicediscovery/getDnsNamespace:getDnsNamespace`."""
    found = listed(aws, arguments["name"], arguments["type"])
    if found is None:
        token = "aws:servicediscovery/getDnsNamespace:getDnsNamespace"
        raise ProviderError(f"{token}: no {arguments['type']} namespace is called {arguments['name']!r}")
    whole = aws.servicediscovery.get_namespace(Id=found["Id"])["Namespace"]
    return {
        "id": whole["Id"],
        "arn": whole["Arn"],
        "description": whole.get("Description", ""),
        "hostedZone": whole.get("Properties", {}).get("DnsProperties", {}).get("HostedZoneId", ""),
        "tags": mapping(aws.servicediscovery.list_tags_for_resource(ResourceARN=whole["Arn"]).get("Tags")),
    }
