"""Input checking."""

from __future__ import annotations

from typing import Any

import pytest

from stackyard.model.values import UNKNOWN, Asset, Secret
from stackyard.providers import schemas
from stackyard.providers.schemas import Field, Kind

NESTED = {"size": Field(Kind.INTEGER, required=True), "tags": Field(Kind.MAP, items=Field(Kind.STRING))}
SCHEMA = {
    "name": Field(Kind.STRING, required=True),
    "ports": Field(Kind.LIST, items=Field(Kind.INTEGER)),
    "disk": Field(Kind.OBJECT, fields=lambda: NESTED),
    "code": Field(Kind.ASSET),
    "on": Field(Kind.BOOLEAN, default=True),
    "rate": Field(Kind.NUMBER),
    "mode": Field(Kind.STRING, choices=("fast", "slow")),
    "free": Field(),
}


def failures(**inputs: Any) -> list[str]:
    return [failure.property for failure in schemas.check(SCHEMA, {"name": "n", **inputs}, "a:b:C")[1]]


def test_every_failure_is_located() -> None:
    inputs = {"ports": [1, "x"], "disk": {"sise": 1, "tags": {"a": []}}, "code": "text", "mode": "medium"}
    checked = schemas.check(SCHEMA, inputs, "a:b:C")
    found = {failure.property: failure.reason for failure in checked[1]}
    assert found == {
        "name": "missing required property 'name' of a:b:C",
        "ports[1]": "expected an integer, got a string",
        "disk.sise": "a:b:C has no property 'sise'",
        "disk.size": "missing required property 'size' of a:b:C",
        "disk.tags.a": "expected a string, got a list",
        "code": "expected an asset or archive, got a string",
        "mode": "expected one of fast, slow",
    }


def test_a_python_name_is_recognised() -> None:
    reasons = schemas.check({"byteLength": Field()}, {"byte_length": 1}, "t")[1]
    assert reasons[0].reason.endswith("did you mean 'byteLength'?")


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("name", 8, "8"),
        ("name", 8.0, "8"),
        ("name", True, "true"),
        ("ports", ["8", 8.0], [8, 8]),
        ("on", "false", False),
        ("rate", "1.5", 1.5),
        ("rate", 2, 2),
        ("free", {"any": ["thing"]}, {"any": ["thing"]}),
        ("code", Asset(text="x"), Asset(text="x")),
        ("name", UNKNOWN, UNKNOWN),
        ("ports", [UNKNOWN], [UNKNOWN]),
        ("name", Secret(5), Secret("5")),
    ],
)
def test_scalars_are_converted_and_unknowns_fit(name: str, given: Any, expected: Any) -> None:
    checked, found = schemas.check(SCHEMA, {"name": "n", name: given}, "t")
    assert found == ()
    assert checked[name] == expected
    assert type(checked[name]) is type(expected)


def test_what_cannot_be_converted_is_refused() -> None:
    assert failures(on="yes") == ["on"]
    assert failures(ports=[1.5, True]) == ["ports[0]", "ports[1]"]
    assert failures(rate="fast") == ["rate"]
    assert failures(disk=[1]) == ["disk"]


def test_nothing_given_counts_as_absent_and_internal_keys_pass() -> None:
    checked, found = schemas.check(SCHEMA, {"name": "n", "mode": None, "__defaults": []}, "t")
    assert (checked, found) == ({"name": "n", "__defaults": []}, ())
    assert schemas.check(SCHEMA, {"name": None}, "t")[1]


def test_a_message_never_holds_the_value() -> None:
    reasons = schemas.check({"a": Field(Kind.INTEGER), "b": Field(Kind.LIST)}, {"a": "canary", "b": "canary"}, "t")[1]
    assert len(reasons) == 2
    assert "canary" not in str(reasons)


def test_defaults_stand_for_what_is_absent() -> None:
    assert schemas.with_defaults(SCHEMA, {"name": "n", "__x": 1, "mode": None}) == {"name": "n", "on": True}
    assert schemas.with_defaults(SCHEMA, {"on": False}) == {"on": False}
