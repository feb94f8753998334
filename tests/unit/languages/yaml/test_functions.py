"""What functions of Pulumi YAML make, and how values look in text: as Pulumi's own host makes them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from stackyard.languages.yaml import functions
from stackyard.model.values import UNKNOWN, Asset, Secret


@pytest.mark.parametrize(
    ("value", "text", "json"),
    [
        (1, "1", "1"),
        (2.0, "2", "2"),
        (100_000, "100000", "100000"),
        (1_000_000, "1e+06", "1000000"),
        (123_456_789.125, "1.23456789125e+08", "123456789.125"),
        (10**20, "1e+20", "100000000000000000000"),
        (1e21, "1e+21", "1e+21"),
        (0.0001, "0.0001", "0.0001"),
        (0.000012345, "1.2345e-05", "0.000012345"),
        (1e-7, "1e-07", "1e-7"),
        (-4, "-4", "-4"),
        (0, "0", "0"),
        (True, "true", "true"),
        (None, "<nil>", "null"),
        ([1, "a", None], "[1 a <nil>]", '[1,"a",null]'),
        ({"b": 1, "a": [True]}, "map[a:[true] b:1]", '{"a":[true],"b":1}'),
    ],
)
def test_values_look_as_go_writes_them(value: Any, text: str, json: str) -> None:
    assert functions.text(value) == text
    assert functions.call("toJSON", value, Path()) == json


def test_what_is_not_finite_has_a_text_and_no_json() -> None:
    assert [functions.text(each) for each in (math.inf, -math.inf, math.nan)] == ["+Inf", "-Inf", "NaN"]
    with pytest.raises(ValueError, match="has no JSON"):
        functions.call("toJSON", math.inf, Path())


@pytest.mark.parametrize(
    ("name", "argument", "made"),
    [
        ("join", [None, ["a", "b"]], "ab"),
        ("split", ["", "abc"], ["a", "b", "c"]),
        ("split", ["x", ""], [""]),
        ("select", [1.0, ["a", "b"]], "b"),
        ("fromBase64", "aMOp\naMOp", "héhé"),
        ("sha1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("filebase64", "greeting", "aGVsbG8K"),
        ("filebase64sha256", "greeting", "WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM="),
        ("length", ["a", "b"], 2),
        ("length", {"a": 1}, 1),
        ("length", "e\u0301\U0001f468\u200d\U0001f469\u200d\U0001f467\U0001f1e9\U0001f1ea", 3),
        ("singleOrNone", [], None),
        ("singleOrNone", ["a"], "a"),
        ("unsecret", {"a": Secret([Secret(1)])}, {"a": [1]}),
        ("join", ["-", [Secret("a"), "b"]], Secret("a-b")),
        ("toJSON", {"a": UNKNOWN}, UNKNOWN),
    ],
)
def test_what_functions_make(name: str, argument: Any, made: Any, tmp_path: Path) -> None:
    (tmp_path / "greeting").write_text("hello\n", encoding="utf-8")
    assert functions.call(name, argument, tmp_path) == made


@pytest.mark.parametrize(
    ("name", "argument", "reason"),
    [
        ("join", ["-", ["a", 2]], "item 1 is a number"),
        ("join", ["-", "abc"], "joins a list, not text"),
        ("split", [1, "212"], "takes text, not a number"),
        ("select", [-1, ["a"]], "not -1"),
        ("select", [0.5, ["a"]], "not 0.5"),
        ("select", ["1", ["a"]], "text is no number"),
        ("select", [5, ["a"]], "no item 5 in a list of 1"),
        ("singleOrNone", ["a", "b"], "not of 2"),
        ("length", 3, "not a number"),
        ("fromBase64", "/////w==", "no base64 of text"),
        ("filebase64", "none", "cannot be read"),
        ("toJSON", Asset(text="x"), "a resource or an asset has no JSON"),
    ],
)
def test_what_functions_refuse(name: str, argument: Any, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=reason):
        functions.call(name, argument, tmp_path)
