"""Looks up HTTP and WebSocket APIs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard.model.values import Properties
from stackyard.providers.aws import addresses
from stackyard.providers.aws.connections import Aws

_CORS = {
    "allowCredentials": "AllowCredentials",
    "allowHeaders": "AllowHeaders",
    "allowMethods": "AllowMethods",
    "allowOrigins": "AllowOrigins",
    "exposeHeaders": "ExposeHeaders",
    "maxAge": "MaxAge",
}


def get_api(aws: Aws, arguments: Properties) -> Properties:
    """`aws:apigatewayv2/getApi:getApi`: an API by its id."""
    found = aws.apigatewayv2.get_api(ApiId=arguments["apiId"])
    secure = "wss" if found["ProtocolType"] == "WEBSOCKET" else "https"
    cors = found.get("CorsConfiguration")
    return {
        "id": found["ApiId"],
        "apiEndpoint": addresses.execute_api(aws, "apigatewayv2", found["ApiId"], secure),
        "apiKeySelectionExpression": found.get("ApiKeySelectionExpression", ""),
        "arn": aws.arn("apigateway", f"/apis/{found['ApiId']}", account=False),
        "corsConfigurations": [_cors(cors)] if cors else [],
        "description": found.get("Description", ""),
        "disableExecuteApiEndpoint": found.get("DisableExecuteApiEndpoint", False),
        "executionArn": aws.arn("execute-api", found["ApiId"]),
        "ipAddressType": found.get("IpAddressType", ""),
        "name": found["Name"],
        "protocolType": found["ProtocolType"],
        "routeSelectionExpression": found.get("RouteSelectionExpression", ""),
        "tags": found.get("Tags") or {},
        "version": found.get("Version", ""),
    }


def _cors(answer: Mapping[str, Any]) -> Properties:
    empty: Properties = {"allowCredentials": False, "maxAge": 0}
    return {name: answer.get(member, empty.get(name, [])) for name, member in _CORS.items()}


def get_apis(aws: Aws, arguments: Properties) -> Properties:
    """`aws:apigatewayv2/getApis:getApis`: the ids of those with a name, protocol and tags."""
    wanted = {"Name": arguments.get("name"), "ProtocolType": arguments.get("protocolType")}
    tags = arguments.get("tags") or {}
    found = [
        str(api["ApiId"])
        for api in aws.pages("apigatewayv2", "get_apis", "Items")
        if all(value in (None, api.get(member)) for member, value in wanted.items())
        and tags.items() <= (api.get("Tags") or {}).items()
    ]
    return {"id": aws.region, "ids": found}
