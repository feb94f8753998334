"""Statements in the policy of a function. A permission's id is its statement's."""

from __future__ import annotations

import json
from typing import Any, Final

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind
from stackyard.providers.aws.naming import Naming

_MEMBERS: Final = {
    "action": "Action",
    "eventSourceToken": "EventSourceToken",
    "function": "FunctionName",
    "functionUrlAuthType": "FunctionUrlAuthType",
    "invokedViaFunctionUrl": "InvokedViaFunctionUrl",
    "principal": "Principal",
    "principalOrgId": "PrincipalOrgID",
    "qualifier": "Qualifier",
    "sourceAccount": "SourceAccount",
    "sourceArn": "SourceArn",
    "statementId": "StatementId",
}
_CONDITIONS: Final = {
    "sourceArn": "AWS:SourceArn",
    "sourceAccount": "AWS:SourceAccount",
    "functionUrlAuthType": "lambda:FunctionUrlAuthType",
    "principalOrgId": "aws:PrincipalOrgID",
    "eventSourceToken": "lambda:EventSourceToken",
}


class Permission(Kind):
    """`aws:lambda/permission:Permission`."""

    naming = Naming("statementId", "statementIdPrefix", limit=100)
    replaces = (*_MEMBERS, "statementIdPrefix")

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        arguments = {member: inputs[name] for name, member in _MEMBERS.items() if inputs.get(name)}
        getattr(aws, "lambda").add_permission(**arguments)
        return str(inputs["statementId"])

    def _where(self, properties: Properties) -> dict[str, Any]:
        found = {"FunctionName": properties["function"]}
        return {**found, "Qualifier": properties["qualifier"]} if properties.get("qualifier") else found

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        if not known.get("function"):
            function, _, id = id.rpartition("/")
            known = {**known, "function": function}
        answer = getattr(aws, "lambda").get_policy(**self._where(known))
        for statement in json.loads(answer["Policy"])["Statement"]:
            if statement["Sid"] == id:
                return {**_seen(statement), "function": known["function"], "qualifier": known.get("qualifier")}
        return None

    def update(self, aws: Aws, id: str, change: Change) -> None:
        """Nothing of a permission changes in place."""

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        getattr(aws, "lambda").remove_permission(**self._where(known), StatementId=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["statementId"])


def _seen(statement: dict[str, Any]) -> Properties:
    principal = statement.get("Principal")
    if isinstance(principal, dict):
        principal = next(iter(principal.values()))
    outputs: Properties = {"statementId": statement["Sid"], "action": statement["Action"], "principal": principal}
    tests = {key.lower(): value for test in (statement.get("Condition") or {}).values() for key, value in test.items()}
    for name, key in _CONDITIONS.items():
        if key.lower() in tests:
            outputs[name] = tests[key.lower()]
    return outputs
