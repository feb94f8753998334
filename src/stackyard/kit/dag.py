"""Directed graphs as plain mappings: node to the nodes it needs.

A node that is only ever needed, never a key, is a node all the same. Every answer is deterministic: nodes keep
the order in which the mapping first names them. Nothing here recurses, so depth is bounded by memory alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


class CycleError(ValueError):
    """The graph has no topological order; `cycles` are the closed walks found, each without its repeated end."""

    def __init__(self, cycles: Collection[tuple[object, ...]]) -> None:
        super().__init__("; ".join(" -> ".join(map(str, (*cycle, cycle[0]))) for cycle in cycles))
        self.cycles = tuple(cycles)


def nodes(needs: Mapping[Node, Iterable[Node]]) -> tuple[Node, ...]:
    """Every node, keys first come first."""
    found = dict.fromkeys(needs)
    for targets in needs.values():
        found.update(dict.fromkeys(targets))
    return tuple(found)


def reverse(needs: Mapping[Node, Iterable[Node]]) -> dict[Node, tuple[Node, ...]]:
    """Node to the nodes that need it."""
    turned: dict[Node, list[Node]] = {node: [] for node in nodes(needs)}
    for node, targets in needs.items():
        for target in dict.fromkeys(targets):
            turned[target].append(node)
    return {node: tuple(found) for node, found in turned.items()}


def order(needs: Mapping[Node, Iterable[Node]]) -> tuple[Node, ...]:
    """All nodes, each after everything it needs (Kahn's algorithm). Raises CycleError when there is no such order."""
    waiting = {node: len(set(needs.get(node, ()))) for node in nodes(needs)}
    needed_by = reverse(needs)
    ready = deque(node for node, count in waiting.items() if not count)
    done: list[Node] = []
    while ready:
        node = ready.popleft()
        done.append(node)
        for dependent in needed_by[node]:
            waiting[dependent] -= 1
            if not waiting[dependent]:
                ready.append(dependent)
    if len(done) < len(waiting):
        found = cycles(needs)
        raise CycleError(found)
    return tuple(done)


def components(needs: Mapping[Node, Iterable[Node]]) -> list[tuple[Node, ...]]:
    """The strongly connected components, needs before dependents (Tarjan 1972, with an explicit stack)."""
    number: dict[Node, int] = {}
    low: dict[Node, int] = {}
    open_: dict[Node, None] = {}
    found: list[tuple[Node, ...]] = []
    for root in nodes(needs):
        if root in number:
            continue
        walk: list[tuple[Node, Iterator[Node]]] = [_enter(root, needs, number, low, open_)]
        while walk:
            node, targets = walk[-1]
            for target in targets:
                if target not in number:
                    walk.append(_enter(target, needs, number, low, open_))
                    break
                if target in open_:
                    low[node] = min(low[node], number[target])
            else:
                walk.pop()
                if walk:
                    low[walk[-1][0]] = min(low[walk[-1][0]], low[node])
                if low[node] == number[node]:
                    found.append(_close(node, open_))
    return found


def _enter(
    node: Node,
    needs: Mapping[Node, Iterable[Node]],
    number: dict[Node, int],
    low: dict[Node, int],
    open_: dict[Node, None],
) -> tuple[Node, Iterator[Node]]:
    number[node] = low[node] = len(number)
    open_[node] = None
    return node, iter(tuple(needs.get(node, ())))


def _close(root: Node, open_: dict[Node, None]) -> tuple[Node, ...]:
    members = []
    while True:
        node, _ = open_.popitem()
        members.append(node)
        if node == root:
            return tuple(reversed(members))


def cycles(needs: Mapping[Node, Iterable[Node]]) -> tuple[tuple[Node, ...], ...]:
    """One shortest closed walk through each strongly connected component that has one.

    `(a, b, c)` means a needs b, b needs c, c needs a. A node that needs itself is `(a,)`.
    """
    found = []
    for component in components(needs):
        inside = set(component)
        root = component[0]
        if len(component) > 1 or root in needs.get(root, ()):
            found.append(_shortest_cycle(root, inside, needs))
    return tuple(found)


def _shortest_cycle(root: Node, inside: set[Node], needs: Mapping[Node, Iterable[Node]]) -> tuple[Node, ...]:
    came_from: dict[Node, Node] = {}
    queue = deque([root])
    while queue:
        node = queue.popleft()
        for target in needs.get(node, ()):
            if target == root:
                walk = [node]
                while walk[-1] != root:
                    walk.append(came_from[walk[-1]])
                return tuple(reversed(walk))
            if target in inside and target not in came_from:
                came_from[target] = node
                queue.append(target)
    raise AssertionError("a strongly connected component leads back to each of its nodes")


def closure(
    starts: Iterable[Node], edges: Mapping[Node, Iterable[Node]], *, depth: int | None = None
) -> dict[Node, Node | None]:
    """Everything reachable from `starts` within `depth` edges, in order of distance.

    Each node is mapped to the node it was reached from, a start to None.
    """
    reached: dict[Node, Node | None] = dict.fromkeys(starts)
    frontier = list(reached)
    while frontier and (depth is None or depth > 0):
        depth = None if depth is None else depth - 1
        following = []
        for node in frontier:
            for target in edges.get(node, ()):
                if target not in reached:
                    reached[target] = node
                    following.append(target)
        frontier = following
    return reached


def remaining(needs: Mapping[Node, Iterable[Node]], weights: Mapping[Node, float]) -> dict[Node, float]:
    """The longest way from the start of each node to the end of everything that waits for it.

    `weights` are durations in any unit; a node without one counts 1. Starting ready nodes with the largest value
    first is critical-path scheduling. Raises CycleError.
    """
    needed_by = reverse(needs)
    longest: dict[Node, float] = {}
    for node in reversed(order(needs)):
        after = max((longest[dependent] for dependent in needed_by[node]), default=0.0)
        longest[node] = weights.get(node, 1.0) + after
    return longest
