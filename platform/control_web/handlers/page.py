"""Serves the page's files from their bucket, each with its type, its digest, and what a browser must not do with it."""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import re
import time
from functools import cache
from typing import Any, Final

import boto3
from botocore.exceptions import ClientError

Event = dict[str, Any]
Answer = dict[str, Any]
# Everything comes from this origin, and no other page may frame this one or be sent its forms. The one script that is
# inline is known by its digest: it puts the slash at the end of an address to which files are relative.
POLICY: Final = (
    "default-src 'none'; script-src 'self'{scripts}; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=31536000",
    "vary": "accept-encoding",
    "x-content-type-options": "nosniff",
}
_INLINE: Final = re.compile(rb"<script>(.*?)</script>", re.DOTALL)
_FILE: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_FRESH: Final = 10.0  # seconds
_TEXT: Final = ("text/", "application/javascript", "application/json", "image/svg+xml")


@cache
def bucket() -> Any:
    """Where the files are."""
    return boto3.client("s3")


_kept: dict[str, tuple[float, bytes, str]] = {}


def serve(event: Event, _context: Any = None) -> Answer:
    """GET / and GET /app/{file+} → 200, 304 when the caller has it already, or 404."""
    name = (event.get("pathParameters") or {}).get("file", "index.html")
    found = _read(name) if _FILE.fullmatch(name) else None
    if found is None:
        return {
            "statusCode": 404,
            "headers": {**HEADERS, "content-type": "text/plain"},
            "body": "There is no such file.",
        }
    content, kind = found
    scripts = _scripts(content) if kind == "text/html" else ""
    headers = event.get("headers") or {}
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    # Kept, but asked for anew: a deployment is seen at once, and what has not changed is not sent again.
    about = {**HEADERS, "etag": tag, "cache-control": "no-cache"}
    about["content-security-policy"] = POLICY.format(scripts=scripts)
    if tag in re.split(r"\s*,\s*", headers.get("if-none-match", "").replace("W/", "")):
        return {"statusCode": 304, "headers": about, "body": ""}
    text = kind.startswith(_TEXT)
    about["content-type"] = f"{kind}; charset=utf-8" if text else kind
    if text and "gzip" in headers.get("accept-encoding", ""):
        content, about["content-encoding"] = gzip.compress(content, mtime=0), "gzip"
    body = base64.b64encode(content).decode()
    return {"statusCode": 200, "headers": about, "body": body, "isBase64Encoded": True}


def _scripts(content: bytes) -> str:
    """The digests of a page's inline scripts, as its policy names them."""
    digests = (base64.b64encode(hashlib.sha256(script).digest()).decode() for script in _INLINE.findall(content))
    return "".join(f" 'sha256-{digest}'" for digest in digests)


def _read(name: str) -> tuple[bytes, str] | None:
    now = time.monotonic()
    kept = _kept.get(name)
    if kept is None or kept[0] < now:
        try:
            found = bucket().get_object(Bucket=os.environ["BUCKET"], Key=name)
        except ClientError as error:
            # Who may not list a bucket is told "denied" of what is not there.
            if error.response["Error"]["Code"] not in ("NoSuchKey", "AccessDenied"):
                raise
            return None
        kept = _kept[name] = (now + _FRESH, found["Body"].read(), found["ContentType"])
    return kept[1], kept[2]
