"""What texts and numbers of a document stand for: as Pulumi's own host reads them."""

from __future__ import annotations

import math
from typing import Any

import pytest

from stackyard import errors
from stackyard.errors import Position
from stackyard.languages.yaml import expressions, loading
from stackyard.languages.yaml.expressions import Access, Call, Fields, Literal, Text
from stackyard.languages.yaml.programs import Template

HERE = Position("x")


def read(said: str) -> tuple[Any, list[str]]:
    notes = Template()
    found = expressions.text(said, HERE, notes)
    return found, [each.message for each in notes.faults]


@pytest.mark.parametrize(
    ("said", "text"),
    [("$${x}", "${x}"), ("$$", "$"), ("a$b", "a$b"), ("$$$$", "$$"), ("$$$", "$$"), ("a$$b$${c}", "a$b${c}")],
)
def test_two_dollars_are_one(said: str, text: str) -> None:
    assert read(said) == (Literal(HERE, text), [])


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ("${a.b[1].c}", ("a", "b", 1, "c")),
        ('${m["x y"]["q.r"]}', ("m", "x y", "q.r")),
        ('${m["k\\"k"]}', ("m", 'k"k')),
        ('${["a b"].c}', ("a b", "c")),
        ("${a-b.c-d}", ("a-b", "c-d")),
        ("${web:a.b}", ("web:a", "b")),
        ("${m.b.[0]}", ("m", "b", 0)),
    ],
)
def test_names_are_what_stands_between_dots_and_brackets(said: str, path: tuple[str | int, ...]) -> None:
    assert read(said) == (Access(HERE, str(path[0]), path[1:]), [])


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("${}", "it names nothing"),
        ("${a", "it does not end with a brace"),
        ("${[1].a}", "it begins with a number"),
        ('${a["b}', "ends with a quote and a bracket"),
        ("${a['b']}", "a name in double quotes"),
        ("${a[1}", "a name in double quotes"),
    ],
)
def test_what_is_no_reference_is_told(said: str, reason: str) -> None:
    found, faults = read(said)
    assert found == Literal(HERE, said)
    assert len(faults) == 1
    assert reason in faults[0]


def test_text_with_values_keeps_both() -> None:
    assert read("a $${b} ${c} d")[0] == Text(HERE, ("a ${b} ", Access(HERE, "c", ()), " d"))


def test_keys_may_have_values_in_them_and_functions_any_capitals() -> None:
    notes = Template()
    root = loading.parse('a: {"${k}-x": 1, "$${y}": 2}\nb: {Fn::Join: ["-", [c]]}\nd: {fn::aws:ec2:getAmi: }', "x")
    found = expressions.read(root, notes)
    assert isinstance(found, Fields)
    keys, join, ami = found.fields.values()
    assert isinstance(keys, Fields)
    assert list(keys.fields) == ["${y}"]
    assert [type(each) for pair in keys.computed for each in pair] == [Text, Literal]
    assert [each.root for each in expressions.references(keys)] == ["k"]
    assert isinstance(join, Call)
    assert join.name == "join"
    assert isinstance(ami, Call)
    assert isinstance(ami.argument, Fields)
    assert (ami.name, ami.argument.fields) == ("aws:ec2:getAmi", {})
    assert [each.message for each in notes.doubts] == ["Fn::Join is spelt fn::join"]


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("0x1F", 31),
        ("0o17", 15),
        ("017", 15),
        ("0b11", 3),
        ("09", 9),
        ("1_000", 1000),
        ("-4", -4),
        ("1e3", 1000),
        ("2.0", 2),
        (".5", 0.5),
        ("-.inf", -math.inf),
        ("12345678901234567890", 1.2345678901234567e19),
        ("2020-01-01", "2020-01-01"),
        ("yes", "yes"),
        ("!!str 12", "12"),
        ('!!int "12"', 12),
        ('"12"', "12"),
        ("~", None),
    ],
)
def test_scalars(said: str, value: Any) -> None:
    node = loading.parse(f"a: {said}", "x").get("a")
    assert node is not None
    assert (node.scalar, type(node.scalar)) == (value, type(value))


def test_keys_are_text() -> None:
    with pytest.raises(errors.ProgramError, match="must be text") as refused:
        loading.parse("a:\n  1: b", "x")
    assert refused.value.position == Position("x", 2, 3)
