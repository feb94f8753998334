"""What groups ask of their inputs before anything is called."""

from __future__ import annotations

from typing import Any

import pytest

from stackyard.model.values import UNKNOWN
from stackyard.providers.aws import catalog

TEMPLATE = {"launchTemplate": {"id": "lt-1"}, "waitForCapacityTimeout": "10m"}


def refused(**inputs: Any) -> list[str]:
    kind = catalog.kind("aws:autoscaling/group:Group")
    return [failure.property for failure in kind.check({**TEMPLATE, **inputs})]


@pytest.mark.parametrize("text", ["0", "10m", "1h30m", "90s", UNKNOWN])
def test_durations(text: Any) -> None:
    assert refused(waitForCapacityTimeout=text) == []


@pytest.mark.parametrize("text", ["ten minutes", "10", "5d"])
def test_what_is_no_duration(text: str) -> None:
    assert refused(waitForCapacityTimeout=text) == ["waitForCapacityTimeout"]


def test_a_group_needs_something_to_launch() -> None:
    assert refused(launchTemplate=None) == ["launchTemplate"]
    assert refused(launchTemplate=None, launchConfiguration="old") == []
