"""Faults: every account's registry token is the same constant, and the registry asks for none; it serves any account
that the host name says. Cure: a token is of who asked for it, in one account and region, for twelve hours; the
registry serves its account, and each call needs what the policies of its owner allow, as the API's own calls do.
"""

from __future__ import annotations

import base64
import binascii
import contextvars
import dataclasses
import hashlib
import hmac
import importlib
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders

_HOURS_12 = 43_200  # seconds
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="embedded cloud",service="ecr.amazonaws.com"'}


# What a call of the registry protocol needs: any one of each line's actions.
_NEEDS: dict[tuple[str, str], tuple[tuple[str, ...], ...]] = {
    ("catalog", "GET"): (("DescribeRepositories",),),
    ("tags_list", "GET"): (("ListImages",),),
    ("blob", "HEAD"): (("BatchCheckLayerAvailability", "GetDownloadUrlForLayer"),),
    ("blob", "GET"): (("GetDownloadUrlForLayer",),),
    ("blob", "DELETE"): (("BatchDeleteImage",),),
    ("blob_uploads", "POST"): (("InitiateLayerUpload",),),
    ("blob_upload_session", "PATCH"): (("UploadLayerPart",),),
    ("blob_upload_session", "GET"): (("UploadLayerPart",),),
    ("blob_upload_session", "DELETE"): (("UploadLayerPart",),),
    ("blob_upload_session", "PUT"): (("CompleteLayerUpload",),),
    ("manifest", "HEAD"): (("BatchGetImage", "PutImage"),),
    ("manifest", "GET"): (("BatchGetImage",),),
    ("manifest", "PUT"): (("PutImage",),),
    ("manifest", "DELETE"): (("BatchDeleteImage",),),
}
_caller: contextvars.ContextVar[str] = contextvars.ContextVar("registry_caller", default="")


@dataclasses.dataclass(frozen=True, slots=True)
class Holder:
    """Whose a good token is: the access key that asked for it."""

    account: str
    region: str
    key: str


class Tokens:
    """Registry passwords: `account.region.expiry.key.signature`."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def made(self, holder: Holder) -> tuple[str, int]:
        """A password, and the second at which it expires."""
        expiry = int(time.time()) + _HOURS_12
        text = f"{holder.account}.{holder.region}.{expiry}.{holder.key}"
        return f"{text}.{self._signature(text)}", expiry

    def holder(self, header: str) -> Holder | None:
        """Whose an Authorization header is, if it is good; None for any other."""
        kind, _, encoded = header.partition(" ")
        try:
            user, _, password = base64.b64decode(encoded, validate=True).decode("ascii").partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        text, _, signature = password.rpartition(".")
        if kind.lower() != "basic" or user != "AWS" or not hmac.compare_digest(signature, self._signature(text)):
            return None
        account, region, expiry, key = text.split(".")
        return Holder(account, region, key) if int(expiry) > time.time() else None

    def _signature(self, text: str) -> str:
        return hmac.new(self._secret, b"registry " + text.encode(), hashlib.sha256).hexdigest()


def cures(order: orders.Order) -> dict[str, arrivals.Cure]:
    """ECR, its API and its registry."""
    tokens = Tokens((order.folder / "token").read_bytes())
    return {"ministack.services.ecr": lambda module: _in_ecr(module, tokens)}


def _in_ecr(module: Any, tokens: Tokens) -> None:
    serve, select = module.handle_registry_request, module._select_registry_request_scope
    handle_request = module.handle_request
    responses: Any = importlib.import_module("ministack.core.responses")

    def authorize(_given: Any) -> Any:
        account, region = responses.get_account_id(), responses.get_region()
        password, expiry = tokens.made(Holder(account, region, _caller.get()))
        return module.json_response({"authorizationData": [{
            "authorizationToken": base64.b64encode(f"AWS:{password}".encode()).decode(), "expiresAt": expiry,
            "proxyEndpoint": f"https://{account}.dkr.ecr.{region}.amazonaws.com",
        }]})  # fmt: skip

    async def serve_known(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Any:
        holder = tokens.holder(headers.get("authorization", ""))
        if holder is None:
            status, sent, content = module._registry_error(401, "UNAUTHORIZED", "a registry token is needed")
            return status, {**sent, **_CHALLENGE}, content
        responses.set_request_account_id(holder.account)
        responses.set_request_region(holder.region)
        refused = _refused(module, holder, method.upper(), path, query)
        if refused:
            return module._registry_error(403, "DENIED", refused)
        return await serve(method, path, headers, body, query)

    def select_within(name: str, headers: Any, query: Any) -> None:
        account = responses.get_account_id()
        select(name, headers, query)
        responses.set_request_account_id(account)  # a host name says which region, not whose

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Any:
        application: Any = importlib.import_module("ministack.app")
        known = _caller.set(application.extract_access_key_id(headers, query) or "")
        try:
            return await handle_request(method, path, headers, body, query)
        finally:
            _caller.reset(known)

    module.handle_request = handle
    module._get_authorization_token = authorize
    module.handle_registry_request = serve_known
    module._select_registry_request_scope = select_within


def _refused(module: Any, holder: Holder, method: str, path: str, query: Any) -> str:
    """Why the holder of a token may not do this; empty when it may. Keys that are gone may do nothing."""
    evaluator: Any = importlib.import_module("ministack.core.iam_evaluator")
    principal = evaluator.resolve_principal(holder.key, holder.account)
    if not hasattr(principal, "policies"):
        return "the token's owner is gone"
    verb, name, _ = module._parse_v2_path(path) or ("", "", "")
    needs = list(_NEEDS.get((verb, method), ()))
    if verb == "blob_uploads" and "digest" in query:
        needs.append(("CompleteLayerUpload",))
    asked = [(name, actions) for actions in needs]
    if verb == "blob_uploads" and "mount" in query:
        source = query.get("from", name)
        asked.append((source[0] if isinstance(source, list) else source, ("GetDownloadUrlForLayer",)))
    for name, actions in asked:
        if not any(_allows(evaluator, principal, holder, f"ecr:{action}", name) for action in actions):
            return f"User: {principal.arn} is not authorized to perform: ecr:{actions[0]} on {name or 'the registry'}"
    return ""


def _allows(evaluator: Any, principal: Any, holder: Holder, action: str, name: str) -> bool:
    """Whether the caller's own policies or the repository's allow an action, and neither denies it."""
    arn = f"arn:aws:ecr:{holder.region}:{holder.account}:repository/{name}" if name else "*"
    context = evaluator.EvalContext(
        principal_arn=principal.arn, principal_type=principal.type, principal_account=principal.account,
        action=action, resource_arn=arn, region=holder.region, service_context={}, principal_keys=principal.keys,
    )  # fmt: skip
    found = evaluator._resource_policy("ecr", arn) if name else None
    decisions = [evaluator.evaluate_resource_policy(found[0], context).decision] if found else []
    if principal.policies is None:
        decisions.append("Allow")
    else:
        decisions.append(evaluator.evaluate(context, principal.policies, *principal.limits).decision)
    return "Deny" not in decisions and "Allow" in decisions
