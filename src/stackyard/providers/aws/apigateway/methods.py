"""Methods of resources, and the integration behind each. Their ids say where they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackyard.model.values import Properties
from stackyard.providers.aws.apigateway.parts import Placed
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import fixed
from stackyard.providers.aws.tables import Call, given

_WHERE: Final = given(restApiId="$restApi", resourceId="$resourceId", httpMethod="$httpMethod")
_PLACE: Final = ("restApi", "resourceId", "httpMethod")


class Method(Placed):
    """`aws:apigateway/method:Method`."""

    prefix = "agm"
    names = given(restApi="restApiId", authorization="authorizationType")
    defaults = fixed(apiKeyRequired=False)
    replaces = _PLACE
    sets = ("authorizationScopes",)
    pointers = given(
        apiKeyRequired="/apiKeyRequired",
        authorization="/authorizationType",
        authorizationScopes="/authorizationScopes",
        authorizerId="/authorizerId",
        operationName="/operationName",
        requestModels="/requestModels",
        requestParameters="/requestParameters",
        requestValidatorId="/requestValidatorId",
    )
    making = Call("put_method", _WHERE)
    reading = Call("get_method", _WHERE)
    patching = Call("update_method", _WHERE)
    removing = Call("delete_method", _WHERE)


class Integration(Placed):
    """`aws:apigateway/integration:Integration`."""

    prefix = "agi"
    names = given(restApi="restApiId", timeoutMilliseconds="timeoutInMillis")
    defaults = fixed(connectionType="INTERNET", timeoutMilliseconds=29000)
    replaces = (*_PLACE, "integrationHttpMethod", "type")
    sets = ("cacheKeyParameters",)
    computed = ("cacheNamespace", "integrationHttpMethod", "passthroughBehavior", "responseTransferMode", "uri")
    pointers = given(
        cacheKeyParameters="/cacheKeyParameters",
        cacheNamespace="/cacheNamespace",
        connectionId="/connectionId",
        connectionType="/connectionType",
        contentHandling="/contentHandling",
        credentials="/credentials",
        integrationTarget="/integrationTarget",
        passthroughBehavior="/passthroughBehavior",
        requestParameters="/requestParameters",
        requestTemplates="/requestTemplates",
        responseTransferMode="/responseTransferMode",
        timeoutMilliseconds="/timeoutInMillis",
        tlsConfig="/tlsConfig",
        uri="/uri",
    )
    making = Call("put_integration", _WHERE)
    reading = Call("get_integration", _WHERE)
    patching = Call("update_integration", _WHERE)
    removing = Call("delete_integration", _WHERE)

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        """What AWS calls httpMethod here is the method towards the backend."""
        return {**outputs, "integrationHttpMethod": found.get("httpMethod", "")}
