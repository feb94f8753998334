"""Settings of the methods of a stage: logging, throttling, caching."""

from __future__ import annotations

from typing import Any, Final

from stackyard.errors import ProviderError
from stackyard.model.values import Properties
from stackyard.providers.aws import schemas
from stackyard.providers.aws.apigateway import patches
from stackyard.providers.aws.apigateway.parts import Placed
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change

_SETTINGS: Final = {
    "cacheDataEncrypted": "caching/dataEncrypted",
    "cacheTtlInSeconds": "caching/ttlInSeconds",
    "cachingEnabled": "caching/enabled",
    "dataTraceEnabled": "logging/dataTrace",
    "loggingLevel": "logging/loglevel",
    "metricsEnabled": "metrics/enabled",
    "requireAuthorizationForCacheControl": "caching/requireAuthorizationForCacheControl",
    "throttlingBurstLimit": "throttling/burstLimit",
    "throttlingRateLimit": "throttling/rateLimit",
    "unauthorizedCacheControlHeaderStrategy": "caching/unauthorizedCacheControlHeaderStrategy",
}


class MethodSettings(Placed):
    """`aws:apigateway/methodSettings:MethodSettings`. `methodPath` is `*/*` or `<path>/<method>`."""

    prefix = "agms"
    places = ("restApi", "stageName", "methodPath")
    replaces = ("methodPath", "restApi", "stageName")
    computed = tuple(f"settings.{name}" for name in _SETTINGS)

    def place(self, id: str) -> Properties:
        """Only an import has no recorded place; a stage's name and a path may hold what joins an id."""
        if id.count("/") < 2:
            raise ProviderError(
                f"{self.token}: {id} does not say where it is", hint="import it by <API>/<stage>/<path>"
            )
        return dict(zip(self.places, id.split("/", 2), strict=True))

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        self._set(aws, inputs, sorted(inputs["settings"]))
        return str(self.identify(aws, inputs))

    def _set(self, aws: Aws, inputs: Properties, names: list[str]) -> None:
        where = _pointer(inputs["methodPath"])
        operations = [patches.replace(f"{where}/{_SETTINGS[name]}", inputs["settings"][name]) for name in names]
        aws.apigateway.update_stage(
            restApiId=inputs["restApi"], stageName=inputs["stageName"], patchOperations=operations
        )

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        place = {name: known[name] for name in self.places} if known.get("methodPath") else self.place(id)
        stage = aws.apigateway.get_stage(restApiId=place["restApi"], stageName=place["stageName"])
        path = place["methodPath"].strip("/")
        settings: dict[str, Any] = stage.get("methodSettings") or {}
        found = settings.get(path) or settings.get(_pointer(path)[1:])
        if found is None:
            return None
        types = self.schema.members(self.schema.outputs["settings"])
        shown = {name: schemas.coerce(found[name], types[name]) for name in _SETTINGS if name in found}
        return {**place, "id": self.identify(aws, place), "settings": shown}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        old, new = change.old.get("settings") or {}, change.new["settings"]
        self._set(aws, change.new, sorted(name for name in new if new[name] != old.get(name)))

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        operation = {"op": "remove", "path": _pointer(known["methodPath"])}
        aws.apigateway.update_stage(
            restApiId=known["restApi"], stageName=known["stageName"], patchOperations=[operation]
        )

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return "-".join(str(inputs[name]) for name in self.places)


def _pointer(path: str) -> str:
    """`things/{id}/GET` → `/things~1{id}/GET`."""
    resource, _, method = path.strip("/").rpartition("/")
    return f"/{patches.escape(resource)}/{method}"
