"""JSON texts inside properties: when two of them mean the same, and which text to keep.

IAM policies have more than one spelling of a meaning (one action or a list of one, order of a list, the account
or its root); see the IAM grammar, docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html.
"""

from __future__ import annotations

import json
import re
from typing import Any

from stackyard.model import values
from stackyard.model.values import UNKNOWN, Value

_LISTS = frozenset({"Action", "NotAction", "Resource", "NotResource"})


def text(value: Value) -> Value:
    """`value` as compact JSON text when it is a dict or list, unchanged otherwise; unknown while a part of it is."""
    if not isinstance(value, dict | list):
        return value
    return UNKNOWN if values.has_unknown(value) else json.dumps(value, separators=(",", ":"))


def parse(value: Value) -> Any:
    """The document of a JSON text; None when it is not one."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return None


def same(left: Value, right: Value) -> bool:
    """Whether two JSON texts hold the same document, policies compared by meaning."""
    if left == right:
        return True
    first, second = parse(left), parse(right)
    if first is None or second is None:
        return False
    return bool(_canonical(first) == _canonical(second))


def meaning(value: str) -> str:
    """A text that is the same for all JSON texts of one meaning; `value` itself when it is no JSON."""
    document = parse(value)
    return value if document is None else _key(_canonical(document))


def _canonical(document: Any) -> Any:
    if isinstance(document, dict) and "Statement" in document:
        statements = document["Statement"]
        listed = statements if isinstance(statements, list) else [statements]
        rest = {k: v for k, v in document.items() if k not in ("Statement", "Id") or (k == "Id" and v)}
        return {**rest, "Statement": sorted((_statement(s) for s in listed), key=_key)}
    if isinstance(document, dict):
        return {key: _canonical(value) for key, value in document.items() if value is not None}
    return document


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _bag(value: Any) -> Any:
    items = value if isinstance(value, list) else [value]
    return sorted({_key(item): item for item in items}.values(), key=_key)


def _statement(statement: Any) -> Any:
    if not isinstance(statement, dict):
        return statement
    found: dict[str, Any] = {}
    for key, value in statement.items():
        if key == "Sid" and not value:
            continue
        if key in _LISTS:
            found[key] = _bag(_lowered(value) if "Action" in key else value)
        elif key in ("Principal", "NotPrincipal"):
            found[key] = _principal(value)
        elif key == "Condition":
            found[key] = {test: {k: _bag(_texts(v)) for k, v in keys.items()} for test, keys in value.items()}
        else:
            found[key] = value
    return found


def _lowered(value: Any) -> Any:
    return [str(item).lower() for item in value] if isinstance(value, list) else str(value).lower()


def _texts(value: Any) -> Any:
    if isinstance(value, list):
        return [_texts(item) for item in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


def _principal(value: Any) -> Any:
    if value == "*":
        return {"AWS": ["*"]}
    return {kind: _bag(_accounts(who)) for kind, who in value.items()} if isinstance(value, dict) else value


def _accounts(value: Any) -> Any:
    if isinstance(value, list):
        return [_accounts(item) for item in value]
    match = re.fullmatch(r"arn:aws[\w-]*:iam::(\d{12}):root", str(value))
    return match[1] if match else value
