"""Cron expressions in EventBridge Scheduler's words."""

from __future__ import annotations

import pytest

from stackyard.platform.activated_environments import crons


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        ("0 * * * *", ("cron(0 * * * ? *)",)),
        ("*/15 6-18 * * 1-5", ("cron(*/15 6-18 ? * 2,3,4,5,6 *)",)),
        ("0 0 * * 0", ("cron(0 0 ? * 1 *)",)),
        ("0 0 * * 7", ("cron(0 0 ? * 1 *)",)),
        ("0 0 * * SUN,wed", ("cron(0 0 ? * 1,4 *)",)),
        ("0 0 * * */2", ("cron(0 0 ? * 1,3,5,7 *)",)),
        ("30 4 1,15 * *", ("cron(30 4 1,15 * ? *)",)),
        ("30 4 1 * 5", ("cron(30 4 1 * ? *)", "cron(30 4 ? * 6 *)")),
    ],
)
def test_a_cron_is_said_in_the_schedulers_words(interval: str, expected: tuple[str, ...]) -> None:
    assert crons.expressions(interval) == expected


@pytest.mark.parametrize("interval", ["@hourly", "* * * *", "0 0 * * 8", "0 0 * * 5-1", "0 0 * * nay", "; rm * * * *"])
def test_what_is_no_cron_is_refused(interval: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        crons.expressions(interval)
