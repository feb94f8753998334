"""Fault: a REST API's integration with SQS does anything with any queue of any account, without a role. Cure: it calls
as its role (`credentials`), which must be of the API's own account; a queue of another account must admit it, too.
"""

from __future__ import annotations

import contextvars
import importlib
from typing import TYPE_CHECKING, Any

# Relative, since the server is loaded under another name.
from ..tasks import roles  # noqa: TID252

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders

# The role and the account of the REST API whose integration is being carried out.
_CALLER: contextvars.ContextVar[tuple[str, str] | None] = contextvars.ContextVar("integration", default=None)


def cures(_order: orders.Order) -> dict[str, arrivals.Cure]:
    """REST APIs' data plane, and SQS, which learns from it who calls."""
    return {"ministack.services.apigateway_v1": _in_apis, "ministack.services.sqs": _in_queues}


def _in_apis(module: Any) -> None:
    invoke = module._invoke_sqs_v1

    async def invoke_as_role(integration: dict[str, Any], *given: Any, **named: Any) -> Any:
        responses: Any = importlib.import_module("ministack.core.responses")
        owner = named.get("owner_account_id") or responses.get_account_id()
        held = _CALLER.set((str(integration.get("credentials") or ""), str(owner)))
        try:
            return await invoke(integration, *given, **named)
        finally:
            _CALLER.reset(held)

    module._invoke_sqs_v1 = invoke_as_role


def _in_queues(module: Any) -> None:
    dispatch = module._dispatch

    async def dispatch_allowed(action: str, data: dict[str, Any], queue: str, *rest: Any) -> Any:
        caller = _CALLER.get()
        if caller is not None and not _allowed(*caller, action, queue):
            raise module._Err("AccessDenied", f"Access to the resource {queue} is denied.", 403)
        return await dispatch(action, data, queue, *rest)

    module._dispatch = dispatch_allowed


def _allowed(role: str, owner: str, action: str, queue: str) -> bool:
    """Whether the API's role may do `action` on the queue that is worked in the scope of."""
    responses: Any = importlib.import_module("ministack.core.responses")
    account, region = responses.get_account_id(), responses.get_region()
    if role.split(":")[4:5] != [owner]:
        return False
    arn = f"arn:aws:sqs:{region}:{account}:{queue.rpartition('/')[2]}"
    with responses.request_scope(owner, region):
        if not roles.allowed(role, f"sqs:{action}", arn, "apigateway", region):
            return False
    return account == owner or _admitted(role, owner, action, arn, region)


def _admitted(role: str, owner: str, action: str, arn: str, region: str) -> bool:
    evaluator: Any = importlib.import_module("ministack.core.iam_evaluator")
    name = role.rpartition("/")[2]
    context = evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::{owner}:assumed-role/{name}/apigateway", principal_type="AssumedRole",
        principal_account=owner, action=f"sqs:{action}", resource_arn=arn, region=region,
    )  # fmt: skip
    found = evaluator._resource_policy("sqs", arn)
    return bool(found and evaluator.evaluate_resource_policy(found[0], context).decision == "Allow")
