"""What globs match, and what they cover."""

from __future__ import annotations

import pytest

from stackyard.kit import globs


@pytest.mark.parametrize(
    ("pattern", "path", "matches", "covers"),
    [
        ("apps", "apps", True, True),
        ("apps", "apps/shop", False, True),
        ("apps/", "apps", True, True),
        ("./apps", "apps", True, True),
        ("app", "apps", False, False),
        ("apps/*", "apps", False, False),
        ("apps/*", "apps/shop", True, True),
        ("apps/*", "apps/shop/web", False, True),
        ("**", "apps/shop", True, True),
        ("**/web", "apps/shop/web", True, True),
        ("**/web", "web", True, True),
        ("apps/**", "apps", True, True),
        ("apps/**/db", "apps/a/b/db", True, True),
        ("apps/**/db", "apps/a/b", False, False),
        ("*/Production", "network/Production", True, True),
        ("*/Prod*", "network/acme.Production", False, False),
        ("network/*.Production", "network/acme.Production", True, True),
        ("[ab]*", "beta", True, True),
        ("a?c", "abc", True, True),
        ("", "", True, True),
        ("", "apps", False, True),
        ("a.c", "abc", False, False),
    ],
)
def test_globs(pattern: str, path: str, matches: bool, covers: bool) -> None:
    assert globs.matches(pattern, path) is matches
    assert globs.covers(pattern, path) is covers


def test_a_hostile_pattern_is_answered_at_once() -> None:
    assert not globs.matches("/".join(["**"] * 200) + "/x", "/".join(["a"] * 200))
    assert not globs.matches("*a" * 40 + "b", "a" * 5000)
