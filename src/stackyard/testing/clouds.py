"""The pytest fixture `embedded_cloud`: a cloud of its own for each test process, ended with it.

Import it in a `conftest.py` (`from stackyard.testing.clouds import embedded_cloud`), and mark the tests `cloud`.
Tests that share the process share the cloud: give each an account of its own (`fresh_account`) or names of its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from stackyard.cloud.client import EmbeddedCloud, account_of

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def embedded_cloud() -> Iterator[EmbeddedCloud]:
    """A running cloud that keeps nothing; `embedded_cloud.environ(account)` are the variables to reach it."""
    with EmbeddedCloud.temporary() as cloud:
        yield cloud


@pytest.fixture
def fresh_account() -> str:
    """The number of an account that no other test of this process has."""
    return account_of(f"test-{next(_NUMBERS)}")
