"""JSON as Go's encoding/json writes it, so that files the Pulumi CLI and we write are the same bytes.

Differences from Python's own: numbers without a fraction are written as integers, small ones as 0.00001 or
1e-7; U+2028 and U+2029 are always escaped; `html` escapes <, > and & as well.
"""

from __future__ import annotations

import decimal
import json
import re
import secrets
from typing import Any, Final

_MARK: Final = "\x00" + secrets.token_hex(8)
_MARKED: Final = re.compile('"' + re.escape(json.dumps(_MARK)[1:-1]) + '([-+.e0-9]+)"')
_HTML: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


def dumps(value: Any, *, html: bool = False) -> str:
    """Compact JSON; keys stand in the order of the dicts. Floats must have passed `number`."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    if _MARK[1:] in text:
        text = _MARKED.sub(r"\1", text)
    if not text.isascii():
        text = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    if html:
        for character, escape in _HTML.items():
            text = text.replace(character, escape)
    return text


def number(value: float) -> int | float | str:
    """What to hand to `dumps` for a finite float, so that it comes out as Go would write it."""
    if value.is_integer() and abs(value) < 1e21:
        return int(value) if abs(value) < 2**53 else int(decimal.Decimal(repr(value)))
    if 1e-4 <= abs(value) < 1e21:
        return value
    return _MARK + _exotic(value)


def _exotic(value: float) -> str:
    text = repr(value)
    if 1e-6 <= abs(value) < 1:
        return format(decimal.Decimal(text), "f")
    return re.sub(r"e([-+])0(\d)$", r"e\1\2", text)
