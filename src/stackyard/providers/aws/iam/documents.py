"""`getPolicyDocument`: builds an IAM policy document, the same text as Terraform's data source makes.

What shows in the text (internal/service/iam/policy_model.go of hashicorp/terraform-provider-aws): a single action,
resource or identifier is a string, several are a list in reverse order; values of conditions keep theirs;
`&{` becomes `${`; keys of maps are sorted; Go's JSON encoder escapes `&`, `<` and `>`.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from stackyard.errors import ProviderError
from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws

TOKEN = "aws:iam/getPolicyDocument:getPolicyDocument"
Statement = dict[str, Any]
_ORDER = ("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition")
_LISTS = {"actions": "Action", "notActions": "NotAction", "resources": "Resource", "notResources": "NotResource"}


def get_policy_document(aws: Aws, arguments: Properties) -> Properties:
    """`aws:iam/getPolicyDocument:getPolicyDocument`. Makes no call."""
    merged = build(arguments)
    text = encode(merged, indent=2)
    return {
        "json": text,
        "minifiedJson": encode(merged),
        "id": str(zlib.crc32(text.encode())),
        "version": arguments.get("version") or "2012-10-17",
    }


def build(arguments: Properties) -> dict[str, Any]:
    """The document: sources merged, then the statements, then the overrides."""
    merged: dict[str, Any] = {"Version": "", "Id": "", "Statement": []}
    sources = [_parse(text) for text in arguments.get("sourcePolicyDocuments") or () if text]
    _refuse_repeated(statement for source in sources for statement in source["Statement"])
    for source in sources:
        _merge(merged, source)
    own = [_statement(given) for given in arguments.get("statements") or ()]
    _refuse_repeated(own)
    version = arguments.get("version") or "2012-10-17"
    _merge(merged, {"Version": version, "Id": arguments.get("policyId") or "", "Statement": own})
    for text in arguments.get("overridePolicyDocuments") or ():
        if text:
            _merge(merged, _parse(text))
    return {key: value for key, value in merged.items() if value}


def encode(document: Mapping[str, Any], indent: int | None = None) -> str:
    """The text that Go's encoder makes of it."""
    separators = (",", ": ") if indent else (",", ":")
    text = json.dumps(document, indent=indent, separators=separators, ensure_ascii=False)
    for character in "&<>\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _refuse_repeated(statements: Iterable[Statement]) -> None:
    seen: set[str] = set()
    for sid in filter(None, (statement.get("Sid") for statement in statements)):
        if sid in seen:
            raise ProviderError(f"{TOKEN}: duplicate Sid ({sid})", hint="remove the Sid or make it unique")
        seen.add(sid)


def _merge(into: dict[str, Any], other: Mapping[str, Any]) -> None:
    """Later ids win, the higher version wins, a statement of a known Sid replaces the earlier one in its place."""
    into["Id"] = other["Id"] or into["Id"]
    into["Version"] = max(into["Version"], other["Version"])
    places = {s["Sid"]: index for index, s in enumerate(into["Statement"]) if s.get("Sid")}
    for statement in other["Statement"]:
        if statement.get("Sid") in places:
            into["Statement"][places[statement["Sid"]]] = statement
        else:
            into["Statement"].append(statement)


def _statement(given: Properties) -> Statement:
    parts: Statement = {"Sid": given.get("sid"), "Effect": given.get("effect") or "Allow"}
    for name, key in _LISTS.items():
        if given.get(name):
            values = [_variables(v) for v in given[name]] if "esource" in name else given[name]
            parts[key] = _listed(values)
    for name, key in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if given.get(name):
            parts[key] = _principals(
                (p["type"], _listed([_variables(i) for i in p["identifiers"]])) for p in given[name]
            )
    if given.get("conditions"):
        conditions = ((c["test"], c["variable"], [_variables(v) for v in c["values"]]) for c in given["conditions"])
        parts["Condition"] = _conditions(conditions)
    return _ordered(parts)


def _ordered(parts: Statement) -> Statement:
    return {key: parts[key] for key in _ORDER if parts.get(key) not in (None, "", [], {})}


def _variables(text: str) -> str:
    return text.replace("&{", "${")


def _listed(values: list[str]) -> Any:
    return values[0] if len(values) == 1 else sorted(set(values), reverse=True)


def _principals(given: Iterable[tuple[str, Any]]) -> Any:
    """Identifiers by type; `{"*": "*"}` alone is written as `"*"`."""
    pairs = list(given)
    if len(pairs) == 1 and pairs[0][0] == "*" and pairs[0][1] in ("*", ["*"]):
        return "*"
    found: dict[str, Any] = {}
    for kind, identifiers in pairs:
        if kind not in found:
            found[kind] = identifiers
            continue
        before = [found[kind]] if isinstance(found[kind], str) else found[kind]
        found[kind] = [*before, *([identifiers] if isinstance(identifiers, str) else identifiers)]
    return dict(sorted(found.items()))


def _conditions(given: Iterable[tuple[str, str, list[str]]]) -> dict[str, Any]:
    found: dict[str, dict[str, list[str]]] = {}
    for test, variable, values in given:
        found.setdefault(test, {}).setdefault(variable, []).extend(values)
    return {
        test: {name: v[0] if len(v) == 1 else v for name, v in sorted(variables.items())}
        for test, variables in sorted(found.items())
    }


def _parse(text: str) -> dict[str, Any]:
    """A document given as text, in the form that `build` merges."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ProviderError(f"{TOKEN}: a given document is not JSON: {error}") from None
    statements = document.get("Statement") or []
    listed = statements if isinstance(statements, list) else [statements]
    return {
        "Version": document.get("Version", ""),
        "Id": document.get("Id", ""),
        "Statement": [_normalized(statement) for statement in listed],
    }


def _normalized(statement: Statement) -> Statement:
    parts = dict(statement)
    for key in ("Principal", "NotPrincipal"):
        if isinstance(parts.get(key), dict):
            who = parts[key].items()
            parts[key] = _principals((kind, sorted(v, reverse=True) if isinstance(v, list) else v) for kind, v in who)
    if parts.get("Condition"):
        parts["Condition"] = _conditions(_flattened(parts["Condition"]))
    return _ordered(parts)


def _flattened(conditions: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str, list[str]]]:
    for test, variables in conditions.items():
        for variable, values in variables.items():
            listed = values if isinstance(values, list) else [values]
            yield test, variable, [str(v).lower() if isinstance(v, bool) else str(v) for v in listed]
