"""A graph as a tree, as Mermaid and as Graphviz text. It comes as plain nodes and edges."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from stackyard.views.painting import PLAIN, Painter, clean


@dataclasses.dataclass(frozen=True, slots=True)
class Node:
    """`group` puts nodes into one box (a layer); `note` is said after the name."""

    name: str
    group: str = ""
    note: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Edge:
    """`target` needs `source`: the tree draws the source above the target. `dashed`: only under a condition."""

    source: str
    target: str
    dashed: bool = False


def tree(nodes: Sequence[Node], edges: Iterable[Edge], painter: Painter = PLAIN) -> list[str]:
    """Each node below what it needs. A node with several needs is drawn out once and then only named, marked `…`.

    Nodes that only a cycle reaches are drawn too, from the first of them in the given order.
    """
    known = {node.name: node for node in nodes}
    below: dict[str, list[str]] = {name: [] for name in known}
    targets = set()
    for edge in edges:
        if edge.source in known and edge.target in known and edge.target not in below[edge.source]:
            below[edge.source].append(edge.target)
            targets.add(edge.target)
    lines: list[str] = []
    drawn: set[str] = set()
    for name in [*(name for name in known if name not in targets), *known]:
        if name not in drawn:
            _branch(name, known, below, drawn, painter, lines)
    return lines


def _branch(
    root: str,
    known: dict[str, Node],
    below: dict[str, list[str]],
    drawn: set[str],
    painter: Painter,
    lines: list[str],
) -> None:
    """Draws one tree without recursion: estates may be deep."""
    stack: list[tuple[str, str, str]] = [(root, "", "")]
    while stack:
        name, lead, rest = stack.pop()
        again = name in drawn and bool(below[name])
        drawn.add(name)
        node = known[name]
        note = painter.paint(f"  {clean(node.note)}", "dim") if node.note else ""
        lines.append(f"{painter.paint(lead, 'dim')}{clean(name)}{painter.paint(' …', 'dim') if again else ''}{note}")
        if again:
            continue
        children = below[name]
        for index, child in reversed(list(enumerate(children))):
            last = index == len(children) - 1
            stack.append((child, f"{rest}{'└─ ' if last else '├─ '}", f"{rest}{'   ' if last else '│  '}"))


def _grouped(nodes: Sequence[Node]) -> dict[str, list[tuple[int, Node]]]:
    groups: dict[str, list[tuple[int, Node]]] = {}
    for index, node in enumerate(nodes):
        groups.setdefault(node.group, []).append((index, node))
    return groups


def mermaid(nodes: Sequence[Node], edges: Iterable[Edge]) -> list[str]:
    """A Mermaid flowchart (mermaid.js.org), groups as subgraphs."""
    ids = {node.name: f"n{index}" for index, node in enumerate(nodes)}
    lines = ["flowchart TD"]
    for number, (group, members) in enumerate(_grouped(nodes).items()):
        indent = "    " if group else "  "
        lines += [f'  subgraph g{number}["{_entities(group)}"]'] if group else []
        lines += [f'{indent}n{index}["{_entities(node.name)}"]' for index, node in members]
        lines += ["  end"] if group else []
    for edge in edges:
        if edge.source in ids and edge.target in ids:
            lines.append(f"  {ids[edge.source]} {'-.->' if edge.dashed else '-->'} {ids[edge.target]}")
    return lines


def _entities(text: str) -> str:
    text = clean(text).replace("#", "#35;").replace('"', "#quot;")
    return text.replace("<", "#lt;").replace(">", "#gt;")


def dot(nodes: Sequence[Node], edges: Iterable[Edge]) -> list[str]:
    """A Graphviz digraph (graphviz.org), groups as clusters."""
    known = {node.name for node in nodes}
    lines = ["digraph stacks {", "  rankdir=TB;", '  node [shape=box, fontname="sans-serif"];']
    for number, (group, members) in enumerate(_grouped(nodes).items()):
        indent = "    " if group else "  "
        lines += [f"  subgraph cluster_{number} {{", f"    label={_quoted(group)};"] if group else []
        lines += [f"{indent}{_quoted(node.name)};" for _, node in members]
        lines += ["  }"] if group else []
    for edge in edges:
        if edge.source in known and edge.target in known:
            style = " [style=dashed]" if edge.dashed else ""
            lines.append(f"  {_quoted(edge.source)} -> {_quoted(edge.target)}{style};")
    return [*lines, "}"]


def _quoted(text: str) -> str:
    escaped = clean(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
