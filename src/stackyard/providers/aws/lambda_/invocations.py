"""Invocations of a function as a resource. The id is `<function>_<qualifier>_<digest of the input>`.

Facts from internal/service/lambda/invocation.go of hashicorp/terraform-provider-aws: with the scope CRUD the function
is called on creation, update and deletion, and its input carries `tf.action` and `tf.prev_input`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any, Final

from stackyard.errors import ProviderError
from stackyard.model.registrations import CheckFailure
from stackyard.model.values import UNKNOWN, Properties
from stackyard.providers.aws import documents
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Created, FoundBy, Kind, fixed

ALWAYS: Final = "CRUD"


class Invocation(Kind):
    """`aws:lambda/invocation:Invocation`. What the function made of it is its own affair; only the answer is kept."""

    naming = None
    found_by = FoundBy.TOKEN
    defaults = fixed(qualifier="$LATEST", lifecycleScope="CREATE_ONLY", terraformKey="tf")
    replaces = ("functionName", "qualifier", "tenantId")
    documents = ("input",)
    volatile = ("result",)
    unsupported = ("tenantId",)

    def check(self, inputs: Properties) -> Iterable[CheckFailure]:
        if inputs.get("lifecycleScope") not in ("CREATE_ONLY", ALWAYS, UNKNOWN):
            yield CheckFailure("lifecycleScope", "must be CREATE_ONLY or CRUD")
        given, always = inputs.get("input"), inputs.get("lifecycleScope") == ALWAYS
        if always and isinstance(given, str) and not isinstance(documents.parse(given), dict):
            yield CheckFailure("input", "must be a JSON object when the scope is CRUD")

    def forces(self, old: Properties, new: Properties) -> Iterable[str]:
        """A function that is called once only is called anew for another input."""
        return () if new.get("lifecycleScope") == ALWAYS else ("input", "triggers")

    def create(self, aws: Aws, inputs: Properties, token: str) -> Created:
        payload = _payload(inputs, "create", None)
        result = self._invoke(aws, inputs, payload)
        digest = hashlib.md5(payload.encode(), usedforsecurity=False).hexdigest()
        return Created(f"{inputs['functionName']}_{inputs['qualifier']}_{digest}", {"result": result})

    def _invoke(self, aws: Aws, inputs: Properties, payload: str) -> str:
        """The function's answer as text. Raises ProviderError with what it said when it failed."""
        answer = aws.client("lambda").invoke(
            FunctionName=inputs["functionName"], Qualifier=inputs["qualifier"], Payload=payload.encode()
        )
        text = str(answer["Payload"].read().decode("utf-8", "replace"))
        if answer.get("FunctionError"):
            raise ProviderError(f"{self.token}: {inputs['functionName']} failed: {text[:500]}")
        return text

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        """There is nothing to look at; without a record nobody knows what was called."""
        if not known:
            raise ProviderError(f"{self.token}: an invocation cannot be imported")
        return {}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        if change.new["lifecycleScope"] == ALWAYS:
            self._invoke(aws, change.new, _payload(change.new, "update", change.old.get("input")))

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        if known.get("lifecycleScope") == ALWAYS:
            self._invoke(aws, known, _payload(known, "delete", known["input"]))

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        """A call that was under way leaves no trace: it is made again, as Terraform does."""
        return None


def _payload(inputs: Properties, action: str, previous: str | None) -> str:
    if inputs["lifecycleScope"] != ALWAYS:
        return str(inputs["input"])
    told: dict[str, Any] = {"action": action, "prev_input": None if previous is None else json.loads(previous)}
    return json.dumps({**json.loads(inputs["input"]), inputs["terraformKey"]: told})
