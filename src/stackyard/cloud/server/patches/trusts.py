"""Fault: a role that trusts a service (`Principal: {"Service": …}`) can be assumed by the owner of any account. Cure:
no caller of AssumeRole is a service; the cloud gives tasks, functions and schedules their keys itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders


def cures(_order: orders.Order) -> dict[str, arrivals.Cure]:
    """Where a principal of a policy is compared with the caller."""
    return {"ministack.core.iam_evaluator": _in_evaluator}


def _in_evaluator(module: Any) -> None:
    matches = module._principal_matches

    def principal_matches(principal: Any, caller_arn: str) -> Any:
        if isinstance(principal, dict):
            principal = {kind: named for kind, named in principal.items() if kind != "Service"}
        return matches(principal, caller_arn)

    module._principal_matches = principal_matches
