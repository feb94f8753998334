"""Long lists come in pages: `next` is the key of the last row of the page before, unreadable on purpose."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from answers import Refused

_KEY = re.compile(r"[A-Za-z0-9._:-]{1,200}")


def token(last: str) -> str:
    """What leads on from the row `last`."""
    return base64.urlsafe_b64encode(last.encode()).decode().rstrip("=")


def start(query: dict[str, str]) -> str:
    """The row to go on from; empty at the beginning. Raises Refused(400) for what is no page."""
    given = query.get("next", "")
    try:
        last = base64.urlsafe_b64decode(given + "=" * (-len(given) % 4)).decode()
    except (binascii.Error, ValueError):
        last = ""
    if given and not _KEY.fullmatch(last):
        raise Refused(400, "next is not a page of this list", faults=["next is not a page of this list"])
    return last


def following(page: dict[str, Any], key: str) -> dict[str, str]:
    """`next` of an answer, when DynamoDB says that there is more; `key` is the attribute that orders the list."""
    last = page.get("LastEvaluatedKey")
    return {"next": token(last[key])} if last else {}
