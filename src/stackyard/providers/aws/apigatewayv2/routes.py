"""Routes: which requests of an API lead where. An API has one route of a key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard.model.values import Properties
from stackyard.providers.aws.apigatewayv2.parts import Part
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, fixed
from stackyard.providers.aws.tables import Call, given

_WHERE = given(ApiId="$apiId", RouteId="$id")


class Route(Part):
    """`aws:apigatewayv2/route:Route`."""

    id = "RouteId"
    listing = "get_routes"
    defaults = fixed(apiKeyRequired=False, authorizationType="NONE")
    replaces = ("apiId",)
    sets = ("authorizationScopes", "requestParameters")
    making = Call("create_route")
    reading = Call("get_route", _WHERE)
    changing = (Call("update_route", _WHERE),)
    removing = Call("delete_route", _WHERE)

    def sent(self, inputs: Properties) -> Properties:
        parameters = inputs.get("requestParameters") or []
        asked = {entry["requestParameterKey"]: {"required": entry["required"]} for entry in parameters}
        return {**inputs, "requestParameters": asked}

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        asked = found.get("RequestParameters") or {}
        listed = [{"requestParameterKey": key, "required": value["Required"]} for key, value in asked.items()]
        return {**outputs, "requestParameters": listed}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        before, after = (
            {entry["requestParameterKey"] for entry in given_.get("requestParameters") or []}
            for given_ in (change.old, change.new)
        )
        for key in sorted(before - after):
            api = change.new["apiId"]
            aws.apigatewayv2.delete_route_request_parameter(ApiId=api, RequestParameterKey=key, RouteId=id)
        self.patch(aws, id, change, change.keys if after else change.keys - {"requestParameters"})

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        routes = self.siblings(aws, str(inputs["apiId"]))
        return next((route["RouteId"] for route in routes if route["RouteKey"] == inputs["routeKey"]), None)
