"""Ranges of versions, after the examples in github.com/blang/semver's documentation."""

from __future__ import annotations

import pytest

from stackyard import errors
from stackyard.wire import versions


@pytest.mark.parametrize(
    ("range_", "version", "inside"),
    [
        (">1.0.0", "1.0.1", True),
        (">1.0.0", "1.0.0", False),
        (">=1.0.0 <2.0.0", "1.9.9", True),
        (">=1.0.0 <2.0.0", "2.0.0", False),
        (">= 1.0.0 < 2.0.0", "1.0.0", True),
        ("<2.0.0 || >=3.0.0", "2.5.0", False),
        ("<2.0.0 || >=3.0.0", "3.0.0", True),
        (">1.0.0 <2.0.0 || >3.0.0 !4.2.1", "4.2.1", False),
        (">1.0.0 <2.0.0 || >3.0.0 !4.2.1", "4.2.2", True),
        ("!=1.2.3", "1.2.3", False),
        ("1.2.3", "1.2.3", True),
        ("=1.2.3", "1.2.4", False),
        ("1.x", "1.9.0", True),
        ("1.x", "2.0.0", False),
        ("1.2.x", "1.2.9", True),
        ("!1.2.x", "1.3.0", True),
        (">=1.2.x", "1.2.0", True),
        (">1.2.x", "1.2.9", False),
        (">1.x", "2.0.0", True),
        ("<=2.x", "2.9.9", True),
        ("<2.x", "2.0.0", False),
        (">=3.0.0", "3.272.0", True),
    ],
)
def test_ranges(range_: str, version: str, inside: bool) -> None:
    assert versions.satisfies(range_, version) is inside


def test_the_version_we_follow_is_the_default() -> None:
    assert versions.satisfies(f"={versions.PULUMI}")
    assert not versions.satisfies(f"<{versions.PULUMI}")


@pytest.mark.parametrize("range_", ["", "latest", ">=1.0.0 and more", "||", "~1.2.3", ">= "])
def test_what_is_no_range(range_: str) -> None:
    with pytest.raises(errors.UsageError, match="is not a version range"):
        versions.satisfies(range_)


def test_what_is_no_version() -> None:
    assert versions.parse("v1.2.3-rc.1") == (1, 2, 3)
    with pytest.raises(errors.UsageError, match="is not a version"):
        versions.parse("1.2")
