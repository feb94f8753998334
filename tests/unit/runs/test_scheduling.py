"""The scheduler: order, bounds, failures and cancellation; no clocks, only events."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from stackyard.model.updates import Outcome
from stackyard.runs.scheduling import Schedule, heights


def _dags() -> st.SearchStrategy[dict[str, list[str]]]:
    def build(rows: list[list[bool]]) -> dict[str, list[str]]:
        return {f"n{i}": [f"n{j}" for j, wanted in enumerate(row[:i]) if wanted] for i, row in enumerate(rows)}

    return (
        st.integers(1, 9)
        .flatmap(lambda n: st.lists(st.lists(st.booleans(), min_size=n, max_size=n), min_size=n, max_size=n))
        .map(build)
    )


class Probe:
    """Work that fails where told, and notes what it saw."""

    def __init__(self, needs: Mapping[str, Sequence[str]], failing: frozenset[str] = frozenset()) -> None:
        self.needs = needs
        self.failing = failing
        self.done: list[str] = []
        self.active = 0
        self.peak = 0
        self.skipped: dict[str, str] = {}
        self.cancelled = asyncio.Event()

    async def work(self, node: str) -> Outcome:
        assert set(self.needs[node]) <= set(self.done)
        self.active += 1
        self.peak = max(self.peak, self.active)
        await asyncio.sleep(0)
        self.active -= 1
        self.done.append(node)
        return Outcome.FAILED if node in self.failing else Outcome.SUCCEEDED

    async def run(self, capacity: int = 3) -> dict[str, Outcome]:
        schedule = Schedule(
            self.needs, self.work, self.skipped.__setitem__, capacity=capacity, cancelled=self.cancelled
        )
        return await schedule.run()


@given(_dags(), st.integers(1, 4))
def test_every_node_runs_once_after_its_needs_and_within_capacity(needs: dict[str, list[str]], capacity: int) -> None:
    probe = Probe(needs)
    outcomes = asyncio.run(probe.run(capacity))
    assert sorted(probe.done) == sorted(needs)
    assert set(outcomes.values()) == {Outcome.SUCCEEDED}
    assert probe.peak <= capacity


@given(_dags(), st.sets(st.sampled_from([f"n{i}" for i in range(9)])))
def test_a_failure_skips_exactly_its_dependents(needs: dict[str, list[str]], failing: set[str]) -> None:
    probe = Probe(needs, frozenset(failing))
    outcomes = asyncio.run(probe.run())
    for node, before in needs.items():
        blocked = any(outcomes[need] is not Outcome.SUCCEEDED for need in before)
        wanted = Outcome.SKIPPED if blocked else Outcome.FAILED if node in failing else Outcome.SUCCEEDED
        assert outcomes[node] is wanted
    assert set(probe.skipped) == {node for node, outcome in outcomes.items() if outcome is Outcome.SKIPPED}


async def test_the_longest_remaining_chain_goes_first() -> None:
    needs = {"alone": [], "a": [], "b": ["a"], "c": ["b"]}
    assert heights(needs) == {"alone": 1, "a": 3, "b": 2, "c": 1}
    probe = Probe(needs)
    await probe.run(capacity=1)
    assert probe.done[0] == "a"


async def test_a_stack_starts_without_waiting_for_strangers() -> None:
    started = asyncio.Event()

    async def work(node: str) -> Outcome:
        if node == "slow":
            await started.wait()
        if node == "after-quick":
            started.set()
        return Outcome.SUCCEEDED

    needs: dict[str, list[str]] = {"slow": [], "quick": [], "after-quick": ["quick"]}
    schedule = Schedule(needs, work, lambda *_: None, capacity=2, cancelled=asyncio.Event())
    assert set((await asyncio.wait_for(schedule.run(), 5)).values()) == {Outcome.SUCCEEDED}


async def test_cancelling_finishes_what_runs_and_starts_nothing() -> None:
    cancelled = asyncio.Event()

    async def work(node: str) -> Outcome:
        cancelled.set()
        return Outcome.SUCCEEDED

    skipped: dict[str, str] = {}
    needs: dict[str, list[str]] = {"a": [], "b": ["a"]}
    outcomes = await Schedule(needs, work, skipped.__setitem__, capacity=1, cancelled=cancelled).run()
    assert outcomes == {"a": Outcome.SUCCEEDED, "b": Outcome.SKIPPED}
    assert skipped == {"b": "the run was cancelled"}


async def test_a_chain_of_thousands_is_skipped_without_recursion() -> None:
    needs = {f"n{i}": [f"n{i - 1}"] if i else [] for i in range(5000)}
    outcomes = await Probe(needs, frozenset({"n0"})).run()
    assert outcomes["n4999"] is Outcome.SKIPPED
