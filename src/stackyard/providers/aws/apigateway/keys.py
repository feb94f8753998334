"""API keys and usage plans: who may call how often."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackyard.errors import ProviderError
from stackyard.model.values import Properties, Value
from stackyard.providers.aws import shapes
from stackyard.providers.aws.apigateway import patches
from stackyard.providers.aws.apigateway.parts import Patched
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, FoundBy, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, given
from stackyard.providers.aws.tagging import TOKEN_TAG, Tagging

_PLAN: Final = given(usagePlanId="$id")


class ApiKey(Patched):
    """`aws:apigateway/apiKey:ApiKey`."""

    naming = Naming()
    found_by = FoundBy.TAG
    id = "id"
    defaults = fixed(description="Managed by Pulumi", enabled=True)
    replaces = ("value",)
    computed = ("value",)
    volatile = ("lastUpdatedDate",)
    tagging = Tagging("apigateway", by="arn", read="get_tags")
    pointers = given(
        customerId="/customerId",
        description="/description",
        enabled="/enabled",
        name="/name",
    )
    making = Call("create_api_key")
    reading = Call("get_api_key", given(apiKey="$id", includeValue=True))
    patching = Call("update_api_key", given(apiKey="$id"))
    removing = Call("delete_api_key", given(apiKey="$id"))

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        return {**outputs, "arn": aws.arn("apigateway", f"/apikeys/{found['id']}", account=False)}

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        found = aws.pages(self.service, "get_api_keys", "items", nameQuery=inputs["name"])
        return next((str(key["id"]) for key in found if (key.get("tags") or {}).get(TOKEN_TAG) == token), None)


class UsagePlan(Patched):
    """`aws:apigateway/usagePlan:UsagePlan`."""

    naming = Naming()
    found_by = FoundBy.TAG
    id = "id"
    sets = ("apiStages", "apiStages[*].throttles")
    tagging = Tagging("apigateway", by="arn", read="get_tags")
    names = given(
        quotaSettings="quota",
        throttleSettings="throttle",
        **{"apiStages.throttles": "throttle"},
    )
    pointers = given(description="/description", name="/name", productCode="/productCode")
    making = Call("create_usage_plan")
    reading = Call("get_usage_plan", _PLAN)
    patching = Call("update_usage_plan", _PLAN)
    removing = Call("delete_usage_plan", _PLAN)

    def sent(self, inputs: Properties) -> Properties:
        stages = [
            {**stage, "throttles": {t["path"]: _limits(t) for t in stage.get("throttles") or []}}
            for stage in inputs.get("apiStages") or []
        ]
        return {**inputs, "apiStages": stages}

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        if inputs.get("productCode"):
            change = Change({}, inputs, frozenset({"productCode"}), {})
            self.patch(aws, id, change, patches.operations(change, self.pointers))

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        stages = [
            {**stage, "throttle": [{"path": path, **limits} for path, limits in (stage.get("throttle") or {}).items()]}
            for stage in found.get("apiStages") or []
        ]
        type_ = self.schema.outputs["apiStages"]
        return {
            **outputs,
            "apiStages": shapes.property_of(self.schema, type_, stages, self.names, "apiStages"),
            "arn": aws.arn("apigateway", f"/usageplans/{found['id']}", account=False),
            "quotaSettings": outputs.get("quotaSettings") or None,
            "throttleSettings": outputs.get("throttleSettings") or None,
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        operations = patches.operations(change, self.pointers)
        for name, pointer in (("quotaSettings", "/quota"), ("throttleSettings", "/throttle")):
            if change.any(name):
                operations += _whole(pointer, change.new.get(name))
        if change.any("apiStages"):
            operations += _stages(change)
        self.patch(aws, id, change, operations)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        """AWS does not delete a plan that still serves stages."""
        change = Change(known, {}, frozenset({"apiStages"}), {})
        self.patch(aws, id, change, _stages(change))
        super().delete(aws, id, known)

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        found = aws.pages(self.service, "get_usage_plans", "items")
        return next((str(plan["id"]) for plan in found if (plan.get("tags") or {}).get(TOKEN_TAG) == token), None)


def _limits(throttle: Properties) -> Properties:
    return {name: throttle[name] for name in ("burstLimit", "rateLimit") if throttle.get(name) is not None}


def _whole(pointer: str, settings: Value) -> list[patches.Operation]:
    if not settings:
        return [{"op": "remove", "path": pointer}]
    return [patches.replace(f"{pointer}/{name}", value) for name, value in sorted(settings.items())]


def _stages(change: Change) -> list[patches.Operation]:
    """A stage whose limits changed is taken out and put in again."""
    old, new = ({f"{s['apiId']}:{s['stage']}": s for s in g.get("apiStages") or []} for g in (change.old, change.new))
    moved = {key for key in old.keys() & new.keys() if old[key] != new[key]}
    found = [{"op": "remove", "path": "/apiStages", "value": key} for key in sorted((old.keys() - new.keys()) | moved)]
    for key in sorted((new.keys() - old.keys()) | moved):
        found.append({"op": "add", "path": "/apiStages", "value": key})
        for throttle in new[key].get("throttles") or []:
            where = f"/apiStages/{key}/throttle/{patches.escape(throttle['path'])}"
            found += [patches.replace(f"{where}/{name}", value) for name, value in sorted(_limits(throttle).items())]
    return found


class UsagePlanKey(Patched):
    """`aws:apigateway/usagePlanKey:UsagePlanKey`; its id is the key's. An import is by `<plan>/<key>`."""

    naming = None
    id = "id"
    names = given(keyType="type")
    replaces = ("keyId", "keyType", "usagePlanId")
    making = Call(
        "create_usage_plan_key", given(usagePlanId="$usagePlanId", keyId="$keyId", keyType="$keyType"), fills=False
    )
    reading = Call("get_usage_plan_key", given(usagePlanId="$usagePlanId", keyId="$id"))
    removing = Call("delete_usage_plan_key", given(usagePlanId="$usagePlanId", keyId="$id"))

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        plan, _, own = id.rpartition("/")
        plan = plan or str(known.get("usagePlanId") or "")
        if not plan:
            raise ProviderError(f"{self.token}: {id} does not say its plan", hint="import it by <plan id>/<key id>")
        found = super().read(aws, own, {**known, "usagePlanId": plan})
        return None if found is None else {**found, "usagePlanId": plan, "keyId": own, "id": own}

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["keyId"])
