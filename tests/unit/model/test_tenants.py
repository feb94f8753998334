"""A tenant's file: what is read, and that every fault is told with the path to it."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from stackyard.model import tenants
from stackyard.model.tenants import Budget, Deed, Grant, Limits, Rule

WHOLE: dict[str, Any] = {
    "display_name": "Acme Corporation",
    "contacts": {"owner": "ada@acme.example", "billing": "billing@acme.example"},
    "groups": {
        "owners": {"members": ["ada@acme.example"], "access": "administer"},
        "analysts": {
            "members": ["grace@acme.example"],
            "access": [{"may": "run", "on": "shop/dev-*"}, {"may": "view", "on": "shop"}],
        },
    },
    "projects": {
        "shop": {
            "repository": "https://git.example/acme/shop.git",
            "manifest": "data/meltano.yml",
            "variables": {"SHOP_HOST": "db.shop.example"},
            "secrets": ["SHOP_PASSWORD"],
            "rules": [
                {"branch": "main", "environment": "prod", "services": ["schedules", "warehouse"]},
                {"branch": "release/*", "environment": "staging", "archive": {"retention": "90d"}},
                {"tag": "v*", "environment": "staging", "name": "v-{slug}", "archive": "off"},
                {"branch": "feature/**", "environment": "dev", "name": "dev-{slug}", "expires": "72h"},
            ],
        }
    },
    "limits": {"concurrent_runs": 3, "run_minutes": 30, "cpu": 512, "memory_mb": 3072, "environments": 7},
    "budget": {"monthly": 250, "warn_at": [50, 100], "action": "suspend"},
    "cost_owner": "sales",
    "retention_days": 90,
    "disposable": True,
    "suspended": False,
}


def changed(change: Any, *path: str | int) -> dict[str, Any]:
    """The whole file with one value another; `...` removes it."""
    data = copy.deepcopy(WHOLE)
    place: Any = data
    for part in path[:-1]:
        place = place[part]
    if change is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = change
    return data


def test_a_whole_file() -> None:
    read, faults = tenants.read("acme", WHOLE)
    assert faults == ()
    assert read is not None
    assert (read.name, read.owner, read.billing) == ("acme", "ada@acme.example", "billing@acme.example")
    assert read.groups["analysts"].grants == (Grant(Deed.RUN, "shop/dev-*"), Grant(Deed.VIEW, "shop"))
    assert read.projects["shop"].rules == (
        Rule("branch", "main", "prod", "prod", ("schedules", "warehouse")),
        Rule("branch", "release/*", "staging", "staging-{slug}", archive_days=90),
        Rule("tag", "v*", "staging", "v-{slug}", archive=False),
        Rule("branch", "feature/**", "dev", "dev-{slug}", expires=72 * 3600),
    )
    assert read.limits == Limits(3, 30, 512, 3072, 7)
    assert read.budget == Budget(250.0, (50, 100), "suspend")
    assert (read.retention_days, read.disposable, read.suspended) == (90, True, False)


def test_what_is_left_out_has_its_default() -> None:
    data = {key: WHOLE[key] for key in ("display_name", "contacts", "groups")}
    read, faults = tenants.read("acme", data)
    assert faults == ()
    assert read is not None
    assert (read.limits, read.budget, read.retention_days, dict(read.projects)) == (Limits(), None, 30, {})


SHOP, RULES = ("projects", "shop"), ("projects", "shop", "rules")
OWNERS = ("groups", "owners")


@pytest.mark.parametrize(
    ("change", "path", "said"),
    [
        (..., ("display_name",), "lacks 'display_name'"),
        ("", ("display_name",), "1 to 200 characters"),
        (7, ("display_name",), "must be text, not 7"),
        (True, ("colour",), "unknown key 'colour'"),
        (None, ("groups",), "groups must be a mapping, not nothing"),
        ({}, ("groups",), "no group administers everything"),
        ("ada", ("contacts", "owner"), "contacts.owner cannot be 'ada'"),
        ("view", (*OWNERS, "access"), "no group administers everything"),
        ([{"may": "administer", "on": "shop"}], (*OWNERS, "access"), "no group administers everything"),
        ("admin", (*OWNERS, "access"), "groups.owners.access cannot be 'admin'"),
        ([{"may": "run", "on": "a/b/c"}], (*OWNERS, "access"), "access[0].on cannot be 'a/b/c'"),
        ([], (*OWNERS, "access"), "access is empty"),
        ([], (*OWNERS, "members"), "members is empty"),
        (["a@b.example", "a@b.example"], (*OWNERS, "members"), "a@b.example is there twice"),
        ({}, ("groups", "Owners"), "'Owners' cannot be a name here"),
        ({}, ("projects", "shop.web"), "'shop.web' cannot be a name here"),
        ({}, ("projects", "a" * 25), "cannot be a name here"),
        ("ext::sh -c id", (*SHOP, "repository"), "cannot be 'ext::sh -c id'"),
        ("--upload-pack=id", (*SHOP, "repository"), "cannot be '--upload-pack=id'"),
        ("https://me:pass@git.example/x", (*SHOP, "repository"), "has a password in it"),
        ("../meltano.yml", (*SHOP, "manifest"), "cannot be '../meltano.yml'"),
        ("/etc/x.yml", (*SHOP, "manifest"), "cannot be '/etc/x.yml'"),
        (["shop_password"], (*SHOP, "secrets"), "cannot be 'shop_password'"),
        ("there", (*SHOP, "variables", "LD_PRELOAD"), "is not yours to set"),
        ("there", (*SHOP, "variables", "host"), "'host' cannot be a name here"),
        (5432, (*SHOP, "variables", "PORT"), "PORT must be text"),
        (["AWS_SECRET_ACCESS_KEY"], (*SHOP, "secrets"), "is not yours to set"),
        ({"branch": "main"}, RULES, "rules must be a list"),
        ({"branch": "main"}, (*RULES, 0), "lacks 'environment'"),
        ([{"branch": "main", "environment": "prod"}] * 31, RULES, "31 rules, and may have 30"),
        ({"environment": "prod"}, (*RULES, 0), "either `branch` or `tag`"),
        ({"branch": "main", "tag": "v1", "environment": "prod"}, (*RULES, 0), "either `branch` or `tag`"),
        ("refs/heads/main", (*RULES, 0, "branch"), "without refs/heads/"),
        ("a b", (*RULES, 0, "branch"), "can never match"),
        ("Prod_1", (*RULES, 0, "environment"), "cannot be called 'Prod_1'"),
        ("dev", (*RULES, 3, "name"), "would be called 'dev'"),
        ("Dev-{slug}", (*RULES, 3, "name"), "cannot be called 'Dev-{slug}'"),
        ("{slug}-{slug}", (*RULES, 3, "name"), "cannot be called '{slug}-{slug}'"),
        ("{branch}", (*RULES, 3, "name"), "cannot be called '{branch}'"),
        ("a" * 21 + "{slug}", (*RULES, 3, "name"), "cannot be called"),
        (["superset"], (*RULES, 0, "services"), "cannot be 'superset'"),
        (["schedules", "schedules"], (*RULES, 0, "services"), "schedules is there twice"),
        ("3 days", (*RULES, 3, "expires"), "cannot be '3 days'"),
        ("maybe", (*RULES, 3, "archive"), "cannot be 'maybe'"),
        ({"retention": "90h"}, (*RULES, 3, "archive"), "cannot be '90h'"),
        ("**", (*RULES, 0, "branch"), "never gets here: rule 1 ('**')"),
        ("prod", (*RULES, 2, "name"), "would be called 'prod'"),
        (0, ("limits", "concurrent_runs"), "must be 1 to 100, not 0"),
        (True, ("limits", "cpu"), "must be a whole number, not True"),
        (1000, ("limits", "cpu"), "no task can have 1000 cpu"),
        (512, ("limits", "memory_mb"), "no task with 512 cpu can have 512 MB"),
        (-1, ("budget", "monthly"), "an amount of USD above 0"),
        (float("nan"), ("budget", "monthly"), "an amount of USD above 0"),
        ([100, 50], ("budget", "warn_at"), "must ascend"),
        ("stop", ("budget", "action"), "cannot be 'stop'"),
        (31, ("retention_days",), "retention_days cannot be 31"),
        ("no", ("suspended",), "must be true or false"),
    ],
)
def test_faults(change: Any, path: tuple[str | int, ...], said: str) -> None:
    read, faults = tenants.read("acme", changed(change, *path))
    assert read is None
    assert any(said in fault.message for fault in faults), faults
    assert all(len(fault.message) < 300 for fault in faults)


def test_two_literal_rules_cannot_make_one_environment() -> None:
    rules = [{"branch": "main", "environment": "prod"}, {"tag": "stable", "environment": "prod"}]
    _, faults = tenants.read("acme", changed(rules, *RULES))
    assert [fault.path for fault in faults] == [(*RULES, 1)]
    assert "would both be called 'prod'" in faults[0].message


def test_rules_that_cover_another_only_together_are_told_so() -> None:
    rules = [{"tag": each, "environment": "dev"} for each in ("a*", "[!a]*", "*x")]
    _, faults = tenants.read("acme", changed(rules, *RULES))
    assert "the rules before it together" in faults[-1].message


def test_a_branch_rule_covers_no_tag() -> None:
    rules = [{"branch": "**", "environment": "dev"}, {"tag": "v1", "environment": "prod"}]
    assert tenants.read("acme", changed(rules, *RULES))[1] == ()


def test_all_faults_are_told_at_once() -> None:
    data = changed("x", "contacts", "owner")
    data["retention_days"] = 2
    data["projects"]["shop"]["rules"][1]["services"] = ["superset", "wharehouse"]
    _, faults = tenants.read("acme", data)
    assert [fault.path for fault in faults] == [
        ("contacts", "owner"),
        (*RULES, 1, "services", 0),
        (*RULES, 1, "services", 1),
        ("retention_days",),
    ]
    assert faults[2].hint == "did you mean 'warehouse'?"


@pytest.mark.parametrize("name", ["Acme", "a", "-a", "platform", "organization", "a" * 33, "a.b", "a_b", ""])
def test_names_that_no_organization_can_have(name: str) -> None:
    read, faults = tenants.read(name, WHOLE)
    assert read is None
    assert faults[0].path == ()


@pytest.mark.parametrize("data", [None, [], "text", 7, {1: 2}, {"groups": [1]}, {"projects": {"a": None}}])
def test_data_of_no_kind_is_only_faulty(data: Any) -> None:
    read, faults = tenants.read("acme", data)
    assert read is None
    assert faults


def test_rules_of_a_repository() -> None:
    assert tenants.read_rules({"rules": [{"branch": "main", "environment": "prod"}]})[0][0].name == "prod"
    found, faults = tenants.read_rules({"rules": [{"branch": "main"}]})
    assert found == ()
    assert faults[0].path == ("rules", 0)


@pytest.mark.parametrize(
    ("user", "deed", "project", "environment", "expected"),
    [
        ("ada@acme.example", Deed.ADMINISTER, "*", "*", True),
        ("ada@acme.example", Deed.VIEW, "shop", "prod", True),
        ("grace@acme.example", Deed.RUN, "shop", "dev-1", True),
        ("grace@acme.example", Deed.RUN, "shop", "prod", False),
        ("grace@acme.example", Deed.VIEW, "shop", "prod", True),
        ("grace@acme.example", Deed.VIEW, "web", "prod", False),
        ("grace@acme.example", Deed.VIEW, "*", "*", False),
        ("eve@acme.example", Deed.VIEW, "shop", "prod", False),
    ],
)
def test_who_may_do_what(user: str, deed: Deed, project: str, environment: str, expected: bool) -> None:
    read, _ = tenants.read("acme", WHOLE)
    assert read is not None
    assert read.may(user, deed, project, environment) is expected
