"""Faults of REST APIs: a definition cannot be put over one (PutRestApi) or imported; patches keep `~1` in keys, texts
for numbers, and lists as texts; five patches are missing; tags given at creation are not answered. Cure: an OpenAPI
definition is carried out as far as the emulator serves it, patches follow RFC 6901, and tags are kept.
"""

from __future__ import annotations

import copy
import importlib
import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders

Answer = tuple[int, dict[str, str], bytes]
_METHODS = ("get", "post", "put", "delete", "patch", "head", "options", "x-amazon-apigateway-any-method")
_PARAMETER = {"query": "querystring", "header": "header", "path": "path"}
_DOMAIN = re.compile(r"^/domainnames/([^/]+)(?:/basepathmappings/([^/]+))?$")
_PATCHED = re.compile(
    r"^/restapis/([^/]+)/(?:resources/([^/]+)/methods/([^/]+)/(integration/)?responses/([^/]+)|gatewayresponses/(\w+))$"
)


def cures(_order: orders.Order) -> dict[str, arrivals.Cure]:
    """The control plane of API Gateway v1."""
    return {"ministack.services.apigateway_v1": _in_apis}


def _in_apis(module: Any) -> None:
    module._apply_patch = apply_patch
    module._import_operation = _importing(module)
    for name, kind, key in (
        ("_create_api_key", "apikeys", "id"),
        ("_create_domain_name", "domainnames", "domainName"),
        ("_create_usage_plan", "usageplans", "id"),
    ):
        setattr(module, name, _tagging(module, getattr(module, name), kind, key))
    create_stage, handle = module._create_stage, module.handle_request

    def create_tagged_stage(api: str, data: dict[str, Any]) -> Answer:
        answer: Answer = create_stage(api, data)
        if answer[0] == 201 and data.get("tags"):
            arn = f"{module._rest_api_arn(api)}/stages/{data['stageName']}"
            module._v1_tags[arn] = dict(data["tags"])
        return answer

    async def handle_all(method: str, path: str, headers: Any, body: bytes, query: dict[str, Any]) -> Answer:
        parts = path.strip("/").split("/")
        if parts[0] == "restapis" and method == "PUT" and len(parts) == 2:
            return _put(module, parts[1], body, _first(query, "mode"))
        if parts == ["restapis"] and method == "POST" and _first(query, "mode") == "import":
            spec = _parse(body)
            api = module._import_rest_api(spec)
            _settings(module, api, spec)
            return created(module._get_rest_api(api))
        domain = _DOMAIN.match(path) if method == "PATCH" else None
        if domain:
            return _patch_domain(module, domain[1], domain[2], json.loads(body or b"{}"))
        patched = _PATCHED.match(path) if method == "PATCH" else None
        if patched:
            return _patch(module, patched, json.loads(body or b"{}"))
        answer: Answer = await handle(method, path, headers, body, query)
        return answer

    module._create_stage = create_tagged_stage
    module.handle_request = handle_all


def created(answer: Answer) -> Answer:
    """The answer to a creation."""
    return 201, answer[1], answer[2]


def _first(query: dict[str, Any], name: str) -> str:
    found = query.get(name) or ""
    return str(found[0] if isinstance(found, list) else found)


def _parse(body: bytes) -> dict[str, Any]:
    try:
        spec = json.loads(body)
    except ValueError:
        spec = importlib.import_module("yaml").safe_load(body)
    return spec if isinstance(spec, dict) else {}


def _tagging(
    module: Any, create: Callable[[dict[str, Any]], Answer], kind: str, key: str
) -> Callable[[dict[str, Any]], Answer]:
    def create_tagged(data: dict[str, Any]) -> Answer:
        answer = create(data)
        if answer[0] == 201 and data.get("tags"):
            arn = f"arn:aws:apigateway:{module.get_region()}::/{kind}/{json.loads(answer[2])[key]}"
            module._v1_tags[arn] = dict(data["tags"])
        return answer

    return create_tagged


