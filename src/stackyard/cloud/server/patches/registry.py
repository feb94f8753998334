"""Faults: every account's registry token is the same constant, and the registry asks for none; it serves any account
that the host name says. Cure: a token is for one account and region and twelve hours, and the registry serves its
account to who has it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import importlib
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders

_HOURS_12 = 43_200  # seconds
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="embedded cloud",service="ecr.amazonaws.com"'}


class Tokens:
    """Registry passwords: `account.region.expiry.signature`."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def made(self, account: str, region: str) -> tuple[str, int]:
        """A password, and the second at which it expires."""
        expiry = int(time.time()) + _HOURS_12
        text = f"{account}.{region}.{expiry}"
        return f"{text}.{self._signature(text)}", expiry

    def place(self, header: str) -> tuple[str, str] | None:
        """The account and region of an Authorization header that is good; None for any other."""
        kind, _, encoded = header.partition(" ")
        try:
            user, _, password = base64.b64decode(encoded, validate=True).decode("ascii").partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        text, _, signature = password.rpartition(".")
        if kind.lower() != "basic" or user != "AWS" or not hmac.compare_digest(signature, self._signature(text)):
            return None
        account, region, expiry = text.split(".")
        return (account, region) if int(expiry) > time.time() else None

    def _signature(self, text: str) -> str:
        return hmac.new(self._secret, b"registry " + text.encode(), hashlib.sha256).hexdigest()


def cures(order: orders.Order) -> dict[str, arrivals.Cure]:
    """ECR, its API and its registry."""
    tokens = Tokens((order.folder / "token").read_bytes())
    return {"ministack.services.ecr": lambda module: _in_ecr(module, tokens)}


def _in_ecr(module: Any, tokens: Tokens) -> None:
    serve, select = module.handle_registry_request, module._select_registry_request_scope
    responses: Any = importlib.import_module("ministack.core.responses")

    def authorize(_given: Any) -> Any:
        account, region = responses.get_account_id(), responses.get_region()
        password, expiry = tokens.made(account, region)
        return module.json_response({"authorizationData": [{
            "authorizationToken": base64.b64encode(f"AWS:{password}".encode()).decode(), "expiresAt": expiry,
            "proxyEndpoint": f"https://{account}.dkr.ecr.{region}.amazonaws.com",
        }]})  # fmt: skip

    async def serve_known(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Any:
        place = tokens.place(headers.get("authorization", ""))
        if place is None:
            status, sent, content = module._registry_error(401, "UNAUTHORIZED", "a registry token is needed")
            return status, {**sent, **_CHALLENGE}, content
        responses.set_request_account_id(place[0])
        responses.set_request_region(place[1])
        return await serve(method, path, headers, body, query)

    def select_within(name: str, headers: Any, query: Any) -> None:
        account = responses.get_account_id()
        select(name, headers, query)
        responses.set_request_account_id(account)  # a host name says which region, not whose

    module._get_authorization_token = authorize
    module.handle_registry_request = serve_known
    module._select_registry_request_scope = select_within
