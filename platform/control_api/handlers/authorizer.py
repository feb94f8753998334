"""Who holds a token. The tokens' table knows their digests alone, so nobody who reads it can call.

The gateway would answer a refusal of ours with 403 and no reason. So a request with a bad token goes on as nobody's,
and `entries` answers it with 401: it takes only callers that are named here.
"""

from __future__ import annotations

import hashlib
import os
import time
from functools import cache
from typing import Any, Final

import boto3

UNKNOWN: Final = "the token is not known"
EXPIRED: Final = "the token has expired"


@cache
def table() -> Any:
    """The tokens' table."""
    return boto3.resource("dynamodb").Table(os.environ["TOKENS_TABLE"])


def authorize(event: dict[str, Any], _context: Any = None) -> dict[str, Any]:
    """The gateway's question, payload format 2.0, answered in the simple form.

    Every token costs one digest and one look-up, known or not: the time of an answer tells nothing.
    """
    scheme, _, token = (event.get("headers") or {}).get("authorization", "").partition(" ")
    digest = hashlib.sha256(token.strip().encode()).hexdigest()
    row = table().get_item(Key={"digest": digest}, ConsistentRead=True).get("Item")
    if row is None or scheme.lower() != "bearer":
        return {"isAuthorized": True, "context": {"refused": UNKNOWN}}
    expires = int(row.get("expires", 0))
    if expires <= time.time():
        return {"isAuthorized": True, "context": {"refused": EXPIRED}}
    named = {"organization": row["organization"], "user": row["user"], "expires": expires}
    return {"isAuthorized": True, "context": named}