def _put(module: Any, api: str, body: bytes, mode: str) -> Answer:
    """Overwriting leaves the root, whose id stays, and nothing else."""
    if api not in module._rest_apis:
        return module._v1_error("NotFoundException", "Invalid API identifier specified", 404)  # type: ignore[no-any-return]
    spec = _parse(body)
    if not ("swagger" in spec or "openapi" in spec):
        return module._v1_error("BadRequestException", "Invalid OpenAPI input.", 400)  # type: ignore[no-any-return]
    if mode != "merge":
        for resource, value in list(module._resources[api].items()):
            if value["path"] == "/":
                value["resourceMethods"] = {}
            else:
                del module._resources[api][resource]
        for store in (module._authorizers_v1, module._models, module._gateway_responses):
            store[api] = {}
    _settings(module, api, spec)
    schemes = module._import_security_schemes(api, spec)
    for path, item in (spec.get("paths") or {}).items():
        shared = {key: value for key, value in item.items() if key == "parameters"}
        methods = {_method(key): {**shared, **value} for key, value in item.items() if key.lower() in _METHODS}
        _add_path(module, api, path, methods, schemes, spec.get("security"))
    return module._get_rest_api(api)  # type: ignore[no-any-return]


def _method(key: str) -> str:
    return "any" if key.startswith("x-") else key.lower()


def _add_path(module: Any, api: str, path: str, methods: dict[str, Any], schemes: Any, security: Any) -> None:
    module._import_path_item(api, path, {}, schemes, security)
    where = path.rstrip("/") or "/"
    resource = next(key for key, value in module._resources[api].items() if value["path"] == where)
    for method, operation in methods.items():
        module._import_operation(api, resource, method.upper(), operation, schemes, security)


def _settings(module: Any, api: str, spec: dict[str, Any]) -> None:
    """What a definition says of the API as a whole."""
    found, info = module._rest_apis[api], spec.get("info") or {}
    for name, value in (
        ("name", info.get("title")),
        ("description", info.get("description")),
        ("version", info.get("version")),
        ("binaryMediaTypes", spec.get("x-amazon-apigateway-binary-media-types")),
        ("minimumCompressionSize", spec.get("x-amazon-apigateway-minimum-compression-size")),
        ("apiKeySource", spec.get("x-amazon-apigateway-api-key-source")),
        ("policy", spec.get("x-amazon-apigateway-policy")),
    ):
        if value is not None:
            found[name] = value
    schemas = spec.get("definitions") or (spec.get("components") or {}).get("schemas") or {}
    for name, schema in schemas.items():
        module._create_model(api, {"name": name, "schema": json.dumps(schema), "contentType": "application/json"})
    for kind, response in (spec.get("x-amazon-apigateway-gateway-responses") or {}).items():
        module._put_gateway_response(api, kind, response)


def _importing(module: Any) -> Callable[..., None]:
    """One operation with all of its integration, not its address alone."""

    def import_operation(
        api: str, resource: str, method: str, operation: Any, schemes: Any = None, security: Any = None
    ) -> None:
        operation = operation or {}
        own = operation.get("security")
        given = module._method_security(security if own is None else own, schemes or {})
        given["operationName"] = operation.get("operationId", "")
        given["requestParameters"] = {
            f"method.request.{_PARAMETER[p['in']]}.{p['name']}": bool(p.get("required"))
            for p in operation.get("parameters") or ()
            if p.get("in") in _PARAMETER
        }
        module._put_method(api, resource, method, given)
        for status, response in (operation.get("responses") or {}).items():
            headers = {f"method.response.header.{name}": False for name in (response or {}).get("headers") or ()}
            module._put_method_response(api, resource, method, str(status), {"responseParameters": headers})
        integration = operation.get("x-amazon-apigateway-integration")
        if integration:
            kind = str(integration.get("type", "")).upper()
            data = {k: v for k, v in integration.items() if k != "responses"}
            module._put_integration(api, resource, method, {**data, "type": kind})
            for pattern, response in (integration.get("responses") or {}).items():
                status = str(response.get("statusCode", "200"))
                selection = "" if pattern == "default" else pattern
                module._put_integration_response(
                    api, resource, method, status, {**response, "selectionPattern": selection}
                )

    return import_operation


