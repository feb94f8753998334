"""Responses of methods, of integrations, and of the gateway itself when it refuses a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackyard.model.values import Properties
from stackyard.providers.aws.apigateway.parts import Placed
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change
from stackyard.providers.aws.tables import Call, given

_WHERE: Final = given(
    restApiId="$restApi", resourceId="$resourceId", httpMethod="$httpMethod", statusCode="$statusCode"
)
_PLACE: Final = ("restApi", "resourceId", "httpMethod", "statusCode")
_GATEWAY: Final = given(restApiId="$restApiId", responseType="$responseType")


class MethodResponse(Placed):
    """`aws:apigateway/methodResponse:MethodResponse`."""

    prefix = "agmr"
    places = _PLACE
    names = given(restApi="restApiId")
    replaces = _PLACE
    pointers = given(responseModels="/responseModels", responseParameters="/responseParameters")
    making = Call("put_method_response", _WHERE)
    reading = Call("get_method_response", _WHERE)
    patching = Call("update_method_response", _WHERE)
    removing = Call("delete_method_response", _WHERE)


class IntegrationResponse(Placed):
    """`aws:apigateway/integrationResponse:IntegrationResponse`; an update puts it whole."""

    prefix = "agir"
    places = _PLACE
    names = given(restApi="restApiId")
    replaces = _PLACE
    making = Call("put_integration_response", _WHERE)
    reading = Call("get_integration_response", _WHERE)
    changing = (making,)
    removing = Call("delete_integration_response", _WHERE)

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self.create(aws, change.new, "")


class Response(Placed):
    """`aws:apigateway/response:Response`: what the gateway answers itself; deleting one brings back AWS's own."""

    prefix = "aggr"
    places = ("restApiId", "responseType")
    replaces = ("restApiId", "responseType")
    computed = ("responseTemplates", "statusCode")
    making = Call("put_gateway_response", _GATEWAY)
    reading = Call("get_gateway_response", _GATEWAY)
    removing = Call("delete_gateway_response", _GATEWAY)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = super().read(aws, id, known)
        return None if found is None or found.pop("isDefault") else found

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        return {**outputs, "isDefault": found.get("defaultResponse", False)}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self.create(aws, change.new, "")
