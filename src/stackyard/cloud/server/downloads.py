"""Addresses of code and layers that GetFunction and GetLayerVersion hand out, good for nobody else. ministack's have a
signature that is the same for everybody, and look at none.
"""

from __future__ import annotations

import hashlib
import hmac
import time
import urllib.parse

PLACES = ("/_ministack/lambda-code/", "/_ministack/lambda-layers/")
SHORT, LONG = 600, 100 * 365 * 86_400  # seconds: as AWS's code, and for ever


def signed(secret: bytes, url: str, seconds: int) -> str:
    """The address with a signature of its path and its end, `seconds` from now."""
    parts = urllib.parse.urlsplit(url)
    expiry = str(int(time.time()) + seconds)
    query = [*urllib.parse.parse_qsl(parts.query), ("stackyard-until", expiry)]
    query.append(("stackyard-signature", _signature(secret, parts.path, expiry)))
    return parts._replace(query=urllib.parse.urlencode(query)).geturl()


def is_signed(secret: bytes, path: str, query: str) -> bool:
    """Whether a request for `path` is one that was handed out, and not long ago."""
    given = dict(urllib.parse.parse_qsl(query))
    expiry, signature = given.get("stackyard-until", ""), given.get("stackyard-signature", "")
    good = hmac.compare_digest(signature.encode(), _signature(secret, path, expiry).encode())
    return good and int(expiry) > time.time()


def _signature(secret: bytes, path: str, expiry: str) -> str:
    return hmac.new(secret, f"download {path} {expiry}".encode(), hashlib.sha256).hexdigest()
