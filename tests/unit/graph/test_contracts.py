"""Outputs that are read must be exported: told with both places, and never guessed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from stackyard.estate import discovery
from stackyard.graph import contracts, graphs, references
from stackyard.graph.graphs import StackGraph
from stackyard.model.diagnostics import Severity
from stackyard.model.names import StackName

CORE, API = (StackName("organization", project, "dev") for project in ("core", "api"))
READ = "import pulumi\ncore = pulumi.StackReference('organization/core/dev')\n"


def graph(
    root: Path, core: str, api: str, *, recorded: tuple[str, ...] = (), required: tuple[str, ...] = ()
) -> StackGraph:
    """The graph of two programs, and what an earlier run saw the second read of the first."""
    (root / "stackyard.yaml").write_text("")
    for name, program in (("core", core), ("api", api)):
        (root / name).mkdir()
        (root / name / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n")
        (root / name / "Pulumi.dev.yaml").write_text("")
        (root / name / "__main__.py").write_text(program)
    estate = discovery.discover(root).estate
    rows = [(str(API), str(CORE), key) for key in (*recorded, *required)]
    needed = [(str(API), str(CORE), key) for key in required]
    return graphs.build(estate, references.evaluate(estate), rows, required=needed)


def export(*keys: str) -> str:
    return "import pulumi\n" + "".join(f"pulumi.export({key!r}, 1)\n" for key in keys)


def said(found: StackGraph, up: Mapping[StackName, tuple[str, ...]] | None = None) -> list[str]:
    return [str(each) for each in contracts.of_sources(found, up or {})]


def test_a_contract_that_holds_says_nothing(tmp_path: Path) -> None:
    assert said(graph(tmp_path, export("a", "b"), READ + "core.require_output('a')\ncore.get_output('b')\n")) == []


def test_a_renamed_export_names_both_places(tmp_path: Path) -> None:
    (found,) = said(graph(tmp_path, export("other", "name_of_table"), READ + "core.require_output('table_name')\n"))
    assert found.startswith("api/__main__.py:3:1: error: api/dev requires the output 'table_name' of core/dev")
    assert "core/__main__.py" in found


def test_the_likely_new_name_is_one_that_nobody_reads(tmp_path: Path) -> None:
    reads = "core.require_output('table_name')\ncore.require_output('table_arn')\n"
    (found,) = said(graph(tmp_path, export("table_arn", "table"), READ + reads))
    assert "(core/__main__.py:3:1)" in found
    assert "did 'table' take its place?" in found


LEVELS = {
    "core.require_output('x')": Severity.ERROR,
    "core.outputs['x']": Severity.ERROR,
    "core.get_output('x')": Severity.WARNING,
    "core.outputs.get('x')": Severity.WARNING,
    "import os\nif os.environ.get('X'):\n    core.require_output('x')": Severity.WARNING,
}


@pytest.mark.parametrize("read", LEVELS)
def test_only_what_certainly_fails_is_an_error(tmp_path: Path, read: str) -> None:
    found = graph(tmp_path, export("a"), READ + read + "\n")
    assert [each.severity for each in contracts.of_sources(found, {})] == [LEVELS[read]]


OPEN = {
    "a key nobody can tell": "import os, pulumi\npulumi.export(os.environ['K'], 1)\n",
    "made at run time": "exec('x')\n",
    "a registry filled by decorators": (
        "import pulumi\nclass R:\n    def __init__(self):\n        self.k = {}\n"
        "    def add(self, n):\n        def put(f):\n            self.k[n] = f\n            return f\n"
        "        return put\n"
        "    def all(self):\n        return {n: f() for n, f in self.k.items()}\n"
        "REG = R()\n@REG.add('x')\ndef x():\n    return 1\n"
        "for n, v in REG.all().items():\n    pulumi.export(n, v)\n"
    ),
}


@pytest.mark.parametrize("name", OPEN)
def test_a_program_that_does_not_tell_is_not_accused(tmp_path: Path, name: str) -> None:
    found = graph(tmp_path, OPEN[name], READ + "core.require_output('x')\n")
    assert said(found) == []
    assert said(found, {CORE: ("x",)}) == []


def test_what_was_deployed_answers_for_a_program_that_does_not_tell(tmp_path: Path) -> None:
    found = graph(tmp_path, OPEN["made at run time"], READ + "core.require_output('x')\n")
    (told,) = contracts.of_sources(found, {CORE: ("y",)})
    assert told.severity is Severity.WARNING
    assert "did not have it when it was last deployed" in told.message


def test_what_a_run_saw_counts_where_the_source_does_not_tell(tmp_path: Path) -> None:
    reads = READ + "import os\ncore.require_output(os.environ['KEY'])\n"
    found = graph(tmp_path, export("a"), reads, required=("x",))
    (told,) = contracts.of_sources(found, {})
    assert told.severity is Severity.WARNING
    assert "'x'" in told.message


def test_what_an_older_program_read_does_not_count(tmp_path: Path) -> None:
    assert said(graph(tmp_path, export("a"), READ + "core.require_output('a')\n", required=("x",))) == []


def test_a_plan_that_takes_an_output_away_is_refused(tmp_path: Path) -> None:
    found = graph(tmp_path, export("b"), READ + "core.require_output('a')\ncore.get_output('c')\n")
    for within in ({CORE}, {CORE, API}):
        (told,) = contracts.of_plan(found, contracts.by_target(found)[CORE], ("b",), within)
        assert told.severity is Severity.ERROR
        assert str(told.position) == "api/__main__.py:3:1"
        assert "core/__main__.py:2:1" in told.message
    assert contracts.of_plan(found, contracts.by_target(found)[CORE], ("a", "b"), {CORE}) == ()
    assert API not in contracts.by_target(found)


def test_a_reader_of_the_same_run_that_may_not_read_it_tells_itself(tmp_path: Path) -> None:
    reads = READ + "import os\ncore.require_output(os.environ['KEY'])\n"
    found = graph(tmp_path, export("a"), reads, required=("x",))
    assert [each.severity for each in contracts.of_plan(found, contracts.by_target(found)[CORE], ("a",), {CORE})] == [
        Severity.ERROR
    ]
    assert contracts.of_plan(found, contracts.by_target(found)[CORE], ("a",), {CORE, API}) == ()


def test_the_contract_holds_between_languages(tmp_path: Path) -> None:
    (tmp_path / "stackyard.yaml").write_text("")
    for name, runtime, file, text in (
        ("core", "go", "main.go", 'package main\n\nfunc main() {\n\tctx.Export("other", 1)\n}\n'),
        ("api", "nodejs", "index.ts", 'const core = new pulumi.StackReference("organization/core/dev");\n'
         'export const table = core.requireOutput("table");\n'),
    ):  # fmt: skip
        (tmp_path / name).mkdir()
        (tmp_path / name / "Pulumi.yaml").write_text(f"name: {name}\nruntime: {runtime}\n")
        (tmp_path / name / "Pulumi.dev.yaml").write_text("")
        (tmp_path / name / file).write_text(text)
    estate = discovery.discover(tmp_path).estate
    (found,) = said(graphs.build(estate, references.evaluate(estate)))
    assert found.startswith("api/index.ts:2:")
    assert "requires the output 'table' of core/dev, and its program (core/main.go:4:" in found
