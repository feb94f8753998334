"""Fault: what is called without a signature (an API, a custom domain, a load balancer, a distribution) is looked for
in the default account and region alone, so that it answers 404 in every other; the host names of AWS itself are not
known, nor an API's path without a slash at its end. Cure: the request is put into the account and region of what its
host or path names, then served.
"""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders

_HOST = re.compile(r"^([a-z0-9]{4,32})\.execute-api\.(?:[a-z0-9-]+\.)?(?:localhost|amazonaws\.com)(?::\d+)?$")
_ROOT = re.compile(r"^/_aws/execute-api/[a-z0-9]+$")
Place = tuple[str, str]


def cures(_order: orders.Order) -> dict[str, arrivals.Cure]:
    """The front door's four ways in, and the WebSocket's."""
    return {
        "ministack.app": _in_app,
        "ministack.services.apigateway": _in_apis,
        "ministack.services.apigateway_v1": lambda module: _find_anywhere(module, "_rest_apis"),
    }


def _in_app(module: Any) -> None:
    module._EXECUTE_API_RE = _HOST
    parse = module._parse_execute_api_url
    module._parse_execute_api_url = lambda host, path: parse(host, f"{path}/" if _ROOT.match(path) else path)
    execute, balance, distribute, domain = (
        module._handle_execute_api_request, module._handle_alb_request,
        module._handle_cloudfront_dataplane_request, module._resolve_custom_domain_request,
    )  # fmt: skip

    def enter(place: Place | None) -> None:
        if place is not None:
            module.set_request_account_id(place[0])
            module.set_request_region(place[1])

    async def execute_anywhere(host: str, path: str, *rest: Any, **named: Any) -> Any:
        parsed = module._parse_execute_api_url(host, path)
        if parsed is not None:
            enter(_api(module, parsed[0]))
        return await execute(host, path, *rest, **named)

    def domain_anywhere(host: str, path: str) -> Any:
        name = host.split(":")[0].lower()
        domains = module._get_module("apigateway_v1")._domain_names
        enter(_place(domains, lambda key, _value: key.lower() == name))
        return domain(host, path)

    async def balance_anywhere(host: str, path: str, *rest: Any, **named: Any) -> Any:
        if module._is_potential_alb_request(host, path):
            enter(_balancer(module, host, path))
        return await balance(host, path, *rest, **named)

    async def distribute_anywhere(host: str, *rest: Any, **named: Any) -> Any:
        label = module._parse_cloudfront_dataplane_host(host)
        if label is not None:
            wanted = f"{label}.cloudfront.net"
            distributions = module._get_module("cloudfront")._distributions
            enter(_place(distributions, lambda _key, value: value.get("DomainName", "").lower() == wanted))
        return await distribute(host, *rest, **named)

    module._handle_execute_api_request = execute_anywhere
    module._handle_alb_request = balance_anywhere
    module._handle_cloudfront_dataplane_request = distribute_anywhere
    module._resolve_custom_domain_request = domain_anywhere


def _in_apis(module: Any) -> None:
    _find_anywhere(module, "_apis")
    converse = module.handle_websocket

    async def converse_anywhere(scope: Any, receive: Any, send: Any, api_id: str, **named: Any) -> None:
        place = module.find_api_scope(api_id)
        if place is not None:
            responses = importlib.import_module("ministack.core.responses")
            responses.set_request_account_id(place[0])
            responses.set_request_region(place[1])
        await converse(scope, receive, send, api_id, **named)

    module.handle_websocket = converse_anywhere


def _find_anywhere(module: Any, store: str) -> None:
    """An API's id says where it is, whoever asks; looking at keys alone does not touch the APIs themselves."""

    def find_api_scope(api_id: str) -> Place | None:
        return _place(getattr(module, store), lambda key, _value: key == api_id)

    module.find_api_scope = find_api_scope


def _api(app: Any, api_id: str) -> Place | None:
    place: Place | None = app._get_module("apigateway_v1").find_api_scope(api_id)
    return place or app._get_module("apigateway").find_api_scope(api_id)


def _balancer(app: Any, host: str, path: str) -> Place | None:
    name = host.split(":")[0].lower()
    addressed = path.removeprefix("/_alb/").split("/", 1)[0].lower() if path.startswith("/_alb/") else ""

    def named(_key: Any, value: Any) -> bool:
        own = value["LoadBalancerName"].lower()
        return name in (value["DNSName"].lower(), f"{own}.alb.localhost") or own == addressed

    return _place(app._get_module("alb")._lbs, named)


def _place(store: Any, wanted: Any) -> Place | None:
    """The account and region of the first entry that is `wanted(key, value)`; an account's store has no region."""
    for scoped, value in list(dict.items(store._data)):
        if wanted(scoped[-1], value):
            return scoped[0], scoped[1] if len(scoped) == 3 else ""
    return None
