"""The roles of tasks: may ECS assume them, what may they do, and the credentials of a running task."""

from __future__ import annotations

import importlib
import json
import secrets
from collections.abc import Mapping
from typing import Any

SERVICE = "ecs-tasks.amazonaws.com"


def fault(role: str) -> str:
    """Why ECS may not assume `role` for a task, in ECS's words; "" when it may."""
    name, account = role.rpartition("/")[2], role.split(":")[4] if role.count(":") > 4 else ""
    found = _iam()._roles.get_scoped(account, None, name)
    if found is not None and any(_trusts(row) for row in _statements(found)):
        return ""
    return (
        f"ECS was unable to assume the role '{role}' that was provided for this task. Please verify that the role "
        "being passed has the proper trust relationship and permissions and that your IAM user has permissions to "
        "pass this role."
    )


def _statements(role: Mapping[str, Any]) -> list[dict[str, Any]]:
    given = role.get("AssumeRolePolicyDocument") or {}
    document = json.loads(given) if isinstance(given, str) else given
    rows = document.get("Statement") or []
    return rows if isinstance(rows, list) else [rows]


def _trusts(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal") or {}
    services = principal.get("Service") or [] if isinstance(principal, dict) else []
    names = [services] if isinstance(services, str) else services
    return statement.get("Effect") == "Allow" and SERVICE in names


def allowed(role: str, action: str, resource: str, session: str, region: str) -> bool:
    """Whether the policies of `role` allow `action` on `resource`."""
    evaluator: Any = importlib.import_module("ministack.core.iam_evaluator")
    account, name = role.split(":")[4], role.rpartition("/")[2]
    context = evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::{account}:assumed-role/{name}/{session}", principal_type="AssumedRole",
        principal_account=account, action=action, resource_arn=resource, region=region,
    )  # fmt: skip
    decision: str = evaluator.evaluate(context, evaluator._gather_role_policies(name, account)).decision
    return decision == "Allow"


def credentials(role: str, session: str) -> dict[str, str]:
    """New credentials of `role`, as environment variables; good until `forget` is given the access key."""
    account, name = role.split(":")[4], role.rpartition("/")[2]
    key = "ASIA" + "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(16))
    secret, token = secrets.token_urlsafe(30), secrets.token_urlsafe(96)
    identity = (_iam()._roles.get_scoped(account, None, name) or {}).get("RoleId") or name
    _sts().register_session(key, {
        "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session}", "UserId": f"{identity}:{session}",
        "SecretAccessKey": secret, "SessionToken": token, "AccountId": account, "PrincipalType": "AssumedRole",
        "Service": "ecs-tasks",  # who runs as it: `metering.passages`
    })  # fmt: skip
    return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}


def forget(access_key: str) -> None:
    """End credentials that `credentials` gave."""
    _sts()._sessions.pop(access_key, None)


def _iam() -> Any:
    return importlib.import_module("ministack.services.iam")


def _sts() -> Any:
    return importlib.import_module("ministack.services.sts")
