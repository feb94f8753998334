"""Globs over refs, what covers what, and the names made of refs."""

from __future__ import annotations

import fnmatch
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackyard.model import refs

GLOBS = st.lists(st.sampled_from(["a", "b", "/", "*", "**", "?", "[ab]", "[!a]"]), max_size=6).map("".join)
NAMES = st.text(st.sampled_from("abc/"), max_size=7)


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("main", "main", True),
        ("main", "main2", False),
        ("release/*", "release/1.2", True),
        ("release/*", "release/1/2", False),
        ("release/**", "release/1/2", True),
        ("**", "a/b/c", True),
        ("*", "a/b", False),
        ("v?", "v1", True),
        ("v?", "v/", False),
        ("v[0-9]*", "v1.0", True),
        ("v[!0-9]*", "v1.0", False),
        ("v[!a]", "v/", False),
        ("[x", "[x", True),
        ("a.c", "abc", False),
        ("v*", "v1\n", True),
    ],
)
def test_globs(pattern: str, name: str, expected: bool) -> None:
    assert refs.matches(pattern, name) is expected


@given(GLOBS.filter(lambda text: "/" not in text and "**" not in text), NAMES.filter(lambda text: "/" not in text))
def test_within_one_part_they_are_the_shells_globs(pattern: str, name: str) -> None:
    assert refs.matches(pattern, name) is fnmatch.fnmatchcase(name, pattern)


@given(GLOBS, st.lists(GLOBS, min_size=1, max_size=3), st.lists(NAMES, max_size=30))
def test_what_is_covered_is_matched(pattern: str, by: list[str], names: list[str]) -> None:
    if refs.covered(pattern, by):
        assert all(any(refs.matches(each, name) for each in by) for name in names if refs.matches(pattern, name))


@pytest.mark.parametrize(
    ("pattern", "by", "expected"),
    [
        ("main", ["main"], True),
        ("release/1.*", ["release/*"], True),
        ("release/*", ["release/1.*"], False),
        ("feature/*", ["**"], True),
        ("feature/**", ["*"], False),
        ("*", ["a*", "[!a]*", ""], True),
        ("*", ["a*", "[!a]*"], False),
        ("a*b*c", ["a*c"], True),
        ("*x*", ["*x*y*", "*"], True),
    ],
)
def test_coverage_is_decided(pattern: str, by: list[str], expected: bool) -> None:
    assert refs.covered(pattern, by) is expected


def test_a_hostile_glob_neither_hangs_nor_claims_to_be_covered() -> None:
    hostile = "*a" * 100
    assert refs.matches(hostile, "a" * 5000)
    assert not refs.covered("*a*" + "?" * 40 + "*", ["*a" + "?" * 40 + "b"])


@pytest.mark.parametrize("name", ["a b", "refs/heads/main", "a..b", "/a", "a/", "-a", "a.lock", "a~1", "", "x" * 201])
def test_what_no_ref_can_be_called(name: str) -> None:
    assert refs.fault(name)


@pytest.mark.parametrize("name", ["main", "release/*", "v1.2", "feature/[a-z]**"])
def test_what_refs_are_called(name: str) -> None:
    assert refs.fault(name) == ""


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Feature/Add_Größe", "feature-add-groe"), ("main", "main"), ("v1.2.3", "v1-2-3"), ("--x--", "x")],
)
def test_slugs(name: str, expected: str) -> None:
    assert refs.slug(name) == expected


def test_slugs_that_are_empty_or_long_end_in_a_digest_of_the_whole() -> None:
    assert re.fullmatch("[0-9a-f]{8}", refs.slug("日本"))
    one, other = refs.slug("a" * 40 + "1"), refs.slug("a" * 40 + "2")
    assert len(one) == 32
    assert one != other
    assert refs.slug("日本") != refs.slug("中国")


@given(st.text(min_size=1, max_size=80), st.sampled_from(["{slug}", "dev-{slug}", "{slug}-dev", "a" * 19 + "-{slug}"]))
def test_names_are_names_and_stay_the_same(name: str, template: str) -> None:
    made = refs.environment_name(template, name)
    assert re.fullmatch(r"[a-z][a-z0-9-]{0,31}", made), made
    assert made == refs.environment_name(template, name)


def test_many_intricate_globs_are_compared_within_a_limit_of_work() -> None:
    globs = [f"feature/*-x{order}-**" for order in range(30)]
    assert not any(refs.covered(glob, globs[:order]) for order, glob in enumerate(globs))
    assert refs.covered("feature/a-x7-b", globs)
