"""Environments mean what ESC says they mean; faults are located; nothing grows without bound."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from stackyard.config.environments.evaluation import Library
from stackyard.config.environments.syntax import Import
from stackyard.config.environments.values import Value
from stackyard.errors import Position

AT = Position("app/Pulumi.dev.yaml", 2, 5)


def library(root: Path, **texts: str) -> Library:
    """A library of the environments in `texts`; `_` in a name is a slash."""
    for name, text in texts.items():
        path = root / "environments" / f"{name.replace('_', '/')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Library(root, lambda ciphertext: f"opened {ciphertext}")


def composed(found: Library, *names: str) -> Value:
    value = found.compose([Import(name, AT) for name in names])
    assert value is not None
    return value


def values(root: Path, text: str) -> Any:
    found = library(root, a=f"values:\n{text}")
    value = composed(found, "a")
    assert [str(each) for each in found.found] == []
    return value.plain()


def faults(root: Path, **texts: str) -> list[str]:
    found = library(root, **texts)
    found.compose([Import("a", AT)])
    return [str(each) for each in found.found]


def test_imports_merge_left_to_right_and_own_values_win(tmp_path: Path) -> None:
    found = library(
        tmp_path,
        base="values: {a: 1, o: {x: 1, y: 1, l: [1, 2]}}",
        left="imports: [base]\nvalues: {b: left, o: {y: 2}}",
        right="imports: [base]\nvalues: {b: right, o: {l: [3]}}",
        a="imports: [left, right]\nvalues: {own: 1, a: 2}",
    )
    # The right one brings the base's `y` again, over the left one's: each import is evaluated by itself.
    assert composed(found, "a").plain() == {"a": 2, "b": "right", "o": {"x": 1, "y": 1, "l": [3]}, "own": 1}
    assert found.found == []


def test_an_import_that_is_not_merged_can_be_referred_to(tmp_path: Path) -> None:
    found = library(
        tmp_path,
        stages_prod="values: {x: {y: 7}}",
        a='imports: [{stages/prod: {merge: false}}]\nvalues: {z: "${imports[\\"stages/prod\\"].x.y}"}',
    )
    assert composed(found, "a").plain() == {"z": 7}


VALUES = {
    "  a: {b: [{c: 1}, x]}\n  d: ${a.b[0]}\n  e: '${a.b[0].c}-${a.b[1]}'": {"d": {"c": 1}, "e": "1-x"},
    '  k: {"x.y}": 5}\n  r: ${k["x.y}"]}': {"r": 5},
    "  d: $$5 and $${x} $ $5": {"d": "$5 and ${x} $ $5"},
    "  t: '${n}|${b}|${z}|${f}'\n  n: 10\n  b: true\n  z: null\n  f: 1.50": {"t": "10|true||1.5"},
    "  t: {fn::toString: {b: [1, x], a: '\"'}}": {"t": '"a"="\\"","b"="\\"1\\",\\"x\\""'},
    "  j: {fn::toJSON: {b: [1, 1.5, null, true], a: <}}": {"j": '{"a":"<","b":[1,1.5,null,true]}'},
    '  j: {fn::fromJSON: \'{"a": [1, {"b": null}]}\'}\n  k: ${j.a[1]}': {"k": {"b": None}},
    "  e: {fn::toBase64: hé}\n  d: {fn::fromBase64: '${e}'}": {"e": "aMOp", "d": "hé"},
    "  j: {fn::join: [',', [a, '${x}', c]]}\n  x: b": {"j": "a,b,c"},
    "  s: {fn::split: [',', 'a,b,,c']}": {"s": ["a", "b", "", "c"]},
    "  c: {fn::concat: [[1], ['${x}', 3]]}\n  x: {y: 2}": {"c": [1, {"y": 2}, 3]},
    "  n: 0o17\n  y: yes\n  d: 2024-01-01": {"n": 15, "y": "yes", "d": "2024-01-01"},
    "  a: {fn::join: ['', [x]]}\n  b: ${c.d}\n  c: {d: '${a}!'}": {"b": "x!"},
}


@pytest.mark.parametrize(("text", "wanted"), VALUES.items(), ids=lambda text: repr(text)[:30])
def test_values(tmp_path: Path, text: str, wanted: dict[str, Any]) -> None:
    found = values(tmp_path, text)
    assert {key: found[key] for key in wanted} == wanted


def test_references_see_what_is_imported_under_own_values(tmp_path: Path) -> None:
    found = library(
        tmp_path,
        base="values: {net: {a: 1, b: '${net.a}'}}",
        a="imports: [base]\nvalues: {net: {a: 2}, sum: '${net.a}${net.b}'}",
    )
    assert composed(found, "a").plain() == {"net": {"a": 2, "b": 1}, "sum": "21"}


def test_every_value_knows_where_it_is_from_and_what_it_overrode(tmp_path: Path) -> None:
    found = library(
        tmp_path,
        base="values:\n  x: 1\n  o:\n    k: base\n",
        mid="imports: [base]\nvalues:\n  x: 2\n",
        a="imports: [mid]\nvalues:\n  x: 3\n  o:\n    j: ${x}\n",
    )
    fields = composed(found, "a").fields or {}
    x, o = fields["x"], fields["o"].fields or {}
    assert str(x.position) == "environments/a.yaml:3:3"
    assert [(str(each.position), each.data) for each in x.under] == [
        ("environments/mid.yaml:3:3", 2),
        ("environments/base.yaml:2:3", 1),
    ]
    assert str(o["k"].position) == "environments/base.yaml:4:5"
    assert [str(place) for place in o["j"].parts] == ["environments/a.yaml:3:3"]


def test_secrets_spread_to_what_is_made_of_them(tmp_path: Path) -> None:
    text = "  s: {fn::secret: {ciphertext: abc}}\n  t: 'a ${s}'\n  j: {fn::toJSON: {p: '${s}', q: 1}}\n"
    text += "  o: {p: '${t}'}\n  n: 1"
    found = library(tmp_path, a=f"values:\n{text}")
    fields = composed(found, "a").fields or {}
    assert fields["t"].data == "a opened abc"
    assert {key for key, value in fields.items() if value.is_secret} == {"s", "t", "j", "o"}


def test_without_a_key_secrets_are_hidden_with_all_that_needs_them(tmp_path: Path) -> None:
    library(tmp_path, a="values:\n  s: {fn::secret: {ciphertext: abc}}\n  t: 'a ${s}'\n  n: 1")
    closed = Library(tmp_path)
    fields = composed(closed, "a").fields or {}
    assert {key for key, value in fields.items() if value.missing} == {"s", "t"}


def test_a_secret_in_clear_is_told_but_not_shown(tmp_path: Path) -> None:
    [told] = faults(tmp_path, a="values:\n  s:\n    fn::secret: hunter2\n")
    assert told.startswith("environments/a.yaml:3:17: warning: a secret in clear")
    assert "hunter2" not in told


FAULTS = {
    "values: {a: '${b}', b: '${a}'}": "environments/a.yaml:1:13: error: values refer to each other: a → b → a",
    "values: {a: '${b.c}', b: {d: 1}}": "environments/a.yaml:1:13: error: ${b.c}: there is no `b.c`",
    "values: {a: '${nope}'}": "error: ${nope}: there is no `nope`",
    "values: {a: '${b[3]}', b: [1]}": "error: ${b[3]}: there is no `b[3]`",
    "values: {a: '${b'}": "environments/a.yaml:1:13: error: an interpolation is not closed",
    "values: {a: '${}'}": "names no value",
    "values: {a: '${b.*}', b: {c: 1}}": "names no value",
    "values: {a: '${context.user}'}": "there is no `context` here",
    "values:\n  a:\n    fn::open::aws-login: {x: 1}": "a.yaml:3:26: error: fn::open of aws-login is not possible",
    "values: {a: {fn::open: {provider: vault, inputs: {}}}}": "error: fn::open of vault is not possible",
    "values: {a: {fn::rotate::aws-iam: {}}}": "error: fn::rotate of aws-iam is not possible",
    "values: {a: {fn::nope: 1}}": "error: unknown function fn::nope",
    "values: {a: {fn::join: [1]}}": "error: fn::join needs a list of 2 ([DELIMITER, [TEXT, …]])",
    "values: {a: {fn::fromJSON: '{'}}": "error: fn::fromJSON needs the text of a JSON document",
    "values: {a: {fn::fromBase64: 'é'}}": "error: fn::fromBase64 needs base64 of UTF-8 text",
    "values: {a: {fn::fromJSON: '\"\\ud800\"'}}": "error: fn::fromJSON needs the text of a JSON document",
    "values: {a: {fn::fromBase64: '*'}}": "error: fn::fromBase64 needs base64 of UTF-8 text",
    "values: {a: 'x${b}', b: .nan}": "error: nan is not finite",
    "values: {a: {fn::toJSON: .inf}}": "error: fn::toJSON cannot write a number that is not finite",
    "values: {a: {fn::secret: {ciphertext: ZXNjeAAA}}}": "error: this ciphertext is of Pulumi's service",
    "imports: [nope]": "environments/a.yaml:1:11: error: there is no environment 'nope' (environments/nope.yaml)",
    "imports: [a]": "environments/a.yaml:1:11: error: environments import each other: a → a",
    "imports: [../x]": "environments/a.yaml:1:11: error: '../x' cannot be the name of an environment",
    "imports: ['x@3']": "error: 'x@3' cannot be the name of an environment",
    "imports: {x: 1}": "error: imports must be a list, not a mapping",
    "[x": "error: malformed YAML",
    "values: [1]": "error: values must be a mapping, not a list",
    "values: {fn::toJSON: {}}": "environments/a.yaml:1:9: error: values must be a mapping, not a function's result",
    "value: {}": "warning: unknown key 'value' in an environment",
    "values: {a: {fn::fromJSON: '" + "[" * 500 + "]" * 500 + "'}}": "nested more than 64 deep",
}


@pytest.mark.parametrize(("text", "message"), FAULTS.items(), ids=lambda text: repr(text)[:30])
def test_faults_are_located(tmp_path: Path, text: str, message: str) -> None:
    found = faults(tmp_path, a=text)
    assert len([each for each in found if message in each]) == 1, found


def test_a_fault_is_told_once_however_many_values_need_it(tmp_path: Path) -> None:
    assert len(faults(tmp_path, a="values: {a: '${nope}', b: '${a}', c: 'x${b}', d: {fn::toJSON: '${c}'}}")) == 1


def test_imports_in_a_circle_are_told_with_their_way(tmp_path: Path) -> None:
    [told] = faults(tmp_path, a="imports: [b]", b="imports: [c]\nvalues: {x: 1}", c="imports: [b]")
    assert "environments/c.yaml:1:11: error: environments import each other: b → c → b" in told


DOUBLING = {
    "text": ["'" + "x" * 1000 + "'", *(["'${v%d}${v%d}'"] * 40)],
    "list": ["[x]", *(["['${v%d}', '${v%d}']"] * 40)],
    "object": ["{a: 1}", *(["{l: '${v%d}', r: '${v%d}'}"] * 40)],
}


@pytest.mark.parametrize("kind", DOUBLING)
def test_what_doubles_itself_is_stopped(tmp_path: Path, kind: str) -> None:
    lines = [f"  v{i}: " + (text % (i - 1, i - 1) if i else text) for i, text in enumerate(DOUBLING[kind])]
    found = faults(tmp_path, a="values:\n" + "\n".join(lines))
    assert 0 < len(found) < 5
    assert all("more than" in each or "longer than" in each for each in found)


def test_chains_that_are_too_deep_are_stopped(tmp_path: Path) -> None:
    lines = "\n".join(f"  v{i}: '${{v{i + 1}}}'" for i in range(3000))
    found = faults(tmp_path, a=f"values:\n{lines}\n  v3000: 1")
    assert found
    assert all("more than 100 deep" in each for each in found)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text("values: {stolen: 1}")
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / "a.yaml").symlink_to(tmp_path / "outside.yaml")
    assert "symbolic links are not followed" in faults(tmp_path)[0]


def test_plain_documents_come_through_unchanged(tmp_path: Path) -> None:
    text = "{a: [1, {b: x}], c: {d: null, e: true, f: 1.5}}"
    found = library(tmp_path, a=f"values: {text}")
    assert composed(found, "a").plain() == yaml.safe_load(text)
