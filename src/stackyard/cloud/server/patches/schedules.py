"""Faults: rules and schedules are looked at every ten seconds, so that what is due is late by up to as much; a
schedule delivers though its role may not. Cures: they are looked at every second; a schedule whose role's policies do
not allow the delivery delivers nothing, and says so in the server's log.
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders

_SECONDS = 1
_DELIVERIES = {
    "sqs": "sqs:SendMessage",
    "sns": "sns:Publish",
    "lambda": "lambda:InvokeFunction",
    "states": "states:StartExecution",
    "events": "events:PutEvents",
    "kinesis": "kinesis:PutRecord",
}
_log = logging.getLogger("stackyard.schedules")


def cures(_order: orders.Order) -> dict[str, arrivals.Cure]:
    """The two loops that wait, and what both deliver through."""

    def in_scheduler(module: Any) -> None:
        module._SCHEDULE_TICK_INTERVAL = _SECONDS

    def in_events(module: Any) -> None:
        module._SCHEDULER_TICK_INTERVAL = _SECONDS
        deliver = module._invoke_target

        def deliver_allowed(target: Any, event: Any, rule: Any, *rest: Any, **named: Any) -> Any:
            # Rules deliver by the target's own policy; only a schedule's delivery is its role's.
            if event.get("Source") == "aws.scheduler" and not _allowed(target):
                _log.warning("%s: its role may not deliver to %s", rule.get("Name"), target.get("Arn"))
                return None
            return deliver(target, event, rule, *rest, **named)

        module._invoke_target = deliver_allowed

    return {"ministack.services.scheduler": in_scheduler, "ministack.services.eventbridge": in_events}


def _allowed(target: dict[str, Any]) -> bool:
    """Whether the policies of a target's role allow the delivery to it."""
    evaluator: Any = importlib.import_module("ministack.core.iam_evaluator")
    responses: Any = importlib.import_module("ministack.core.responses")
    arn, role = target.get("Arn", ""), target.get("RoleArn", "")
    action = _DELIVERIES.get(arn.split(":")[2] if arn.count(":") > 2 else "")
    if action is None:
        return True
    account, name = responses.get_account_id(), role.rpartition("/")[2]
    if role.split(":")[4:5] != [account]:
        return False
    context = evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::{account}:assumed-role/{name}/scheduler", principal_type="AssumedRole",
        principal_account=account, action=action, resource_arn=arn, region=responses.get_region(),
    )  # fmt: skip
    policies = evaluator._gather_role_policies(name, account)
    decision: str = evaluator.evaluate(context, policies).decision
    return decision == "Allow"
