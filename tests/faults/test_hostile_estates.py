"""FI-29: a hostile pull request. Every file of it is read by discovery and evaluation, and none is obeyed."""

from __future__ import annotations

import os
from pathlib import Path

from stackyard.estate.discovery import discover
from stackyard.graph import graphs, references
from stackyard.model.diagnostics import Severity

PROJECT = "name: {name}\nruntime: python\n"


def _write(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def _bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    return "\n".join(lines)


def _attack(root: Path, outside: Path) -> None:
    """An estate with one honest project and a fault of each kind."""
    _write(root, "stackyard.yaml", "organization: acme\nfleets: [{project: honest, registry: ../outside}]\n")
    _write(root, "honest/Pulumi.yaml", PROJECT.format(name="honest"))
    _write(root, "honest/Pulumi.QA.yaml", "config: {'honest:upstream': acme/base/QA}\n")
    _write(root, "honest/__main__.py", "import pulumi\npulumi.StackReference(pulumi.Config().require('upstream'))\n")
    _write(root, "bomb/Pulumi.yaml", _bomb())
    _write(root, "deep/Pulumi.yaml", "[" * 200_000)
    _write(root, "large/Pulumi.yaml", "name: " + "x" * (2 << 20))
    _write(root, "escape/Pulumi.yaml", PROJECT.format(name="escape") + "main: ../../outside\n")
    _write(root, "named/Pulumi.yaml", PROJECT.format(name="../../etc"))
    _write(root, "tagged/Pulumi.yaml", "name: !!python/object/apply:os.system ['touch ran']\nruntime: python\n")
    _write(root, "stacks/Pulumi.yaml", PROJECT.format(name="stacks"))
    _write(root, "stacks/Pulumi.$(touch ran).yaml", "")
    _write(root, "loops/Pulumi.yaml", PROJECT.format(name="loops"))
    _write(root, "loops/Pulumi.QA.yaml", "")
    _write(root, "loops/__main__.py", "import pulumi\nwhile True:\n    pulumi.export('x' * 10**9, 1)\n")
    _write(root, "runs/Pulumi.yaml", PROJECT.format(name="runs"))
    _write(root, "runs/Pulumi.QA.yaml", "")
    mark = repr(str(root / "ran"))
    _write(
        root, "runs/__main__.py", f"import os, pulumi\nopen({mark}, 'w')\npulumi.StackReference(os.environ['HOME'])\n"
    )
    (root / "linked").symlink_to(outside)
    _write(root, "file/README", "")
    (root / "file" / "Pulumi.yaml").symlink_to(outside / "Pulumi.yaml")
    (root / "pipe").mkdir()
    os.mkfifo(root / "pipe" / "Pulumi.yaml")
    (root / "self").symlink_to(root)


def test_a_hostile_pull_request_is_read_and_not_obeyed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    _write(outside, "Pulumi.yaml", PROJECT.format(name="secret"))
    _write(outside, "entry.yaml", "")
    root = tmp_path / "estate"
    _attack(root, outside)
    before = sorted(path.relative_to(tmp_path) for path in outside.rglob("*"))
    found = discover(root)
    evaluation = references.evaluate(found.estate)
    graph = graphs.build(found.estate, evaluation)

    assert [project.name for project in found.estate.projects] == ["escape", "honest", "loops", "runs", "stacks"]
    assert [str(reference.target) for reference in graph.references] == ["acme/base/QA"]
    faulty = {diagnostic.position.path.split("/")[0] for diagnostic in found.diagnostics if diagnostic.position}
    refused = "stackyard.yaml bomb deep large escape named tagged stacks linked file pipe"
    assert faulty == set(refused.split())
    assert all(diagnostic.severity is Severity.ERROR for diagnostic in found.diagnostics)
    warned = {diagnostic.stack for diagnostic in evaluation.diagnostics}
    assert warned == {"loops/QA", "runs/QA"}
    assert not (root / "ran").exists()
    assert sorted(path.relative_to(tmp_path) for path in outside.rglob("*")) == before
    assert all(os.path.commonpath([root, project.path]) == str(root) for project in found.estate.projects)
