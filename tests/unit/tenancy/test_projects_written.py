"""A project is written into its organization's file, and nothing else in the file changes."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from stackyard.errors import ConfigError
from stackyard.tenancy import writing

PROJECT: dict[str, Any] = {
    "repository": "file:///srv/shop.git",
    "secrets": ["SHOP_PASSWORD"],
    "rules": [{"branch": "feature/**", "environment": "dev", "name": "dev-{slug}", "services": ["warehouse"]}],
}


def test_the_first_project_replaces_the_empty_mapping() -> None:
    before = writing.fresh("acme", owner="ada@acme.example")
    after = writing.with_project(before, "shop", PROJECT, "acme.yaml")
    assert yaml.safe_load(after)["projects"] == {"shop": PROJECT}
    kept = [line for line in before.splitlines() if not line.startswith("projects:")]
    assert [line for line in after.splitlines() if line in kept] == kept


@pytest.mark.parametrize("projects", ["projects:\n  web: { repository: r }\n", ""])
def test_a_further_project_leaves_the_others(projects: str) -> None:
    after = writing.with_project(f"display_name: Acme # the\n{projects}", "shop", PROJECT, "acme.yaml")
    assert yaml.safe_load(after)["projects"]["shop"] == PROJECT
    assert "# the" in after


def test_what_would_need_another_indentation_is_left_to_its_author() -> None:
    with pytest.raises(ConfigError) as caught:
        writing.with_project("projects:\n    web:\n        a: 1\n", "shop", PROJECT, "acme.yaml")
    assert "by hand" in caught.value.hint


def test_a_project_that_is_there_is_not_written_again() -> None:
    with pytest.raises(ConfigError, match="already"):
        writing.with_project("projects:\n  shop: { repository: r }\n", "shop", PROJECT, "acme.yaml")


@pytest.mark.parametrize("others", [{}, {"web": PROJECT}])
def test_what_was_added_can_be_taken_out_and_nothing_else_changes(others: dict[str, Any]) -> None:
    before = writing.fresh("acme", owner="ada@acme.example")
    for name, project in others.items():
        before = writing.with_project(before, name, project, "acme.yaml")
    after = writing.with_project(before, "shop", PROJECT, "acme.yaml")
    assert writing.without_project(after, "shop", "acme.yaml") == before


def test_a_project_between_others_goes_with_its_comments_and_leaves_theirs() -> None:
    text = (
        "display_name: Acme\nprojects:\n  # the first\n  a: { repository: r }\n\n  b:\n    # of b\n    repository: r\n"
        "    rules:\n    - { branch: main, environment: prod }\n\n  # the last\n  c: { repository: r }\n# the end\n"
    )
    after = writing.without_project(text, "b", "acme.yaml")
    assert after == (
        "display_name: Acme\nprojects:\n  # the first\n  a: { repository: r }\n\n\n  # the last\n"
        "  c: { repository: r }\n# the end\n"
    )
    last = writing.without_project(writing.without_project(after, "a", "acme.yaml"), "c", "acme.yaml")
    assert yaml.safe_load(last)["projects"] == {}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("projects:\n  shop: { repository: r }\n", "there is no project 'web'"),
        ("display_name: Acme\n", "there is no project 'web'"),
        ("projects: { web: { repository: r }, shop: { repository: r } }\n", "cannot be taken out by a small change"),
        ("projects:\n  web: &w { repository: r }\n  shop: *w\n", "cannot be taken out by a small change"),
    ],
)
def test_what_cannot_be_taken_out_is_left_as_it_is(text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        writing.without_project(text, "web", "acme.yaml")
