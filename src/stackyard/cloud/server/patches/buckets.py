"""Faults: GetBucketRequestPayment answers a listing; the account's own public access block is not there, so that
nothing of an account can be kept from the public at once. Cures: it answers who pays; the account's block is kept,
and counts beside the bucket's.
"""

from __future__ import annotations

import importlib
import xml.etree.ElementTree as xml
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders

_PATH = "/v20180820/configuration/publicAccessBlock"
_ACTIONS = {"GET": "Get", "PUT": "Put", "DELETE": "Put"}
_NONE = (
    b'<?xml version="1.0"?><ErrorResponse><Error><Code>NoSuchPublicAccessBlockConfiguration</Code><Message>The public '
    b"access block configuration was not found</Message></Error></ErrorResponse>"
)


def cures(_order: orders.Order) -> dict[str, arrivals.Cure]:
    """S3, and the way in to S3 Control."""
    return {"ministack.services.s3": _in_s3, "ministack.app": _in_app}


def _in_s3(module: Any) -> None:
    serve, blocked = module.handle_request, module._public_access_blocked
    responses: Any = importlib.import_module("ministack.core.responses")
    module._account_blocks = responses.AccountScopedDict()  # found, and kept, like every other store

    async def serve_payer(method: str, path: str, headers: Any, body: bytes, query: Any, **named: Any) -> Any:
        if method == "GET" and "requestPayment" in query:
            query = {**query, "request-payment": query["requestPayment"]}
        return await serve(method, path, headers, body, query, **named)

    def blocked_for_all(owner: str, bucket: str, setting: str) -> bool:
        whole = module._account_blocks.get_scoped(owner, None, "block")
        return bool(whole and whole.get(setting) == "true") or bool(blocked(owner, bucket, setting))

    module.handle_request, module._public_access_blocked = serve_payer, blocked_for_all


def _in_app(module: Any) -> None:
    serve = module._handle_s3_control_request

    async def serve_block(path: str, method: str, body: bytes, query: Any, request_id: str, headers: Any = None) -> Any:
        if path.rstrip("/") != _PATH or method not in _ACTIONS:
            return await serve(path, method, body, query, request_id, headers)
        action = f"s3:{_ACTIONS[method]}AccountPublicAccessBlock"
        denied = module._enforce_data_plane("s3", action, headers or {}, query, request_id)
        return denied or _block(module._get_module("s3")._account_blocks, method, body)

    module._handle_s3_control_request = serve_block


def _block(blocks: Any, method: str, body: bytes) -> Any:
    kind = {"Content-Type": "application/xml"}
    if method == "PUT":
        root = xml.fromstring(body)
        blocks["block"] = {child.tag.rpartition("}")[2]: (child.text or "").strip().lower() for child in root}
        return 201, {}, b""
    if method == "DELETE":
        blocks.pop("block", None)
        return 204, {}, b""
    block = blocks.get("block")
    if block is None:
        return 404, kind, _NONE
    settings = "".join(f"<{name}>{value}</{name}>" for name, value in block.items())
    namespace = "http://awss3control.amazonaws.com/doc/2018-08-20/"
    text = f'<PublicAccessBlockConfiguration xmlns="{namespace}">{settings}</PublicAccessBlockConfiguration>'
    return 200, kind, text.encode()
