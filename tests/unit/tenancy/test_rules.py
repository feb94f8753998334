"""Which rule decides about a ref, and what a project lacks of what its rules name."""

from __future__ import annotations

import pytest

from stackyard.errors import Position
from stackyard.model import tenants
from stackyard.tenancy import meltano, rules

RULES = """
rules:
  - {branch: main, environment: prod, services: [schedules]}
  - {branch: "release/*", environment: staging}
  - {tag: "v[0-9]*", environment: prod, name: "v-{slug}"}
  - {branch: "**", environment: dev}
"""
PROJECT = """
environments: [{name: prod}, {name: staging}]
plugins:
  extractors: [{name: tap, namespace: tap, pip_url: tap==1}]
  loaders: [{name: target, namespace: target, pip_url: target==1}]
schedules: [{name: nightly, extractor: tap, loader: target, transform: skip, interval: "@once"}]
"""


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ("refs/heads/main", (0, "prod")),
        ("refs/heads/release/1.2", (1, "staging-release-1-2")),
        ("refs/heads/release/1/2", (3, "dev-release-1-2")),
        ("refs/tags/v1.2", (2, "v-v1-2")),
        ("refs/tags/main", None),
        ("refs/pull/1/head", None),
        ("main", None),
    ],
)
def test_the_first_rule_that_matches_decides(ref: str, expected: tuple[int, str] | None) -> None:
    found, told = rules.read_repository(RULES)
    assert told == ()
    match = rules.match(found, ref)
    assert (match and (match.order, match.name)) == expected


def test_a_repositorys_own_rules_have_located_faults() -> None:
    found, told = rules.read_repository(RULES + "  - {branch: late, environment: dev}\n  - {tag: x}\n")
    assert found == ()
    assert [str(each.position) for each in told] == [".stackyard/rules.yaml:7:5", ".stackyard/rules.yaml:8:5"]
    assert "rule 4 ('**') already decides it" in told[0].message


@pytest.mark.parametrize("text", ["", "[", "rules: 1", "x: 1"])
def test_no_rules_at_all_are_a_fault(text: str) -> None:
    assert rules.read_repository(text)[1]


def test_what_a_project_lacks_is_told_where_the_rule_says_it() -> None:
    manifest, told = meltano.read(PROJECT, "meltano.yml")
    assert manifest is not None, told
    found, _ = rules.read_repository(RULES)
    lacking = rules.check_manifest(found, manifest, lambda order, key: Position("acme.yaml", order + 1, len(key)))
    assert [str(each) for each in lacking] == [
        "acme.yaml:1:8: error: meltano.yml has no schedule that fires by itself "
        "(leave the service `schedules` out, or give the project a schedule with an interval)",
        "acme.yaml:4:11: error: meltano.yml has no environment 'dev' (there are: prod, staging)",
    ]


def test_a_project_that_has_it_all_lacks_nothing() -> None:
    manifest, _ = meltano.read(PROJECT.replace("@once", "@daily"), "meltano.yml")
    assert manifest is not None
    found = tuple(rule for rule in rules.read_repository(RULES)[0] if rule.environment != "dev")
    assert rules.check_manifest(found, manifest, lambda order, key: None) == ()


def test_without_environments_it_says_so() -> None:
    manifest, _ = meltano.read("project_id: x\n", "meltano.yml")
    assert manifest is not None
    rule = tenants.Rule("branch", "main", "prod", "prod")
    assert [each.hint for each in rules.check_manifest([rule], manifest, lambda order, key: None)] == [
        "meltano.yml has no environments"
    ]
