"""Fault: the key `test`, any 12 digits and the configured key are root of any account, with any secret, and a
request without a signature may make a bucket. Cure: root are the keys minted in `accounts.json` alone, each of its
own account; their signatures are checked as everybody's are; an unsigned request reaches existing things only.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders

# What an unsigned S3 request may never do: nothing of these is covered by a bucket's own policy.
_NEVER_UNSIGNED = frozenset({"s3:CreateBucket", "s3:ListAllMyBuckets"})


class Minted:
    """The root keys of `accounts.json`, read again whenever an unknown key is met and the file has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._keys: dict[str, tuple[str, str]] = {}

    def find(self, access_key: str) -> tuple[str, str] | None:
        """The account and the secret of a minted key, or None."""
        if access_key and access_key not in self._keys:
            self._refresh()
        return self._keys.get(access_key)

    def _refresh(self) -> None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return
        stamp = (status.st_ino, status.st_mtime_ns)
        if stamp != self._stamp:
            accounts = json.loads(self._path.read_text(encoding="utf-8"))
            self._keys = {row["access_key"]: (account, row["secret"]) for account, row in accounts.items()}
            self._stamp = stamp


def cures(order: orders.Order) -> dict[str, arrivals.Cure]:
    """The evaluator's idea of who is root, and the places that kept a copy of it."""
    minted = Minted(order.folder / "accounts.json")

    def in_evaluator(module: ModuleType) -> None:
        _root_keys(module, minted)
        _unsigned(module)

    def in_sts(module: ModuleType) -> None:
        module.is_root_access_key = lambda _key: False  # type: ignore[attr-defined]

    return {"ministack.core.iam_evaluator": in_evaluator, "ministack.services.sts": in_sts}


def _root_keys(module: Any, minted: Minted) -> None:
    account_of, resolve, identity = (
        module.find_iam_access_key_account, module.resolve_credential, module.resolve_caller_identity,
    )  # fmt: skip

    def find_iam_access_key_account(access_key: str) -> Any:
        found = minted.find(access_key)
        return found[0] if found else account_of(access_key)

    def resolve_credential(
        access_key: str, account: Any = None, session_token: Any = module._SESSION_TOKEN_NOT_CHECKED
    ) -> Any:
        found = minted.find(access_key)
        if found is None:
            return resolve(access_key, account, session_token)
        wrong_token = module._validate_session_token(None, session_token)
        return wrong_token or module.ResolvedCredential(
            access_key_id=access_key, secret_access_key=found[1], account_id=found[0],
            principal_arn=f"arn:aws:iam::{found[0]}:root", principal_id=found[0], principal_type="Root",
            source_access_key_id=access_key,
        )  # fmt: skip

    def resolve_caller_identity(access_key: str) -> Any:
        found = minted.find(access_key)
        if found is None:
            return identity(access_key)
        arn = f"arn:aws:iam::{found[0]}:root"
        return {"accessKey": access_key, "accountId": found[0], "userArn": arn, "userId": found[0],
                "principalOrgId": module._principal_org_id(found[0]), "session": None}  # fmt: skip

    # False for every key: a root key is looked up and its signature checked like any other.
    module.is_root_access_key = module._is_root_key = lambda _key: False
    module.find_iam_access_key_account = find_iam_access_key_account
    module.resolve_credential = resolve_credential
    module.resolve_caller_identity = resolve_caller_identity


def _unsigned(module: Any) -> None:
    enforce = module.enforce

    def enforce_signed(
        access_key: str, action: str, service: str, region: str, resource_arn: str = "*", service_context: Any = None
    ) -> Any:
        unsigned = not access_key and module._signed_request.get() is None
        if not unsigned or (service != "s3" and action not in ("execute-api:Invoke", "lambda:InvokeFunctionUrl")):
            return enforce(access_key, action, service, region, resource_arn, service_context)
        iam_only = (service_context or {}).get("lambda:FunctionUrlAuthType") == "AWS_IAM"
        if action in _NEVER_UNSIGNED or iam_only:
            return module.AuthError("AccessDenied", "Access Denied")
        return None  # S3 asks the bucket's policy, API Gateway and function URLs the route, further in

    module.enforce = enforce_signed
