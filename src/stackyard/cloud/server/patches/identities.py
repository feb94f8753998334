"""Fault: CloudFront has no origin access identities, which older programs let read their buckets. Cure: they are made,
read, changed and removed as on AWS, with ETags and caller references.
"""

from __future__ import annotations

import hashlib
import importlib
import re
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import SubElement

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders

Answer = tuple[int, dict[str, str], bytes]
_PATH = re.compile(r"^/2020-05-31/origin-access-identity/cloudfront(?:/([A-Z0-9]+))?(/config)?/?$")
_NAME = "CloudFrontOriginAccessIdentity"


def cures(_order: orders.Order) -> dict[str, arrivals.Cure]:
    """CloudFront's control plane."""
    return {"ministack.services.cloudfront": _in_cloudfront}


def _in_cloudfront(module: Any) -> None:
    responses = importlib.import_module("ministack.core.responses")
    module._identities = responses.AccountScopedDict()
    handle = module.handle_request

    async def handle_identities(method: str, path: str, headers: Any, body: bytes, query: Any) -> Answer:
        match = _PATH.match(path)
        if match:
            return _answer(module, method, match, headers, body)
        answer: Answer = await handle(method, path, headers, body, query)
        return answer

    module.handle_request = handle_identities


def _answer(module: Any, method: str, match: re.Match[str], headers: Any, body: bytes) -> Answer:
    id_, config = match[1], bool(match[2])
    if id_ is None:
        return _create(module, body) if method == "POST" else _list(module)
    found = module._identities.get(id_)
    if found is None:
        return _fault(module, f"NoSuch{_NAME}", "The specified origin access identity does not exist.", 404)
    if method == "GET":
        return _shown(module, found, 200, config=config)
    if headers.get("if-match") != _etag(found):
        return _fault(module, "PreconditionFailed", "The If-Match version is missing or not valid.", 412)
    if method == "DELETE":
        del module._identities[id_]
        return 204, {}, b""
    found = {**found, "comment": module._text(module._parse_body(body), "Comment")}
    module._identities[id_] = found
    return _shown(module, found, 200)


def _create(module: Any, body: bytes) -> Answer:
    """A caller reference makes one identity: with another comment it is refused, with the same it is the same."""
    given = module._parse_body(body)
    reference, comment = module._text(given, "CallerReference"), module._text(given, "Comment")
    known = next((one for one in module._identities.values() if one["reference"] == reference), None)
    if known is not None and known["comment"] != comment:
        return _fault(module, f"{_NAME}AlreadyExists", "The caller reference is in use.", 409)
    if known is None:
        known = {"id": module._dist_id(), "reference": reference, "comment": comment}
        module._identities[known["id"]] = known
    return _shown(module, known, 201)


def _list(module: Any) -> Answer:
    items = list(module._identities.values())

    def build(root: Any) -> None:
        for name, text in (
            ("Marker", ""),
            ("MaxItems", "100"),
            ("IsTruncated", "false"),
            ("Quantity", str(len(items))),
        ):
            SubElement(root, name).text = text
        if items:
            listed = SubElement(root, "Items")
            for item in items:
                summary = SubElement(listed, f"{_NAME}Summary")
                for name, text in (
                    ("Id", item["id"]),
                    ("S3CanonicalUserId", _user(item)),
                    ("Comment", item["comment"]),
                ):
                    SubElement(summary, name).text = text

    return module._xml_response(f"{_NAME}List", build)  # type: ignore[no-any-return]


def _shown(module: Any, found: dict[str, str], status: int, *, config: bool = False) -> Answer:
    def settings(parent: Any) -> None:
        SubElement(parent, "CallerReference").text = found["reference"]
        SubElement(parent, "Comment").text = found["comment"]

    def build(root: Any) -> None:
        SubElement(root, "Id").text = found["id"]
        SubElement(root, "S3CanonicalUserId").text = _user(found)
        settings(SubElement(root, f"{_NAME}Config"))

    more = {"ETag": _etag(found)}
    if config:
        return module._xml_response(f"{_NAME}Config", settings, status, more)  # type: ignore[no-any-return]
    return module._xml_response(_NAME, build, status, more)  # type: ignore[no-any-return]


def _user(found: dict[str, str]) -> str:
    return hashlib.sha256(found["id"].encode()).hexdigest()


def _etag(found: dict[str, str]) -> str:
    return "E" + hashlib.sha256(f"{found['id']} {found['comment']}".encode()).hexdigest()[:13].upper()


def _fault(module: Any, code: str, message: str, status: int) -> Answer:
    return module._error(code, message, status)  # type: ignore[no-any-return]
