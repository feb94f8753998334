"""What holds for all tests: those that take long come first, so that all workers end at about the same time, and
nothing is held against a clock, which tells more of the machine than of the code."""

from __future__ import annotations

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
