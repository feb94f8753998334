"""One inhabited platform for all tests of a process that ask its API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.functional.platform import inhabited


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[inhabited.Inhabited]:
    """The platform with two organizations that have environments, runs, logs and costs."""
    with inhabited.platform(tmp_path_factory.mktemp("inhabited")) as made:
        yield made