def _patch(module: Any, match: re.Match[str], data: dict[str, Any]) -> Answer:
    api, resource, method, integration, status, gateway = match.groups()
    if gateway:
        answer = module._get_gateway_response(api, gateway)
        if answer[0] != 200:
            return answer  # type: ignore[no-any-return]
        wanted = apply_patch(json.loads(answer[2]), data.get("patchOperations") or [])
        return 200, *module._put_gateway_response(api, gateway, wanted)[1:]
    get = module._get_integration_response if integration else module._get_method_response
    answer = get(api, resource, method, status)
    if answer[0] != 200:
        return answer  # type: ignore[no-any-return]
    found = module._resources[api][resource]["resourceMethods"][method]
    responses = found["methodIntegration"]["integrationResponses"] if integration else found["methodResponses"]
    apply_patch(responses[status], data.get("patchOperations") or [])
    return get(api, resource, method, status)  # type: ignore[no-any-return]


def _patch_domain(module: Any, domain: str, path: str | None, data: dict[str, Any]) -> Answer:
    """A mapping's pointers spell the API `restapiId`."""
    answer = module._get_domain_name(domain) if path is None else module._get_base_path_mapping(domain, path)
    if answer[0] != 200:
        return answer  # type: ignore[no-any-return]
    operations = data.get("patchOperations") or []
    if path is None:
        apply_patch(module._domain_names[domain], operations)
        return module._get_domain_name(domain)  # type: ignore[no-any-return]
    mapping = module._base_path_mappings[domain].pop(path)
    renamed = [{**one, "path": one["path"].replace("/restapiId", "/restApiId")} for one in operations]
    moved = apply_patch(mapping, renamed)["basePath"] or "(none)"
    module._base_path_mappings[domain][moved] = mapping
    return module._get_base_path_mapping(domain, moved)  # type: ignore[no-any-return]


def apply_patch(target: dict[str, Any], operations: list[dict[str, Any]]) -> dict[str, Any]:
    """Carry out JSON patch operations on `target`, in place; a value takes the type of the one it replaces."""
    for operation in operations:
        steps = [step.replace("~1", "/").replace("~0", "~") for step in operation.get("path", "").split("/")[1:]]
        if steps:
            _apply(target, steps, operation.get("op", "replace"), copy.copy(operation.get("value")))
    return target


def _apply(target: Any, steps: list[str], verb: str, value: Any) -> None:
    for step in steps[:-1]:
        inner = target.get(step) if isinstance(target, dict) else _staged(target, step)
        if not isinstance(inner, dict | list):
            if verb == "remove" or not isinstance(target, dict):
                return
            inner = target[step] = {}
        target = inner
    last = steps[-1]
    if isinstance(target, list):
        _apply_item(target, last, verb, value)
    elif isinstance(target.get(last), list) and value is not None:
        _apply_item(target[last], _stage(last, value), verb, None)
    elif verb == "remove":
        target.pop(last, None)
    else:
        target[last] = _like(target.get(last), value)


def _stage(name: str, value: str) -> Any:
    """A stage of a usage plan is written `<API>:<stage>`."""
    api, _, stage = value.partition(":")
    return {"apiId": api, "stage": stage, "throttle": {}} if name == "apiStages" else value


def _staged(items: list[Any], step: str) -> Any:
    return next((i for i in items if isinstance(i, dict) and f"{i.get('apiId')}:{i.get('stage')}" == step), None)


def _apply_item(items: list[Any], item: Any, verb: str, value: Any) -> None:
    if verb == "replace" and isinstance(item, str) and item.isdigit() and int(item) < len(items):
        items[int(item)] = value
        return
    kept = [one for one in items if not _equal(one, item)]
    items[:] = kept if verb == "remove" else [*kept, item]


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict) and "apiId" in other:
        return (one.get("apiId"), one.get("stage")) == (other["apiId"], other["stage"])
    return bool(one == other)


def _like(old: Any, value: Any) -> Any:
    if isinstance(old, bool):
        return str(value).lower() == "true"
    if isinstance(old, int | float) and isinstance(value, str):
        return type(old)(value) if value else None
    return value
