"""YAML with positions: values, faults, and files made to hurt."""

from __future__ import annotations

import math

import pytest

from stackyard.estate import documents


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1", {"a": 1}),
        ("a: '1'", {"a": "1"}),
        ("a: 0o17", {"a": 15}),
        ("a: 0x1F", {"a": 31}),
        ("a: 007", {"a": 7}),
        ("a: -1.5e3", {"a": -1500.0}),
        ("a: .inf", {"a": math.inf}),
        ("a: -.inf", {"a": -math.inf}),
        ("a: yes", {"a": "yes"}),
        ("a: on", {"a": "on"}),
        ("a: True", {"a": True}),
        ("a: FALSE", {"a": False}),
        ("a: ~", {"a": None}),
        ("a:", {"a": None}),
        ("a: 2001-01-01", {"a": "2001-01-01"}),
        ("a: 1:30", {"a": "1:30"}),
        ("a: !!str 1", {"a": "1"}),
        ("1: a", {"1": "a"}),
        ("a: &x {b: 1}\nc: *x", {"a": {"b": 1}, "c": {"b": 1}}),
        ("a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3", {"a": {"b": 1, "c": 2}, "d": {"b": 1, "c": 3}}),
        ("- [1, [2]]\n- |\n  text\n", [[1, [2]], "text\n"]),
        ("just text", "just text"),
    ],
)
def test_values(text: str, value: object) -> None:
    document = documents.parse(text, "f.yaml")
    assert document.diagnostics == ()
    assert document.root is not None
    assert document.root.plain() == value


def test_positions_count_from_one() -> None:
    root = documents.parse("a:\n  - b: 1\n    c: 2\n", "f.yaml").root
    assert root is not None
    assert str(root.at("a", 0, "c").position) == "f.yaml:3:8"
    assert str(root.at("a", 0).keys["c"]) == "f.yaml:3:5"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [1", "f.yaml:2:1: error: malformed YAML"),
        ("a: 1\nb: 2\na: 3", "f.yaml:3:1: error: duplicate key 'a': it is also on line 1"),
        ("a: *x", "f.yaml:1:4: error: alias *x has no anchor"),
        ("a: &x [*x]", "f.yaml:1:8: error: alias *x has no anchor"),
        ("a: !foo 1", "f.yaml:1:4: error: unknown YAML tag !foo"),
        ("a: !!python/object/apply:os.system [id]", "f.yaml:1:4: error: unknown YAML tag"),
        ("a: 1\n---\nb: 2", "f.yaml:2:1: error: a second YAML document"),
        ("? [a]\n: 1", "f.yaml:1:3: error: a key must be text"),
        ("a: \x00", "f.yaml"),
        ("[" * 100_000, "f.yaml:1:65: error: nested more than 64 deep"),
        ("{a: " * 100_000, "error: nested more than 64 deep"),
        ("- " * 100_000, "error: nested more than 64 deep"),
        ("? " * 100_000, "error: nested more than 64 deep"),
    ],
)
def test_faults_are_located(text: str, expected: str) -> None:
    found = documents.parse(text, "f.yaml").diagnostics
    assert len(found) == 1
    assert expected in str(found[0])


def test_an_alias_bomb_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    found = documents.parse("\n".join(lines), "f.yaml").diagnostics
    assert len(found) == 1
    assert "f.yaml:5" in str(found[0])
    assert "more than 100000 values" in found[0].message


def test_all_duplicates_are_told_at_once() -> None:
    found = documents.parse("a: 1\na: 2\nb: {c: 1, c: 2}\n", "f.yaml").diagnostics
    assert [str(d.position) for d in found] == ["f.yaml:2:1", "f.yaml:3:11"]
