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
