"""Environments and their runs as people read them."""

from __future__ import annotations

import pytest

from stackyard.views import environments

ORDINARY = "Essential container in task exited"


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"status": "succeeded", "exit_code": 0, "message": ORDINARY}, ""),
        ({"status": "failed", "exit_code": 1, "message": ORDINARY}, "exit code 1: see its log"),
        (
            {"status": "failed", "exit_code": 66, "message": ORDINARY},
            "exit code 66: it misses a secret's value, or its plugins",
        ),
        (
            {"status": "stopped", "exit_code": 143, "message": "asked by ada"},
            "exit code 143: it was asked to stop; asked by ada",
        ),
        ({"status": "failed", "message": "the image is not there"}, "the image is not there"),
    ],
)
def test_why_a_run_ended_is_told_in_words(row: dict[str, object], told: str) -> None:
    assert environments.why(row) == told
