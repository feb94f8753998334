"""Faults: the event that an HTTP API gives to a function has neither cookies nor stage variables, and a null for path
parameters; a proxy's URI is taken as it is written, `{proxy}` and `${stageVariables.…}` too, and the path comes after
it. Cures: the event is AWS's payload format 2.0; what a URI names is filled in, and then nothing is appended.
"""

from __future__ import annotations

import contextvars
import re
import urllib.parse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders

_PARAMETER = re.compile(r"\{([A-Za-z0-9_.-]+)\+?\}")
_VARIABLE = re.compile(r"\$\{stageVariables\.([A-Za-z0-9_]+)\}")
# What the request in hand has for its integration's URI.
_MAPPED: contextvars.ContextVar[tuple[Mapping[str, str], Mapping[str, str]]] = contextvars.ContextVar(
    "mapped", default=({}, {})
)


def cures(_order: orders.Order) -> dict[str, arrivals.Cure]:
    """The data plane of API Gateway v2."""
    return {"ministack.services.apigateway": _in_apis}


def _in_apis(module: Any) -> None:
    run, forward, mappings = module.run_reentrant, module._invoke_http_proxy, module._apply_request_parameter_mappings
    invoke = module._invoke_lambda_proxy

    async def run_whole(function: Any, record: Any, event: Any, **named: Any) -> Any:
        _complete(module, event)
        return await run(function, record, event, **named)

    def mapped(*given: Any, path_params: Any = None, stage_vars: Any = None, **named: Any) -> Any:
        _MAPPED.set((path_params or {}, stage_vars or {}))
        return mappings(*given, path_params=path_params, stage_vars=stage_vars, **named)

    async def forward_filled(integration: dict[str, Any], path: str, *rest: Any) -> Any:
        parameters, variables = _MAPPED.get()
        uri = _VARIABLE.sub(lambda found: variables.get(found[1], ""), integration.get("integrationUri", ""))
        filled = _PARAMETER.sub(lambda found: urllib.parse.quote(parameters.get(found[1], ""), safe="/"), uri)
        return await forward({**integration, "integrationUri": filled}, path if filled == uri else "", *rest)

    async def invoke_filled(integration: dict[str, Any], api: str, stage: str, *rest: Any, **named: Any) -> Any:
        uri = integration.get("integrationUri", "")
        if "${stageVariables." in uri:
            variables = _variables(module, api, stage)
            uri = _VARIABLE.sub(lambda found: variables.get(found[1], ""), uri)
        return await invoke({**integration, "integrationUri": uri}, api, stage, *rest, **named)

    module.run_reentrant, module._apply_request_parameter_mappings = run_whole, mapped
    module._invoke_http_proxy, module._invoke_lambda_proxy = forward_filled, invoke_filled


def _complete(module: Any, event: Any) -> None:
    """Add to an event of the second format what it lacks; others stay as they are."""
    context = event.get("requestContext") if isinstance(event, dict) else None
    if not context or event.get("version") != "2.0" or "http" not in context or event.get("type") == "REQUEST":
        return
    if event.get("pathParameters") is None:
        event.pop("pathParameters", None)
    cookies = event["headers"].pop("cookie", "") if "cookies" not in event else ""
    if cookies:
        event["cookies"] = [part.strip() for part in cookies.split(";") if part.strip()]
    variables = _variables(module, context["apiId"], context["stage"])
    if variables:
        event["stageVariables"] = variables


def _variables(module: Any, api: str, stage: str) -> dict[str, str]:
    found: dict[str, str] = (module.stages_for_api(api).get(stage) or {}).get("stageVariables") or {}
    return dict(found)
