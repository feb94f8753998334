"""Runs of the sample project: the runner's image and plugins are made once per machine."""

from __future__ import annotations

import itertools

import pytest

from stackyard.cloud.client import EmbeddedCloud, account_of
from stackyard.tenancy import images
from stackyard.testing.clouds import embedded_cloud, fresh_account
from tests import clients
from tests.functional.runs.stage import Database, Stage, made

__all__ = ["embedded_cloud", "fresh_account"]
_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def image() -> images.Runner:
    return images.build()


@pytest.fixture(scope="session")
def database(embedded_cloud: EmbeddedCloud) -> Database:
    return made(clients.client(embedded_cloud.environ(account_of("databases")), "rds"))


@pytest.fixture
def stage(embedded_cloud: EmbeddedCloud, fresh_account: str, database: Database, image: images.Runner) -> Stage:
    """An environment that has not run yet; its shop is seeded."""
    stage = Stage(embedded_cloud.environ(fresh_account), database, str(next(_NUMBERS)), image)
    database.script(stage.shop, "seed.sql")
    return stage


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs the cloud."""
    for item in items:
        if "functional/runs" in str(item.path):
            item.add_marker(pytest.mark.cloud)
