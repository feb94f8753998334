"""Fault: the endpoint speaks plain HTTP on the loopback address, so `aws:SecureTransport` is false and the statement
that every careful bucket policy has (deny what did not come over TLS) denies everybody. Cure: it is true; nothing
that reaches a loopback address has crossed a network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders


def cures(_order: orders.Order) -> dict[str, arrivals.Cure]:
    """The evaluator's condition keys."""
    return {"ministack.core.iam_evaluator": _in_evaluator}


def _in_evaluator(module: Any) -> None:
    resolve = module._resolve_condition_key

    def resolve_condition_key(key: str, context: Any) -> Any:
        return "true" if key.lower() == "aws:securetransport" else resolve(key, context)

    module._resolve_condition_key = resolve_condition_key
