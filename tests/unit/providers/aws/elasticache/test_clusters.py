"""Versions and log deliveries of caches."""

from __future__ import annotations

import pytest

from stackyard.providers.aws.elasticache import clusters

LOG = {"destination": "group", "destinationType": "cloudwatch-logs", "logFormat": "json", "logType": "slow-log"}


@pytest.mark.parametrize(("asked", "runs"), [("7.0", "7.0.7"), ("6.x", "6.2.6"), ("5.0.6", "5.0.6")])
def test_a_version_asks_for_its_patches(asked: str, runs: str) -> None:
    assert clusters.same_version(asked, runs)


@pytest.mark.parametrize(("asked", "runs"), [("7.0", "7.1.0"), ("6.x", "7.0.7"), ("1", "10.2")])
def test_another_version(asked: str, runs: str) -> None:
    assert not clusters.same_version(asked, runs)


def test_log_deliveries_come_back_as_they_went() -> None:
    sent = clusters.logs([LOG])
    assert clusters.told_logs({"LogDeliveryConfigurations": sent}) == [LOG]


def test_a_delivery_that_is_not_wanted_any_more_is_switched_off() -> None:
    assert clusters.logs([], [LOG]) == [{"LogType": "slow-log", "Enabled": False}]
