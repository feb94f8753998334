"""Tables, graphs and diagnostics."""

from __future__ import annotations

import pytest

from stackyard import errors
from stackyard.errors import Position
from stackyard.model import diagnostics as faults
from stackyard.views import diagnostics, graphs, tables
from stackyard.views.graphs import Edge, Node
from stackyard.views.painting import PLAIN, Painter, clean, duration, fit, painter_for, width
from tests.unit.views.streams_for_tests import Terminal


def test_a_table_aligns_its_columns_and_leaves_no_trailing_space() -> None:
    lines = tables.render(("NAME", "N", "NOTE"), [("a", "1", ""), ("long", "20", "x"), ("宽", "3", "y")], right=(1,))
    assert lines == ["NAME   N  NOTE", "a      1", "long  20  x", "宽     3  y"]


def test_a_table_is_narrowed_where_it_is_widest() -> None:
    lines = tables.render(("A", "B"), [("x" * 50, "short")], columns=30)
    assert lines[1] == "x" * 22 + "…  short"
    assert all(width(line) <= 30 for line in lines)


def test_cells_are_painted_without_moving_columns() -> None:
    lines = tables.render(("A", "B"), [("x", "y")], Painter(True), styles=[("green", "")])
    assert lines == ["\x1b[1mA\x1b[0m  \x1b[1mB\x1b[0m", "\x1b[32mx\x1b[0m  y"]
    assert tables.render(("A",), []) == ["A"]


NODES = (Node("network", "fabric"), Node("database", "fabric"), Node("api", "site", "2 stacks"), Node("web", "site"))
EDGES = (Edge("network", "database"), Edge("network", "api"), Edge("database", "api", True), Edge("api", "web"))


def test_a_tree_draws_each_node_out_once() -> None:
    assert graphs.tree(NODES, EDGES) == [
        "network",
        "├─ database",
        "│  └─ api  2 stacks",
        "│     └─ web",
        "└─ api …  2 stacks",
    ]


def test_a_tree_draws_what_only_a_cycle_reaches() -> None:
    nodes = (Node("a"), Node("b"), Node("alone"))
    assert graphs.tree(nodes, [Edge("a", "b"), Edge("b", "a")]) == ["alone", "a", "└─ b", "   └─ a …"]


def test_a_deep_tree_needs_no_deep_stack() -> None:
    nodes = [Node(str(number)) for number in range(3000)]
    lines = graphs.tree(nodes, [Edge(str(number), str(number + 1)) for number in range(2999)])
    assert len(lines) == 3000


def test_mermaid_groups_nodes_and_escapes_names() -> None:
    lines = graphs.mermaid((*NODES, Node('a"b<c>#')), EDGES)
    assert lines[:3] == ["flowchart TD", '  subgraph g0["fabric"]', '    n0["network"]']
    assert "  n1 -.-> n2" in lines
    assert '  n4["a#quot;b#lt;c#gt;#35;"]' in lines
    assert lines.count("  end") == 2


def test_dot_groups_nodes_and_escapes_names() -> None:
    lines = graphs.dot((*NODES, Node('a"b\\')), (*EDGES, Edge("network", "elsewhere")))
    assert lines[0] == "digraph stacks {"
    assert lines[-1] == "}"
    assert '  "database" -> "api" [style=dashed];' in lines
    assert '  "a\\"b\\\\";' in lines
    assert "elsewhere" not in "\n".join(lines)


SOURCE = "first\nbucket = aws.s3.Buckett('logs')\npassword = 'canary'\n"


def rendered(fault: faults.Diagnostic) -> list[str]:
    return diagnostics.render(fault, PLAIN, lambda path: SOURCE if path == "main.py" else "")


def test_a_diagnostic_shows_its_place_its_line_and_what_to_do() -> None:
    fault = faults.error("no such class", hint="did you mean Bucket?", position=Position("main.py", 2, 17))
    assert rendered(fault) == [
        "main.py:2:17: error: no such class",
        "     2 | bucket = aws.s3.Buckett('logs')",
        "       |                 ^",
        "    hint: did you mean Bucket?",
    ]


def test_a_line_that_names_a_password_is_not_shown() -> None:
    lines = rendered(faults.warning("odd", position=Position("main.py", 3, 1)))
    assert lines == ["main.py:3:1: warning: odd"]


@pytest.mark.parametrize("position", [None, Position("gone.py", 1), Position("main.py", 99), Position("main.py")])
def test_a_place_without_a_line_has_no_excerpt(position: Position | None) -> None:
    assert len(rendered(faults.error("wrong", position=position))) == 1


def test_a_message_of_many_lines_is_indented_and_names_its_resource() -> None:
    fault = faults.error("one\ntwo\x1b[2J", urn="urn:pulumi:dev::p::t:i:T::jobs")
    assert rendered(fault) == ["error: jobs: one", "    two"]


def test_all_diagnostics_are_shown_once_and_counted() -> None:
    wrong, odd = faults.error("wrong"), faults.warning("odd")
    assert diagnostics.render_all([wrong, odd, wrong], PLAIN) == ["warning: odd", "error: wrong", "1 error, 1 warning"]
    assert diagnostics.render_error(errors.DiagnosedError([wrong]), PLAIN) == ["error: wrong"]
    stopped = errors.ConfigError("no value", hint="set it", position=Position("gone.yaml", 4))
    assert diagnostics.render_error(stopped, PLAIN) == ["gone.yaml:4: error: no value", "    hint: set it"]


def test_a_source_that_cannot_be_read_is_empty(tmp_path: pytest.TempPathFactory) -> None:
    assert diagnostics.read_source(f"{tmp_path}/nothing") == ""
    assert diagnostics.read_source(str(tmp_path)) == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0s"), (0.44, "0.4s"), (9.94, "9.9s"), (9.96, "10s"), (59.4, "59s"), (59.6, "1m00s"), (125, "2m05s")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_long_durations() -> None:
    assert duration(2 * 3600 + 61) == "2h01m"


def test_texts_are_cut_by_columns_not_characters() -> None:
    assert fit("abcdef", 4) == "abc…"
    assert fit("abc", 3) == "abc"
    assert fit("宽宽宽", 4) == "宽…"
    assert fit("abc", 0) == ""


@pytest.mark.parametrize(
    ("environ", "colour"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
        ({"TERM": "xterm", "CI": "1"}, True),
    ],
)
def test_colour_follows_the_conventions(environ: dict[str, str], colour: bool) -> None:
    assert painter_for(Terminal(), environ).colour is colour


def test_control_characters_are_taken_out() -> None:
    assert clean("a\x1b[31mb\x1b]8;;http://x\x07c\x07\x00d") == "abcd"
    assert clean("\x1b\x1b[2J\x9b2Jx").isprintable()
