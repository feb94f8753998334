"""What holds for all tests: those that take long come first, so that all workers end at about the same time; nothing
is held against a clock, which tells more of the machine than of the code; what a file leaves open is told there."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import hypothesis
import pytest

# The same code has the same verdict; `make test-all` explores.
_UNHURRIED: Final = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("exploring", **_UNHURRIED)
hypothesis.settings.register_profile("house", derandomize=True, **_UNHURRIED)
hypothesis.settings.load_profile("house")

_HERE: Final = Path(__file__).parent
_LONGEST_FIRST: Final = ("faults", "functional", "e2e", "conformance")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the folders; within one, nothing changes (the Makefile tells the workers to keep this order)."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    folder = item.path.relative_to(_HERE).parts[0]
    return _LONGEST_FIRST.index(folder) if folder in _LONGEST_FIRST else len(_LONGEST_FIRST)


def pytest_collection_finish() -> None:
    """What there is by now stays: the collector need not look at it over and over, which takes a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


@pytest.fixture(scope="module", autouse=True)
def _told_here() -> Iterator[None]:
    """Collect after each file: warnings of what was left open are errors, of the test that is running then."""
    yield
    gc.collect()
