"""Fault: PutPermission with a policy ignores the policy, and lets everybody put events on the bus. Cure: the policy is
the bus's policy.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders


def cures(_order: orders.Order) -> dict[str, arrivals.Cure]:
    """EventBridge's permissions."""
    return {"ministack.services.eventbridge": _in_events}


def _in_events(module: Any) -> None:
    permit = module._put_permission

    def permit_as_said(given: dict[str, Any]) -> Any:
        if not given.get("Policy"):
            return permit(given)
        try:
            policy = json.loads(given["Policy"])
            statements = policy["Statement"]
        except (ValueError, KeyError, TypeError):
            return module.error_response_json("MalformedPolicyDocument", "The policy is malformed.", 400)
        whole = {**policy, "Statement": statements if isinstance(statements, list) else [statements]}
        module._event_bus_policies[given.get("EventBusName") or "default"] = whole
        return module.json_response({})

    module._put_permission = permit_as_said
