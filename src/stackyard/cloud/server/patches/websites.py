"""Fault: a bucket's website has no index and no error document. Cure: `<bucket>.s3-website[.<region>].localhost`, and
AWS's own names for it, serve both, redirect where the website says so, and read as anybody may: a key that is not
public is 403, and no credential is looked at.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as xml
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders

_HOST = re.compile(r"^(?P<bucket>.+)\.s3-website(?:[.-][a-z0-9-]+)?\.(?:localhost|amazonaws\.com)(?::\d+)?$")
_PAGE = "<html><head><title>{0} {1}</title></head><body><h1>{0} {1}</h1></body></html>"


def cures(_order: orders.Order) -> dict[str, arrivals.Cure]:
    """The way in for a bucket named by the host."""
    return {"ministack.app": _in_app}


def _in_app(module: Any) -> None:
    serve = module._handle_s3_vhost_request

    async def serve_website(
        host: str, path: str, method: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Any:
        found = _HOST.match(host.lower())
        if found is None or method not in ("GET", "HEAD"):
            return await serve(host, path, method, headers, body, query)
        bucket = found["bucket"]
        site = _site(module, bucket)
        if site is None:
            return 404, {"Content-Type": "text/html"}, _PAGE.format(404, "No Such Website").encode()
        if site.get("redirect"):
            return 301, {"Location": f"{site.get('protocol', 'http')}://{site['redirect']}{path}"}, b""
        # A name that S3 knows, and no header that could be a credential.
        address = f"{bucket}.s3.localhost"
        plain = {name: value for name, value in headers.items() if name not in ("authorization", "host")} | {
            "host": address
        }

        async def get(key: str) -> Any:
            return await serve(address, key, method, dict(plain), b"", {})

        return await _page(get, path, site)

    module._handle_s3_vhost_request = serve_website


async def _page(get: Any, path: str, site: dict[str, str]) -> Any:
    index = site.get("index", "index.html")
    answer = await get(path + index if path.endswith("/") else path)
    if answer[0] in (403, 404) and not path.endswith("/") and (await get(f"{path}/{index}"))[0] == 200:
        return 302, {"Location": f"{path}/"}, b""
    if answer[0] < 400:
        return answer
    if site.get("error"):
        error = await get("/" + site["error"])
        if error[0] == 200:
            return answer[0], error[1], error[2]
    reason = "Not Found" if answer[0] == 404 else "Forbidden"
    return answer[0], {"Content-Type": "text/html"}, _PAGE.format(answer[0], reason).encode()


def _site(module: Any, bucket: str) -> dict[str, str] | None:
    """The website of a bucket, whoever owns it: index, error, redirect."""
    stores = module._get_module("s3")._bucket_websites._data
    text = next((value for key, value in list(dict.items(stores)) if key[-1] == bucket), None)
    if text is None:
        return None
    parts = {"Suffix": "index", "Key": "error", "HostName": "redirect", "Protocol": "protocol"}
    rules = {"RoutingRules"}
    site: dict[str, str] = {}
    for section in xml.fromstring(text):
        if section.tag.rpartition("}")[2] in rules:
            continue
        for element in section:
            name = parts.get(element.tag.rpartition("}")[2])
            if name and element.text:
                site[name] = element.text
    return site
