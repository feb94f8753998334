"""Faults: a rule delivers to queues, topics and functions that never admitted EventBridge, so that a program that
lacks the permission works here alone; and to no bus of another account. Cure: a queue, a topic or a function is
reached where its own policy admits `events.amazonaws.com` for the rule, a bus of another account where its policy
admits the sender; what is not delivered is told in the server's log. (A schedule delivers as its role: `schedules`.)
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders

_ACTIONS = {"sqs": "sqs:SendMessage", "sns": "sns:Publish", "lambda": "lambda:InvokeFunction"}
_log = logging.getLogger("stackyard.deliveries")


def cures(_order: orders.Order) -> dict[str, arrivals.Cure]:
    """What rules deliver through."""
    return {"ministack.services.eventbridge": _in_events}


def _in_events(module: Any) -> None:
    invoke, to_bus = module._invoke_target, module._dispatch_to_event_bus

    def invoke_admitted(target: Any, event: Any, rule: Any, *rest: Any, **named: Any) -> Any:
        if event.get("Source") != "aws.scheduler" and not _admitted(target, rule):
            _log.warning("%s delivers nothing: %s does not admit it", rule.get("Arn"), target.get("Arn"))
            return None
        return invoke(target, event, rule, *rest, **named)

    def to_any_bus(spec: Any, *given: Any) -> Any:
        responses: Any = importlib.import_module("ministack.core.responses")
        with responses.request_scope(spec.account_id, spec.region):
            return to_bus(spec, *given)

    module._invoke_target, module._dispatch_to_event_bus = invoke_admitted, to_any_bus


def _admitted(target: dict[str, Any], rule: dict[str, Any]) -> bool:
    responses: Any = importlib.import_module("ministack.core.responses")
    arn, account = str(target.get("Arn", "")), str(responses.get_account_id())
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return True  # no ARN: the dispatcher says so
    service, region, owner = parts[2:5]
    if service == "events" and parts[5].startswith("event-bus/") and owner != account:
        return _bus_admits(arn, owner, region, str(target.get("RoleArn") or ""), account)
    action = _ACTIONS.get(service)
    if action is None or owner != account:
        return True
    return _service_admitted(service, action, arn, str(rule.get("Arn", "")), account)


def _service_admitted(service: str, action: str, arn: str, source: str, account: str) -> bool:
    evaluator: Any = importlib.import_module("ministack.core.iam_evaluator")
    if service == "sns":
        topics: Any = importlib.import_module("ministack.services.sns")
        return bool(topics.topic_policy_allows(arn, "events.amazonaws.com", source, account))
    context = evaluator.EvalContext(
        principal_arn="*", principal_type="Service", principal_account="", action=action, resource_arn=arn,
        region=arn.split(":")[3], service_context={"aws:sourcearn": source, "aws:sourceaccount": account},
    )  # fmt: skip
    found = evaluator._resource_policy(service, arn)
    if not found or not found[0]:
        return False
    decision = evaluator.evaluate_resource_policy(found[0], context, service="events.amazonaws.com").decision
    return bool(decision == "Allow")


def _bus_admits(arn: str, owner: str, region: str, role: str, account: str) -> bool:
    """Whether a bus of another account takes events of this one, and the rule's role may send them."""
    evaluator: Any = importlib.import_module("ministack.core.iam_evaluator")
    buses: Any = importlib.import_module("ministack.services.eventbridge")
    name = role.rpartition("/")[2]
    context = evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::{account}:assumed-role/{name}/events" if role else f"arn:aws:iam::{account}:root",
        principal_type="AssumedRole" if role else "Account", principal_account=account, action="events:PutEvents",
        resource_arn=arn, region=region,
    )  # fmt: skip
    policy = buses._event_bus_policies.get_scoped(owner, region, arn.rpartition("/")[2])
    if evaluator.evaluate_resource_policy(policy, context).decision != "Allow":
        return False
    if not role:
        return True
    own = role.split(":")[4:5] == [account]
    return own and evaluator.evaluate(context, evaluator._gather_role_policies(name, account)).decision == "Allow"
