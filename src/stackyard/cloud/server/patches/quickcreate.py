"""Fault: an HTTP API made with a target (quick create) has neither route nor stage, answers 404, and keeps a target
that was changed. Cure: it gets the integration, the route and the `$default` stage that AWS makes for it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders


def cures(_order: orders.Order) -> dict[str, arrivals.Cure]:
    """CreateApi of API Gateway v2."""
    return {"ministack.services.apigateway": _in_apis}


def _in_apis(module: Any) -> None:
    create = module._create_api

    def create_with_target(data: dict[str, Any]) -> Any:
        answer = create(data)
        target = data.get("target")
        if answer[0] != 201 or not target or data.get("protocolType", "HTTP") != "HTTP":
            return answer
        api = json.loads(answer[2])["apiId"]
        to_function = target.startswith("arn:")
        integration = json.loads(module._create_integration(api, {
            "integrationType": "AWS_PROXY" if to_function else "HTTP_PROXY", "integrationUri": target,
            "payloadFormatVersion": "2.0" if to_function else "1.0",
            "integrationMethod": "POST" if to_function else "ANY",
        })[2])["integrationId"]  # fmt: skip
        route = {"routeKey": data.get("routeKey") or "$default", "target": f"integrations/{integration}"}
        module._create_route(api, route)
        module._create_stage(api, {"stageName": "$default", "autoDeploy": True})
        return answer

    update = module._update_api

    def update_with_target(api: str, data: dict[str, Any]) -> Any:
        answer = update(api, data)
        if answer[0] == 200 and (data.get("target") or data.get("routeKey")):
            _retarget(module, api, data)
        return answer

    module._create_api = create_with_target
    module._update_api = update_with_target


def _retarget(module: Any, api: str, data: dict[str, Any]) -> None:
    """The API's one route and the integration behind it lead to the new target."""
    for route in module._routes[api].values():
        integration = module._integrations[api].get(route.get("target", "").rpartition("/")[2])
        if data.get("target") and integration is not None:
            integration["integrationUri"] = data["target"]
        route["routeKey"] = data.get("routeKey") or route["routeKey"]
