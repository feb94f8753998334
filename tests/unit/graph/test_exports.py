"""Which output keys a program exports."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.graph.test_references import evaluated

CASES: dict[str, tuple[str, list[str], bool]] = {
    "plain": ("pulumi.export('a', 1)\npulumi.export(name='b', value=2)", ["a", "b"], True),
    "imported": ("from pulumi import export as e\ne('a', 1)", ["a"], True),
    "none": ("x = 1", [], True),
    "loop": ("for k in ('a', 'b'):\n    pulumi.export(f'{k}_id', 1)", ["a_id", "b_id"], True),
    "items": ("for k, v in {'a': 1, 'b': 2}.items():\n    pulumi.export(k, v)", ["a", "b"], True),
    "helper": ("def out(k, v):\n    pulumi.export(k, v)\nout('a', 1)", ["a"], True),
    "undecided": (
        "import os\nif os.environ.get('X'):\n    pulumi.export('a', 1)\npulumi.export('b', 1)", ["a?", "b"], True),
    "decided": (
        "if pulumi.get_stack() == 'QA':\n    pulumi.export('a', 1)\nelse:\n    pulumi.export('b', 1)", ["a"], True),
    "resources are not evaluated": (
        "import pulumi_aws as aws\nb = aws.s3.Bucket('b')\npulumi.export('a', b.id)", ["a"], True),
    "unknown key": ("import os\npulumi.export('a', 1)\npulumi.export(os.environ['X'], 1)", ["a"], False),
    "unknown loop": ("import os\nfor k in os.listdir('.'):\n    pulumi.export(k, 1)", [], False),
    "made at run time": ("exec('x')\npulumi.export('a', 1)", ["a"], False),
    "does not parse": ("pulumi.export('a', 1)\ndef f(:", [], False),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_exports(tmp_path: Path, name: str) -> None:
    program, keys, closed = CASES[name]
    (found,) = evaluated(tmp_path, "import pulumi\n" + program).exports.values()
    assert sorted(f"{e.key}{'?' if e.conditional else ''}" for e in found.keys.values()) == keys
    assert (not found.open_) is closed
    assert found.lacks("nowhere") is closed
    assert not any(found.lacks(key.rstrip("?")) for key in keys)


def test_an_export_has_a_place(tmp_path: Path) -> None:
    (found,) = evaluated(tmp_path, "import pulumi\n\npulumi.export('a', 1)\n").exports.values()
    assert str(found.keys["a"].position) == "app/__main__.py:3:1"
