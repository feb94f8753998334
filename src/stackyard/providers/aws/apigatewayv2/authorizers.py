"""Authorizers: who may call an API's routes, decided by a token or by a function."""

from __future__ import annotations

from stackyard.model.values import Properties
from stackyard.providers.aws.apigatewayv2.parts import Part
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, given

_WHERE = given(ApiId="$apiId", AuthorizerId="$id")


class Authorizer(Part):
    """`aws:apigatewayv2/authorizer:Authorizer`."""

    naming = Naming(limit=128)
    id = "AuthorizerId"
    listing = "get_authorizers"
    replaces = ("apiId", "authorizerType")
    sets = ("identitySources", "jwtConfiguration.audiences")
    computed = ("authorizerPayloadFormatVersion", "authorizerResultTtlInSeconds")
    making = Call("create_authorizer")
    reading = Call("get_authorizer", _WHERE)
    changing = (Call("update_authorizer", _WHERE),)
    removing = Call("delete_authorizer", _WHERE)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        found = self.siblings(aws, str(inputs["apiId"]))
        return next((part["AuthorizerId"] for part in found if part["Name"] == inputs["name"]), None)
