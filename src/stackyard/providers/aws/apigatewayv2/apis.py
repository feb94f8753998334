"""HTTP and WebSocket APIs. A target makes an API whole at once (quick create); a body is an OpenAPI definition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from stackyard.errors import ProviderError
from stackyard.model.registrations import CheckFailure
from stackyard.model.values import UNKNOWN, Properties
from stackyard.providers.aws import addresses
from stackyard.providers.aws.apigatewayv2.parts import Patched
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, FoundBy
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, given
from stackyard.providers.aws.tagging import TOKEN_TAG, Tagging

_QUICK: Final = ("routeKey", "target", "credentialsArn")


class Api(Patched):
    """`aws:apigatewayv2/api:Api`."""

    naming = Naming(limit=128)
    found_by = FoundBy.TAG
    id = "ApiId"
    replaces = ("protocolType",)
    documents = ("body",)
    sets = tuple(
        f"corsConfiguration.{name}" for name in ("allowHeaders", "allowMethods", "allowOrigins", "exposeHeaders")
    )
    computed = ("apiKeySelectionExpression", "ipAddressType", "routeSelectionExpression")
    tagging = Tagging("apigatewayv2", by="arn", read="get_tags")
    making = Call("create_api")
    reading = Call("get_api", given(ApiId="$id"))
    changing = (Call("update_api", given(ApiId="$id")),)
    removing = Call("delete_api", given(ApiId="$id"))

    def check(self, inputs: Properties) -> Iterable[CheckFailure]:
        if inputs.get("protocolType") == "WEBSOCKET":
            for name in ("body", "corsConfiguration", "target"):
                if inputs.get(name) is not None:
                    yield CheckFailure(name, "is for HTTP APIs")
        if inputs.get("routeKey") is not None and inputs.get("target") is None:
            yield CheckFailure("routeKey", "goes with target")
        if inputs.get("body") not in (None, UNKNOWN) and inputs.get("target") is not None:
            yield CheckFailure("body", "cannot go with target")

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        if inputs.get("body"):
            self._import(aws, id, inputs)

    def _import(self, aws: Aws, id: str, inputs: Properties) -> None:
        """The body over everything; then the inputs over what the body says, as Terraform does."""
        fails = inputs.get("failOnWarnings", False)
        aws.apigatewayv2.reimport_api(ApiId=id, Body=inputs["body"], FailOnWarnings=fails)
        names = [name for name in inputs if name not in ("body", *_QUICK) and not name.startswith("__")]
        self.patch(aws, id, Change({}, inputs, frozenset(names), {}), names)

    def update(self, aws: Aws, id: str, change: Change) -> None:
        keys = set(change.keys) - {"failOnWarnings"}
        if change.any("corsConfiguration") and not change.new.get("corsConfiguration"):
            aws.apigatewayv2.delete_cors_configuration(ApiId=id)
            keys.discard("corsConfiguration")
        if change.any("body") and change.new.get("body"):
            self._import(aws, id, change.new)
        self.patch(aws, id, change, keys - {"body"})

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        id_, secure = found["ApiId"], "wss" if found["ProtocolType"] == "WEBSOCKET" else "https"
        own = addresses.endpoint(aws, self.service)
        address = addresses.execute_api(aws, self.service, id_, secure) if own else found["ApiEndpoint"]
        return {
            **{name: value for name, value in outputs.items() if name not in _QUICK},
            "apiEndpoint": address,
            "arn": aws.arn("apigateway", f"/apis/{id_}", account=False),
            "executionArn": aws.arn("execute-api", id_),
        }

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        found = aws.pages(self.service, "get_apis", "Items")
        return next((api["ApiId"] for api in found if (api.get("Tags") or {}).get(TOKEN_TAG) == token), None)


def protocol(aws: Aws, api: str) -> str:
    """`HTTP` or `WEBSOCKET`. Raises ProviderError when the answer has none."""
    found = aws.apigatewayv2.get_api(ApiId=api).get("ProtocolType")
    if not found:
        raise ProviderError(f"api {api}: it has no protocol")
    return str(found)
