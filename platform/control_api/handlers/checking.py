"""Values held against the schemas of the contract, as far as requests need it; every fault is found at once."""

from __future__ import annotations

import re
from typing import Any

from contract import PARAMETERS, SAID, SCHEMAS, Schema

_MOST = 50  # elements of a list


def faults_of(name: str, body: Any) -> list[str]:
    """What is wrong with a body that must be the schema `name`."""
    schema = SCHEMAS[name]
    if not isinstance(body, dict):
        return ["the body must be a JSON object"]
    known = schema["properties"]
    found = [f"{field} is missing" for field in schema["required"] if field not in body]
    found += [f"{field} is not a field of this request" for field in sorted(set(body) - set(known))]
    for field, value in body.items():
        if field in known:
            found += _faults(field, known[field], value)
    return found


def fits(parameter: str, value: str) -> bool:
    """Whether a parameter's text is one that the contract allows."""
    return not _faults(parameter, PARAMETERS[parameter], value)


def query_faults(name: str, value: str) -> list[str]:
    """What is wrong with a parameter of the query."""
    if fits(name, value):
        return []
    return [f"{name} is not a page of this list" if name == "next" else f"{name} must be YYYY-MM"]


def _faults(field: str, schema: Schema, value: Any) -> list[str]:
    kind = schema["type"]
    if kind == "integer":
        return [] if isinstance(value, int) and not isinstance(value, bool) else [f"{field} must be a whole number"]
    if kind == "array":
        listed = isinstance(value, list) and len(value) <= _MOST and all(isinstance(each, str) for each in value)
        return [] if listed else [f"{field} must be a list of at most {_MOST} texts"]
    pattern = schema.get("pattern", "")
    # In a schema `$` is the end; here it would allow a line's end before it.
    strict = pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern
    good = isinstance(value, str) and len(value) <= schema.get("maxLength", 1024)
    if good and len(value) >= schema.get("minLength", 0) and re.search(strict, value) and "\0" not in value:
        return []
    return [f"{field} must be {SAID.get(pattern, 'text that matches ' + pattern if pattern else 'text')}"]
