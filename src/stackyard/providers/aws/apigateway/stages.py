"""Deployments, which freeze a REST API, and stages, which serve one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackyard.model.values import Properties
from stackyard.providers.aws import addresses, schemas
from stackyard.providers.aws.apigateway import patches
from stackyard.providers.aws.apigateway.parts import API, Part, Placed
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Unsure, fixed
from stackyard.providers.aws.tables import Call, given
from stackyard.providers.aws.tagging import Tagging

_DEPLOYMENT: Final = given(restApiId="$restApi", deploymentId="$id")
_STAGE: Final = given(restApiId="$restApi", stageName="$stageName")


class Deployment(Part):
    """`aws:apigateway/deployment:Deployment`; other `triggers` make a new one.

    SDKs before version 7 can make a stage with it, and read its addresses up to the stage's name.
    """

    former = ("canarySettings", "stageDescription", "stageName")
    former_outputs = ("executionArn", "invokeUrl")

    listing = "get_deployments"
    names = given(restApi="restApiId")
    replaces = ("restApi", "triggers", "variables")
    pointers = given(description="/description")
    making = Call("create_deployment", API)
    reading = Call("get_deployment", _DEPLOYMENT)
    patching = Call("update_deployment", _DEPLOYMENT)
    removing = Call("delete_deployment", _DEPLOYMENT)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = super().read(aws, id, known)
        if found is None:
            return None
        url = addresses.execute_api(aws, self.service, found["restApi"])
        return {**found, "executionArn": aws.arn("execute-api", f"{found['restApi']}/"), "invokeUrl": f"{url}/"}

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        """It has neither name nor tag: the one that no stage serves yet, since only its maker knew its id."""
        api = str(inputs["restApi"])
        served = {stage.get("deploymentId") for stage in self.siblings(aws, api, "get_stages", "item")}
        wanted = inputs.get("description") or ""
        found = [
            str(part["id"])
            for part in self.siblings(aws, api)
            if part["id"] not in served and (part.get("description") or "") == wanted
        ]
        if len(found) > 1:
            raise Unsure(f"API {api} has {len(found)} equal deployments that no stage serves: {', '.join(found)}")
        return found[0] if found else None


class Stage(Placed):
    """`aws:apigateway/stage:Stage`."""

    prefix = "ags"
    places = ("restApi", "stageName")
    names = given(restApi="restApiId", deployment="deploymentId", xrayTracingEnabled="tracingEnabled")
    defaults = fixed(xrayTracingEnabled=False)
    replaces = ("restApi", "stageName")
    computed = ("cacheClusterSize",)
    unsupported = ("canarySettings",)
    tagging = Tagging("apigateway", by="arn", read="get_tags")
    pointers = given(
        cacheClusterEnabled="/cacheClusterEnabled",
        cacheClusterSize="/cacheClusterSize",
        clientCertificateId="/clientCertificateId",
        deployment="/deploymentId",
        description="/description",
        documentationVersion="/documentationVersion",
        variables="/variables",
        xrayTracingEnabled="/tracingEnabled",
    )
    making = Call("create_stage", _STAGE)
    reading = Call("get_stage", _STAGE)
    patching = Call("update_stage", _STAGE)
    removing = Call("delete_stage", _STAGE)

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return self._places(aws, inputs["restApi"], inputs["stageName"])

    def _places(self, aws: Aws, api: str, name: str) -> dict[str, str]:
        return {
            "arn": aws.arn("apigateway", f"/restapis/{api}/stages/{name}", account=False),
            "executionArn": aws.arn("execute-api", f"{api}/{name}"),
            "invokeUrl": f"{addresses.execute_api(aws, self.service, api)}/{name}",
        }

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        """What CreateStage does not take, and the cache, which takes minutes."""
        names = [name for name in ("accessLogSettings", "clientCertificateId") if inputs.get(name)]
        if names:
            change = Change({}, inputs, frozenset(names), {})
            self.patch(aws, id, change, [*patches.operations(change, self.pointers), *_logging(change)])
        if inputs.get("cacheClusterEnabled"):
            self._cached(aws, id, inputs)

    def _cached(self, aws: Aws, id: str, inputs: Properties) -> None:
        place = {"restApiId": inputs["restApi"], "stageName": inputs["stageName"]}
        status = "AVAILABLE" if inputs.get("cacheClusterEnabled") else "NOT_AVAILABLE"
        aws.wait(
            f"cache of stage {id}",
            lambda: aws.apigateway.get_stage(**place).get("cacheClusterStatus", status) == status,
        )

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = super().read(aws, id, known)
        return None if found is None else {**found, **self._places(aws, found["restApi"], found["stageName"])}

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        return {
            **outputs,
            "accessLogSettings": found.get("accessLogSettings") or None,
            "cacheClusterSize": found.get("cacheClusterSize") or "",
            "xrayTracingEnabled": schemas.coerce(found.get("tracingEnabled", False), "boolean"),
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self.patch(aws, id, change, [*patches.operations(change, self.pointers), *_logging(change)])
        if change.any("cacheClusterEnabled", "cacheClusterSize"):
            self._cached(aws, id, change.new)


def _logging(change: Change) -> list[patches.Operation]:
    """The format must be there when the destination is set, so both go in one patch."""
    if not change.any("accessLogSettings"):
        return []
    settings = change.new.get("accessLogSettings")
    if not settings:
        return [{"op": "remove", "path": "/accessLogSettings"}]
    return [patches.replace(f"/accessLogSettings/{name}", settings[name]) for name in ("destinationArn", "format")]
