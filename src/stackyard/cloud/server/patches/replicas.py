"""Fault: a bucket's objects are copied to another by whatever role is named, another account's too, and nobody asks
what it may do: a policy that admits its owner's role lets in everybody who knows its name. Cure: a rule takes a role of
the bucket's account that its maker may pass, and a copy needs what the role's policies allow at both ends.
"""

from __future__ import annotations

import contextvars
import importlib
from typing import TYPE_CHECKING, Any

from ..tasks import roles  # noqa: TID252
from . import passing

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
_READ, _WRITE, _DELETE = "s3:GetObjectVersionForReplication", "s3:ReplicateObject", "s3:ReplicateDelete"
_deletes: contextvars.ContextVar[bool] = contextvars.ContextVar("replicated_deletion", default=False)


def cures(_order: orders.Order) -> dict[str, arrivals.Cure]:
    """S3."""
    return {"ministack.services.s3": _in_s3}


def _in_s3(module: Any) -> None:
    serve, destination, mark = (
        module.handle_request, module._replication_destination, module._maybe_replicate_delete_marker
    )  # fmt: skip
    responses: Any = importlib.import_module("ministack.core.responses")

    async def serve_passed(method: str, path: str, headers: Any, body: bytes, query: Any, **named: Any) -> Any:
        role = _role(module, body) if method == "PUT" and "replication" in query else ""
        application: Any = importlib.import_module("ministack.app")
        refusal = passing.refusal(application, "s3", role, headers, query) if role else None
        return refusal or await serve(method, path, headers, body, query, **named)

    def destination_of_role(bucket: str, key: str, rule: Any, role: str) -> Any:
        found = destination(bucket, key, rule, role)
        if found is None or role.split(":")[4:5] != [responses.get_account_id()]:
            return None
        needs = [(_WRITE, found[0]), (_READ, bucket)] if not _deletes.get() else [(_DELETE, found[0])]
        region = responses.get_region()
        may = all(roles.allowed(role, action, f"arn:aws:s3:::{name}/{key}", "s3", region) for action, name in needs)
        return found if may else None

    def mark_copied(bucket: str, key: str) -> None:
        known = _deletes.set(True)
        try:
            mark(bucket, key)
        finally:
            _deletes.reset(known)

    module.handle_request, module._replication_destination = serve_passed, destination_of_role
    module._maybe_replicate_delete_marker = mark_copied


def _role(module: Any, body: bytes) -> str:
    """The role that a configuration names, read as S3 reads it; empty for none."""
    try:
        found = module._find_xml_tag(module.fromstring(body), "Role")
    except Exception:  # noqa: BLE001 - whatever is wrong with it, S3 tells
        return ""
    return found.text or "" if found is not None else ""
