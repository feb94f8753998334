"""Deployments, which freeze an API, and stages, which serve one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard.errors import ProviderError
from stackyard.model.values import Properties
from stackyard.providers.aws import addresses, shapes
from stackyard.providers.aws.apigatewayv2 import apis
from stackyard.providers.aws.apigatewayv2.parts import Part
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Unsure, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, given
from stackyard.providers.aws.tagging import Tagging

_STAGE = given(ApiId="$apiId", StageName="$id")
_DEPLOYMENT = given(ApiId="$apiId", DeploymentId="$id")


class Stage(Part):
    """`aws:apigatewayv2/stage:Stage`. The id is the name; `$default` is served at the root of the API's address."""

    naming = Naming(limit=128)
    names = given(name="StageName")
    id = "StageName"
    listing = "get_stages"
    defaults = fixed(autoDeploy=False)
    replaces = ("apiId", "name")
    sets = ("routeSettings",)
    computed = ("defaultRouteSettings", "deploymentId")
    tagging = Tagging("apigatewayv2", by="arn", read="get_tags")
    making = Call("create_stage")
    reading = Call("get_stage", _STAGE)
    changing = (Call("update_stage", _STAGE),)
    removing = Call("delete_stage", _STAGE)

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return self._arns(aws, inputs["apiId"], inputs["name"])

    def _arns(self, aws: Aws, api: str, name: str) -> dict[str, str]:
        return {
            "arn": aws.arn("apigateway", f"/apis/{api}/stages/{name}", account=False),
            "executionArn": aws.arn("execute-api", f"{api}/{name}"),
        }

    def sent(self, inputs: Properties) -> Properties:
        entries = inputs.get("routeSettings") or []
        routes = {entry["routeKey"]: {k: v for k, v in entry.items() if k != "routeKey"} for entry in entries}
        return {**inputs, "routeSettings": routes}

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = super().read(aws, id, known)
        if found is None:
            return None
        api, name = found["apiId"], found["name"]
        scheme = "wss" if apis.protocol(aws, api) == "WEBSOCKET" else "https"
        url = addresses.execute_api(aws, self.service, api, scheme)
        path = "" if name == "$default" else name
        return {**found, **self._arns(aws, api, name), "invokeUrl": f"{url}/{path}"}

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        routes = found.get("RouteSettings") or {}
        type_ = self.schema.outputs["routeSettings"]
        listed = [{"RouteKey": key, **settings} for key, settings in routes.items()]
        settings = shapes.property_of(self.schema, type_, listed, self.names, "routeSettings")
        return {**outputs, "routeSettings": settings}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        api = change.new["apiId"]
        before, after = ({e["routeKey"] for e in g.get("routeSettings") or []} for g in (change.old, change.new))
        for key in sorted(before - after):
            aws.apigatewayv2.delete_route_settings(ApiId=api, RouteKey=key, StageName=id)
        keys = set(change.keys) if after else change.keys - {"routeSettings"}
        if change.any("accessLogSettings") and not change.new.get("accessLogSettings"):
            aws.apigatewayv2.delete_access_log_settings(ApiId=api, StageName=id)
            keys = keys - {"accessLogSettings"}
        self.patch(aws, id, change, keys)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])


class Deployment(Part):
    """`aws:apigatewayv2/deployment:Deployment`; other `triggers` make a new one."""

    id = "DeploymentId"
    listing = "get_deployments"
    replaces = ("apiId", "triggers")
    making = Call("create_deployment")
    reading = Call("get_deployment", _DEPLOYMENT)
    changing = (Call("update_deployment", _DEPLOYMENT),)
    removing = Call("delete_deployment", _DEPLOYMENT)

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        aws.wait(f"deployment {id}", lambda: self._is_done(aws, id, inputs["apiId"]))

    def _is_done(self, aws: Aws, id: str, api: str) -> bool:
        found = aws.apigatewayv2.get_deployment(ApiId=api, DeploymentId=id)
        if found["DeploymentStatus"] == "FAILED":
            raise ProviderError(
                f"{self.token}: {id} failed: {found.get('DeploymentStatusMessage', 'without a reason')}"
            )
        return bool(found["DeploymentStatus"] == "DEPLOYED")

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        return {**outputs, "autoDeployed": found.get("AutoDeployed", False)}

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        """It has neither name nor tag: the one that no stage serves yet, since only its maker knew its id."""
        api = str(inputs["apiId"])
        served = {stage.get("DeploymentId") for stage in self.siblings(aws, api, "get_stages")}
        found = [
            part["DeploymentId"]
            for part in self.siblings(aws, api)
            if not part.get("AutoDeployed")
            and part["DeploymentId"] not in served
            and (part.get("Description") or "") == (inputs.get("description") or "")
        ]
        if len(found) > 1:
            raise Unsure(f"API {api} has {len(found)} equal deployments that no stage serves: {', '.join(found)}")
        return found[0] if found else None
