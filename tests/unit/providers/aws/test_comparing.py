"""Equality by meaning: order, empties, computed members, spelling."""

from __future__ import annotations

from typing import Any

import pytest

from stackyard.model.values import UNKNOWN
from stackyard.providers.aws import comparing, documents
from stackyard.providers.aws.kinds import Kind
from stackyard.providers.aws.schemas import Schema

RULE = {"inputs": {"port": "integer", "cidrs": ["list", "string"], "id": "string", "open": "boolean"}}
INPUTS: dict[str, Any] = {
    "ids": ["list", "string"],
    "steps": ["list", "string"],
    "rules": ["list", ["object", "Rule"]],
    "rule": ["object", "Rule"],
    "tags": ["map", "string"],
    "size": "integer",
    "on": "boolean",
}


class Thing(Kind):
    sets = ("ids", "rules", "rules[*].cidrs")
    computed = ("size", "rules[*].id", "rule.id")


@pytest.fixture
def kind() -> Thing:
    return Thing("aws:test/thing:Thing", Schema(INPUTS, frozenset(), INPUTS, frozenset(), {"Rule": RULE}))


@pytest.mark.parametrize(
    ("key", "left", "right", "same"),
    [
        ("ids", ["b", "a"], ["a", "b"], True),
        ("steps", ["b", "a"], ["a", "b"], False),
        (
            "rules",
            [{"port": 1}, {"port": 2, "cidrs": ["y", "x"]}],
            [{"port": 2, "cidrs": ["x", "y"]}, {"port": 1}],
            True,
        ),
        ("rule", {"port": 1, "cidrs": [], "open": False}, {"port": 1}, True),
        ("rule", {"port": 1}, {"port": 2}, False),
        ("tags", {"a": ""}, {}, False),
        ("tags", {}, None, True),
        ("on", False, None, True),
        ("size", 0, None, True),
        ("size", 1, None, False),
        ("ids", UNKNOWN, UNKNOWN, False),
        ("rule", {"port": 1, "__defaults": ["open"]}, {"port": 1}, True),
    ],
)
def test_same(kind: Thing, key: str, left: Any, right: Any, same: bool) -> None:
    assert comparing.same(kind, key, left, right) is same


def test_what_the_cloud_filled_in_is_left_out_of_the_comparison(kind: Thing) -> None:
    old = {"size": 5, "rule": {"port": 1, "id": "r-1"}, "rules": [{"port": 2, "id": "r-2"}, {"port": 3, "id": "r-3"}]}
    new = {"rule": {"port": 1}, "rules": [{"port": 3}, {"port": 2}]}
    assert comparing.align(kind, old, new, {}) == new


def test_a_computed_member_that_is_given_counts(kind: Thing) -> None:
    aligned = comparing.align(kind, {"rule": {"port": 1, "id": "r-1"}}, {"rule": {"port": 1, "id": "mine"}}, {})
    assert aligned == {"rule": {"port": 1, "id": "r-1"}}


def test_a_refresh_records_only_what_the_program_says(kind: Thing) -> None:
    configured = [{"port": 2}, {"port": 1}]
    actual = [{"port": 1, "id": "r-1"}, {"port": 2, "id": "r-2"}]
    assert comparing.project(kind, ("rules",), configured, actual) == configured
    assert comparing.project(kind, ("rules",), configured, actual[:1]) == actual[:1]
    assert comparing.project(kind, ("tags",), {"a": "1"}, {"a": "1", "b": "2"}) == {"a": "1", "b": "2"}


def test_an_output_keeps_the_program_s_order(kind: Thing) -> None:
    assert comparing.settle(kind, "ids", ["b", "a"], ["a", "b"]) == ["b", "a"]
    actual = [{"port": 1, "id": "r-1"}, {"port": 2, "id": "r-2"}]
    assert comparing.settle(kind, "rules", [{"port": 2}, {"port": 1}], actual) == [actual[1], actual[0]]


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ('{"a": 1, "b": null}', '{"b":null,"a":1}', True),
        ('{"a": 1}', '{"a": 2}', False),
        ("not json", '{"a": 2}', False),
        (
            {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:Get*"}},
            {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["S3:get*"]}]},
            True,
        ),
        (
            {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "123456789012"}}]},
            {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}}]},
            True,
        ),
        (
            {"Statement": [{"Sid": "a", "Effect": "Allow"}, {"Sid": "b", "Effect": "Deny"}]},
            {"Statement": [{"Sid": "b", "Effect": "Deny"}, {"Sid": "a", "Effect": "Allow"}]},
            True,
        ),
        (
            {"Statement": [{"Effect": "Allow", "Condition": {"Bool": {"aws:SecureTransport": False}}}]},
            {"Statement": [{"Effect": "Allow", "Condition": {"Bool": {"aws:SecureTransport": ["false"]}}}]},
            True,
        ),
        (
            {"Statement": [{"Effect": "Allow", "Resource": "a"}]},
            {"Statement": [{"Effect": "Allow", "Resource": "A"}]},
            False,
        ),
    ],
)
def test_documents(left: Any, right: Any, same: bool) -> None:
    assert documents.same(documents.text(left), documents.text(right)) is same


def test_a_document_with_an_unknown_part_is_unknown() -> None:
    assert documents.text({"Resource": [UNKNOWN]}) is UNKNOWN


def test_members_that_the_cloud_fills_in_are_open_until_it_has(kind: Thing) -> None:
    given = {"rule": {"port": 1}, "rules": [{"port": 1}, {"id": "mine"}], "on": True}
    filled = comparing.unfilled(kind, given)
    assert filled == {
        "rule": {"port": 1, "id": UNKNOWN},
        "rules": [{"port": 1, "id": UNKNOWN}, {"id": "mine"}],
        "on": True,
    }
    assert given == {"rule": {"port": 1}, "rules": [{"port": 1}, {"id": "mine"}], "on": True}
    assert comparing.unfilled(kind, {"rule": UNKNOWN}) == {"rule": UNKNOWN}
