"""REST APIs and their policies. A body is an OpenAPI definition, put over the API after it is made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from stackyard.errors import ProviderError
from stackyard.model.values import Properties, Value
from stackyard.providers.aws import comparing, schemas
from stackyard.providers.aws.apigateway import patches
from stackyard.providers.aws.apigateway.parts import Patched
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, FoundBy, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, given
from stackyard.providers.aws.tagging import TOKEN_TAG, Tagging, mapping

_API: Final = given(restApiId="$id")
_BODY: Final = ("body", "failOnWarnings", "parameters", "putRestApiMode")


class RestApi(Patched):
    """`aws:apigateway/restApi:RestApi`."""

    naming = Naming()
    found_by = FoundBy.TAG
    id = "id"
    defaults = fixed(putRestApiMode="overwrite")
    documents = ("body", "policy")
    sets = ("binaryMediaTypes", "endpointConfiguration.vpcEndpointIds")
    computed = (
        "apiKeySource",
        "binaryMediaTypes",
        "description",
        "disableExecuteApiEndpoint",
        "endpointAccessMode",
        "endpointConfiguration",
        "policy",
        "securityPolicy",
    )
    unsupported = ("endpointAccessMode", "securityPolicy")
    tagging = Tagging("apigateway", by="arn", read="get_tags")
    pointers = given(
        apiKeySource="/apiKeySource",
        binaryMediaTypes="/binaryMediaTypes",
        description="/description",
        disableExecuteApiEndpoint="/disableExecuteApiEndpoint",
        minimumCompressionSize="/minimumCompressionSize",
        name="/name",
        policy="/policy",
    )
    making = Call("create_rest_api")
    reading = Call("get_rest_api", _API)
    patching = Call("update_rest_api", _API)
    removing = Call("delete_rest_api", _API)

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        if inputs.get("body"):
            self._put(aws, id, inputs)

    def _put(self, aws: Aws, id: str, inputs: Properties) -> None:
        """The body over everything; then the inputs over what the body says, as Terraform does."""
        aws.apigateway.put_rest_api(
            restApiId=id,
            mode=inputs.get("putRestApiMode") or "overwrite",
            body=inputs["body"].encode(),
            failOnWarnings=inputs.get("failOnWarnings", False),
            parameters=inputs.get("parameters") or {},
        )
        now = self.read(aws, id, {}) or {}
        keys = {name for name in self.pointers if not comparing.is_empty(inputs.get(name))}
        keys = {name for name in keys if not comparing.same(self, name, now.get(name), inputs[name])}
        change = Change(now, inputs, frozenset(keys), {})
        self.patch(aws, id, change, patches.operations(change, self.pointers))

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        return {
            **{name: value for name, value in outputs.items() if name not in _BODY},
            "arn": aws.arn("apigateway", f"/restapis/{found['id']}", account=False),
            "executionArn": aws.arn("execute-api", found["id"]),
            "minimumCompressionSize": _size(found),
            "policy": _policy(found.get("policy")),
            "rootResourceId": found.get("rootResourceId") or _root(aws, found["id"]),
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        operations = patches.operations(change, self.pointers)
        if change.any("endpointConfiguration"):
            operations += _endpoints(change)
        if change.any("minimumCompressionSize") and not change.new.get("minimumCompressionSize"):
            operations = [o for o in operations if o["path"] != "/minimumCompressionSize"]
            operations.append({"op": "replace", "path": "/minimumCompressionSize"})
        self.patch(aws, id, change, operations)
        if change.new.get("body") and change.any(*_BODY):
            self._put(aws, id, change.new)

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        found = aws.pages(self.service, "get_rest_apis", "items")
        return next((str(api["id"]) for api in found if (api.get("tags") or {}).get(TOKEN_TAG) == token), None)


def _endpoints(change: Change) -> list[patches.Operation]:
    old, new = (given_.get("endpointConfiguration") or {} for given_ in (change.old, change.new))
    found: list[patches.Operation] = []
    if new.get("types") and new["types"] != old.get("types"):
        found.append(patches.replace("/endpointConfiguration/types/0", new["types"]))
    if new.get("ipAddressType") and new["ipAddressType"] != old.get("ipAddressType"):
        found.append(patches.replace("/endpointConfiguration/ipAddressType", new["ipAddressType"]))
    before, after = set(old.get("vpcEndpointIds") or ()), set(new.get("vpcEndpointIds") or ())
    for verb, items in (("remove", before - after), ("add", after - before)):
        found += [{"op": verb, "path": "/endpointConfiguration/vpcEndpointIds", "value": id_} for id_ in sorted(items)]
    return found


def _policy(answered: Value) -> Value:
    """AWS answers a policy with its quotes escaped, as if it were the inside of a JSON text."""
    if not answered:
        return ""
    return json.loads(f'"{answered}"') if '\\"' in answered else answered


def _size(api: Mapping[str, Any]) -> Value:
    """The smallest body that is compressed, as text; 0 is one, and empty means never."""
    found = api.get("minimumCompressionSize")
    return "" if found in (None, "") else schemas.coerce(found, "string")


def _root(aws: Aws, api: str) -> str:
    resources = aws.pages("apigateway", "get_resources", "items", restApiId=api)
    return next(str(resource["id"]) for resource in resources if resource.get("path") == "/")


class RestApiPolicy(Patched):
    """`aws:apigateway/restApiPolicy:RestApiPolicy`; its id is the API's."""

    naming = None
    replaces = ("restApiId",)
    documents = ("policy",)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        self._set(aws, inputs["restApiId"], inputs["policy"])
        return str(inputs["restApiId"])

    def _set(self, aws: Aws, api: str, policy: str) -> None:
        aws.apigateway.update_rest_api(restApiId=api, patchOperations=[patches.replace("/policy", policy)])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        policy = _policy(aws.apigateway.get_rest_api(restApiId=id).get("policy"))
        return {"restApiId": id, "policy": policy} if policy else None

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self._set(aws, id, change.new["policy"])

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        self._set(aws, id, "")

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["restApiId"])


def get_rest_api(aws: Aws, arguments: Properties) -> Properties:
    """`aws:apigateway/getRestApi:getRestApi`: the one API of a name."""
    name = arguments["name"]
    found = [api for api in aws.pages("apigateway", "get_rest_apis", "items") if api["name"] == name]
    if len(found) != 1:
        raise ProviderError(f"aws:apigateway/getRestApi:getRestApi: {len(found)} REST APIs are called {name!r}")
    api = found[0]
    endpoint = api.get("endpointConfiguration") or {}
    return {
        "id": api["id"],
        "apiKeySource": api.get("apiKeySource", ""),
        "arn": aws.arn("apigateway", f"/restapis/{api['id']}", account=False),
        "binaryMediaTypes": api.get("binaryMediaTypes") or [],
        "description": api.get("description", ""),
        "endpointConfigurations": [
            {name: endpoint.get(name) or [] for name in ("types", "vpcEndpointIds")}
            | {"ipAddressType": endpoint.get("ipAddressType", "")}
        ],
        "executionArn": aws.arn("execute-api", api["id"]),
        "minimumCompressionSize": _size(api),
        "policy": _policy(api.get("policy")),
        "rootResourceId": api.get("rootResourceId") or _root(aws, api["id"]),
        "tags": mapping(api.get("tags")),
    }
