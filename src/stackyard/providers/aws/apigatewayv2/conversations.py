"""What WebSocket APIs answer: responses of routes and integrations, and models of bodies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from stackyard.errors import ProviderError
from stackyard.model.values import Properties
from stackyard.providers.aws.apigatewayv2.parts import Part, Patched
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.tables import Call, given

_ROUTE: Final = given(ApiId="$apiId", RouteId="$routeId", RouteResponseId="$id")
_INTEGRATION: Final = given(ApiId="$apiId", IntegrationId="$integrationId", IntegrationResponseId="$id")
_MODEL: Final = given(ApiId="$apiId", ModelId="$id")


class _Answer(Patched):
    """A response inside a route or integration. An import is by `<api>/<parent>/<id>`."""

    naming = None
    parent: ClassVar[str] = ""
    key: ClassVar[str] = ""
    listing: ClassVar[str] = ""

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        parts = id.split("/")
        if len(parts) == 3:
            known = {**known, "apiId": parts[0], self.parent: parts[1]}
        elif not known.get("apiId"):
            raise ProviderError(f"{self.token}: {id} does not say its API", hint="import it by <api id>/<parent>/<id>")
        found = super().read(aws, parts[-1], known)
        place = {name: known[name] for name in ("apiId", self.parent)}
        return None if found is None else {**found, **place, "id": parts[-1]}

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        """A parent has one response of a key."""
        member = self.parent[0].upper() + self.parent[1:]
        where = {"ApiId": inputs["apiId"], member: inputs[self.parent]}
        try:
            found: list[Mapping[str, Any]] = list(aws.pages(self.service, self.listing, "Items", **where))
        except aws.apigatewayv2.exceptions.NotFoundException:
            return None
        wanted = inputs[self.key[0].lower() + self.key[1:]]
        return next((str(one[self.id]) for one in found if one[self.key] == wanted), None)


class RouteResponse(_Answer):
    """`aws:apigatewayv2/routeResponse:RouteResponse`."""

    parent, key, listing = "routeId", "RouteResponseKey", "get_route_responses"
    id = "RouteResponseId"
    replaces = ("apiId", "routeId")
    making = Call("create_route_response")
    reading = Call("get_route_response", _ROUTE)
    changing = (Call("update_route_response", _ROUTE),)
    removing = Call("delete_route_response", _ROUTE)


class IntegrationResponse(_Answer):
    """`aws:apigatewayv2/integrationResponse:IntegrationResponse`."""

    parent, key, listing = "integrationId", "IntegrationResponseKey", "get_integration_responses"
    id = "IntegrationResponseId"
    replaces = ("apiId", "integrationId")
    making = Call("create_integration_response")
    reading = Call("get_integration_response", _INTEGRATION)
    changing = (Call("update_integration_response", _INTEGRATION),)
    removing = Call("delete_integration_response", _INTEGRATION)


class Model(Part):
    """`aws:apigatewayv2/model:Model`; names are unique in an API."""

    id = "ModelId"
    listing = "get_models"
    replaces = ("apiId",)
    documents = ("schema",)
    making = Call("create_model")
    reading = Call("get_model", _MODEL)
    changing = (Call("update_model", _MODEL),)
    removing = Call("delete_model", _MODEL)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        found = self.siblings(aws, str(inputs["apiId"]))
        return next((str(part["ModelId"]) for part in found if part["Name"] == inputs["name"]), None)
