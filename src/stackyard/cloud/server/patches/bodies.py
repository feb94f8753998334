"""What the body of a request says, for the patches that look into it before the service does."""

from __future__ import annotations

import json
from typing import Any


def content(body: bytes) -> dict[str, Any]:
    """The JSON object in a body; empty for anything else, which the service itself then refuses."""
    try:
        given = json.loads(body or b"{}")
    except ValueError:
        return {}
    return given if isinstance(given, dict) else {}
