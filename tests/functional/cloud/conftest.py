"""Every test here talks to a real embedded cloud through boto3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import botocore.config
import pytest

from stackyard.cloud.client import EmbeddedCloud
from stackyard.testing.clouds import embedded_cloud, fresh_account
from tests import clients
from tests.functional import asking

__all__ = ["embedded_cloud", "fresh_account"]

Clients = Callable[..., Any]
_ONCE = botocore.config.Config(retries={"total_max_attempts": 1}, read_timeout=30, inject_host_prefix=False)


def client_of(environ: dict[str, str], service: str, **given: Any) -> Any:
    """A boto3 client of the account that `environ` reaches; it tries once, so that a retried fault shows."""
    return asking.whole(clients.client(environ, service, **{"config": _ONCE, **given}))


@pytest.fixture
def client(embedded_cloud: EmbeddedCloud, fresh_account: str) -> Clients:
    """`client("sqs")`: a boto3 client in an account of this test alone; keywords replace its settings."""
    environ = embedded_cloud.environ(fresh_account)
    return lambda service, **given: client_of(environ, service, **given)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs the cloud."""
    for item in items:
        if "functional/cloud" in str(item.path):
            item.add_marker(pytest.mark.cloud)
