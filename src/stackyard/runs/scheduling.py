"""Runs the nodes of a DAG: each the moment its needs are done, at most `capacity` at once."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from stackyard.model.updates import Outcome

Work = Callable[[str], Awaitable[Outcome]]
Skip = Callable[[str, str], None]

_GOOD: Final = frozenset({Outcome.SUCCEEDED})


def heights(needs: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """For every node the number of nodes on the longest chain that waits for it, itself included."""
    waiting: dict[str, list[str]] = {node: [] for node in needs}
    for node, before in needs.items():
        for need in before:
            waiting[need].append(node)
    found: dict[str, int] = {}
    for node in reversed(_topological(needs, waiting)):
        found[node] = 1 + max((found[later] for later in waiting[node]), default=0)
    return found


def _topological(needs: Mapping[str, Sequence[str]], waiting: Mapping[str, list[str]]) -> list[str]:
    left = {node: len(before) for node, before in needs.items()}
    order = [node for node, count in left.items() if not count]
    for node in order:
        for later in waiting[node]:
            left[later] -= 1
            if not left[later]:
                order.append(later)
    if len(order) != len(left):
        raise ValueError("the graph has a cycle")
    return order


class Schedule:
    """One pass over a DAG, longest remaining chain first.

    needs     node to the nodes that must succeed before it; every need is itself a node
    work      does one node; what it raises is the caller's fault and ends the whole pass
    skip      told of every node that is not started: its name and why
    cancelled once set, nothing new starts
    """

    def __init__(
        self,
        needs: Mapping[str, Sequence[str]],
        work: Work,
        skip: Skip,
        *,
        capacity: int,
        cancelled: asyncio.Event,
    ) -> None:
        self._needs = needs
        self._work = work
        self._skip = skip
        self._capacity = max(1, capacity)
        self._cancelled = cancelled
        self._waiting: dict[str, list[str]] = {node: [] for node in needs}
        for node, before in needs.items():
            for need in before:
                self._waiting[need].append(node)
        self._left = {node: len(before) for node, before in needs.items()}
        self._heights = heights(needs)
        self._ready: list[tuple[int, str]] = []
        self._outcomes: dict[str, Outcome] = {}

    async def run(self) -> dict[str, Outcome]:
        """Do every node that can be done; the outcome of each, skipped ones included."""
        for node, count in self._left.items():
            if not count:
                heapq.heappush(self._ready, (-self._heights[node], node))
        running: dict[asyncio.Task[Outcome], str] = {}
        try:
            while self._ready or running:
                self._start(running)
                if not running:
                    break
                done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    self._finish(running.pop(task), task.result())
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        for node in self._needs:
            if node not in self._outcomes:
                self._mark_skipped(node, "the run was cancelled")
        return self._outcomes

    def _start(self, running: dict[asyncio.Task[Outcome], str]) -> None:
        while self._ready and len(running) < self._capacity and not self._cancelled.is_set():
            _, node = heapq.heappop(self._ready)
            running[asyncio.ensure_future(self._work(node))] = node

    def _finish(self, node: str, outcome: Outcome) -> None:
        self._outcomes[node] = outcome
        for later in self._waiting[node]:
            if outcome not in _GOOD:
                self._skip_all(later, f"{node} {outcome}")
                continue
            self._left[later] -= 1
            if not self._left[later] and later not in self._outcomes:
                heapq.heappush(self._ready, (-self._heights[later], later))

    def _skip_all(self, node: str, reason: str) -> None:
        found = [node]
        for each in found:
            if each not in self._outcomes:
                self._mark_skipped(each, reason)
                found.extend(self._waiting[each])

    def _mark_skipped(self, node: str, reason: str) -> None:
        self._outcomes[node] = Outcome.SKIPPED
        self._skip(node, reason)
