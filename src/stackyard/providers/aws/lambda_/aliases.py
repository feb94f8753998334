"""Aliases of functions, and what belongs to a version or an alias. An alias's id is its ARN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackyard.errors import ProviderError
from stackyard.model.values import Properties, Value
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, fixed
from stackyard.providers.aws.lambda_.functions import invocation
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Table, given

_ALIAS: Final = given(FunctionName="$functionName", Name="$name")
_QUALIFIED: Final = given(FunctionName="$functionName", Qualifier="$qualifier")


def function_name(text: str) -> str:
    """The name in a function's name or ARN."""
    return text.split(":")[6] if text.startswith("arn:") else text


def _same_function(key: str, left: Value, right: Value) -> bool:
    return key == "functionName" and function_name(str(left)) == function_name(str(right))


class Alias(Table):
    """`aws:lambda/alias:Alias`. An import is by `<function>/<alias>`."""

    service = "lambda"
    naming = Naming(limit=128)
    names = given(arn="AliasArn")
    replaces = ("functionName", "name")
    making = Call("create_alias")
    reading = Call("get_alias", _ALIAS)
    changing = (Call("update_alias", _ALIAS),)
    removing = Call("delete_alias", _ALIAS)
    id = "AliasArn"

    def same(self, key: str, left: Value, right: Value) -> bool:
        return _same_function(key, left, right)

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        parts = id.split(":")[6:8] if id.startswith("arn:") else id.split("/")
        if len(parts) != 2:
            raise ProviderError(f"{self.token}: {id} does not say its function", hint="import it by <function>/<alias>")
        place = dict(zip(("functionName", "name"), parts, strict=True))
        found = super().read(aws, id, {**known, **place})
        return None if found is None else {**found, **place}

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        weights = (found.get("RoutingConfig") or {}).get("AdditionalVersionWeights")
        return {
            **outputs,
            "id": found["AliasArn"],
            "invokeArn": invocation(aws, found["AliasArn"])["invokeArn"],
            "routingConfig": {"additionalVersionWeights": weights} if weights else None,
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        """Description and routing are cleared by sending them empty."""
        call = self.changing[0]
        cleared: dict[str, Any] = {"Description": "", "RoutingConfig": {"AdditionalVersionWeights": {}}}
        arguments = self.arguments(aws, call, {**change.new, "id": id}, change.new)
        self.call(aws, call, {**cleared, **arguments})

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return aws.arn("lambda", f"function:{function_name(inputs['functionName'])}:{inputs['name']}")


class Qualified(Table):
    """What a function has one of for each version or alias; its id is the function, and the qualifier after `joint`."""

    service = "lambda"
    naming = None
    joint = ":"

    def same(self, key: str, left: Value, right: Value) -> bool:
        return _same_function(key, left, right)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        super().create(aws, inputs, token)
        return str(self.identify(aws, inputs))

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        function, _, qualifier = id.rpartition(self.joint) if self.joint in id[_arn_length(id) :] else (id, "", "")
        place = {"functionName": function, "qualifier": qualifier or None}
        found = super().read(aws, id, {**known, **place})
        return None if found is None else {**found, **place}

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        function, qualifier = str(inputs["functionName"]), inputs.get("qualifier")
        return f"{function}{self.joint}{qualifier}" if qualifier else function


def _arn_length(id: str) -> int:
    """How much of an id is the ARN of an unqualified function."""
    return len(":".join(id.split(":")[:7])) if id.startswith("arn:") else 0


class FunctionEventInvokeConfig(Qualified):
    """`aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig`: how asynchronous calls are repeated."""

    defaults = fixed(maximumRetryAttempts=2)
    computed = ("maximumEventAgeInSeconds",)
    replaces = ("functionName", "qualifier")
    making = Call("put_function_event_invoke_config", _QUALIFIED)
    reading = Call("get_function_event_invoke_config", _QUALIFIED)
    changing = (making,)
    removing = Call("delete_function_event_invoke_config", _QUALIFIED)

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        where = outputs.get("destinationConfig") or {}
        kept = {name: value for name, value in where.items() if value and value.get("destination")}
        return {**outputs, "destinationConfig": kept or None}


class ProvisionedConcurrencyConfig(Qualified):
    """`aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig`."""

    joint = ","
    names = given(provisionedConcurrentExecutions="ProvisionedConcurrentExecutions")
    defaults = fixed(skipDestroy=False)
    replaces = ("functionName", "qualifier")
    gone = ("ProvisionedConcurrencyConfigNotFoundException",)
    making = Call("put_provisioned_concurrency_config", _QUALIFIED)
    reading = Call("get_provisioned_concurrency_config", _QUALIFIED)
    changing = (making,)
    removing = Call("delete_provisioned_concurrency_config", _QUALIFIED)

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        aws.wait(f"provisioned concurrency {id}", lambda: self._is_ready(aws, id, inputs))

    def _is_ready(self, aws: Aws, id: str, inputs: Properties) -> bool:
        found = self.call(aws, self.reading, self.arguments(aws, self.reading, inputs, {}))
        if found["Status"] == "FAILED":
            raise ProviderError(f"{self.token}: {id} failed: {found.get('StatusReason', 'no reason was given')}")
        return bool(found["Status"] == "READY")

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        return {**outputs, "provisionedConcurrentExecutions": found["RequestedProvisionedConcurrentExecutions"]}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        super().update(aws, id, change)
        self.complete(aws, id, change.new)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        if known.get("skipDestroy") is not True:
            super().delete(aws, id, known)
