"""Fleets: a stack an entry, a stack an item of each entry, accounts of organizations."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stackyard.estate import index as indexes
from stackyard.estate.discovery import Discovery, discover
from stackyard.graph import graphs, references, selection
from stackyard.model.estates import Stack

MANIFEST = """
fleets:
  - project: site
    registry: tenants
    stack: "{entry}.QA"
    accounts: own
  - project: hosted
    registry: tenants
    each: projects
    stack: "{entry}.{item}.QA"
    accounts: own
    config: {organization: "{entry}", project: "{item}", tenant: "{entry_path}"}
  - project: environments
    registry: activations
    stack: "{entry}.QA"
    accounts: own
    config: {activation: "{entry_path}", project: "{entry.2}", beyond: "{entry.9}"}
"""
FILES = {
    "stackyard.yaml": MANIFEST,
    "site/Pulumi.yaml": "name: site\nruntime: python\n",
    "hosted/Pulumi.yaml": "name: hosted\nruntime: python\n",
    "environments/Pulumi.yaml": "name: environments\nruntime: python\n",
    "tenants/acme.yaml": "projects:\n  shop: {repository: r}\n  web: {}\n",
    "tenants/globex.yaml": "projects:\n  shop:\n",
    "tenants/initech.yaml": "display_name: Initech\n",
    "activations/.gitignore": "*\n",
    "activations/acme.shop.prod.yaml": "anything",
}


def write(root: Path, changes: dict[str, str] | None = None) -> Path:
    for path, text in {**FILES, **(changes or {})}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def by_short(found: Discovery) -> dict[str, Stack]:
    return {stack.name.short: stack for stack in found.estate.stacks}


def said(found: Discovery) -> list[str]:
    return [str(each) for each in found.diagnostics]


def test_there_is_a_stack_for_each_item_of_each_entry(tmp_path: Path) -> None:
    found = discover(write(tmp_path))
    stacks = by_short(found)
    assert said(found) == []
    assert sorted(stacks) == [
        "environments/acme.shop.prod.QA",
        "hosted/acme.shop.QA",
        "hosted/acme.web.QA",
        "hosted/globex.shop.QA",
        "site/acme.QA",
        "site/globex.QA",
        "site/initech.QA",
    ]
    web = stacks["hosted/acme.web.QA"]
    assert (web.fleet_entry, web.fleet_item, web.tenant) == ("acme", "web", "acme")
    assert web.fleet_config == {"organization": "acme", "project": "web", "tenant": "../tenants/acme.yaml"}


def test_an_entry_belongs_to_the_organization_before_its_first_dot(tmp_path: Path) -> None:
    stack = by_short(discover(write(tmp_path)))["environments/acme.shop.prod.QA"]
    assert (stack.tenant, stack.fleet_entry) == ("acme", "acme.shop.prod")


def test_an_empty_registry_is_fine(tmp_path: Path) -> None:
    (write(tmp_path) / "activations/acme.shop.prod.yaml").unlink()
    found = discover(tmp_path)
    assert said(found) == []
    assert "environments/acme.shop.prod.QA" not in by_short(found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("projects: [", "tenants/acme.yaml:2:1: warning: no stacks of hosted: malformed YAML"),
        ("projects: [shop]", "tenants/acme.yaml:1:11: warning: no stacks of hosted: projects must be a mapping"),
        ("[" * 100_000, "tenants/acme.yaml:1:65: warning: no stacks of hosted: nested more than 64 deep"),
        ("projects: {a/b: 1}", "tenants/acme.yaml:1:12: warning: 'acme.a/b.QA' cannot be the name of a stack"),
        ("projects: {shop: 1, shop: 2}", "tenants/acme.yaml:1:21: warning: no stacks of hosted: duplicate key 'shop'"),
    ],
)
def test_a_faulty_entry_is_told_and_hides_no_other(tmp_path: Path, text: str, expected: str) -> None:
    found = discover(write(tmp_path, {"tenants/acme.yaml": text}))
    assert len(said(found)) == 1
    assert said(found)[0].startswith(expected)
    stacks = by_short(found)
    assert "hosted/globex.shop.QA" in stacks
    assert not any(name.startswith("hosted/acme") for name in stacks)


def test_merged_keys_are_items_too(tmp_path: Path) -> None:
    text = "common: &common {shop: 1}\nprojects:\n  <<: *common\n  web: 2\n"
    stacks = by_short(discover(write(tmp_path, {"tenants/acme.yaml": text})))
    assert {"hosted/acme.shop.QA", "hosted/acme.web.QA"} <= set(stacks)


def test_an_item_without_each_is_an_error(tmp_path: Path) -> None:
    found = discover(write(tmp_path, {"stackyard.yaml": MANIFEST.replace("    each: projects\n", "")}))
    assert said(found)[0].startswith("stackyard.yaml:7:5: error: {item} stands for nothing")


def test_items_that_make_one_stack_are_told(tmp_path: Path) -> None:
    found = discover(write(tmp_path, {"stackyard.yaml": MANIFEST.replace('"{entry}.{item}.QA"', '"{entry}.QA"')}))
    assert "stack 'acme.QA' comes from two items of acme.yaml" in said(found)[0]


def test_an_organization_never_shares_the_account_of_the_estate(tmp_path: Path) -> None:
    found = discover(write(tmp_path, {"tenants/organization.yaml": ""}))
    assert "the entry 'organization' would share the account of the estate itself" in said(found)[0]


def test_items_are_remembered_until_their_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexes, "settled", lambda status: True)
    root = write(tmp_path)
    assert said(discover(root)) == []
    with indexes.opened(root) as index:
        mark = indexes.stamp(os.stat(root / "tenants/acme.yaml"))
        assert index.get("items projects tenants", "tenants/acme.yaml", mark) == [["shop", 2, 3], ["web", 3, 3]]
    assert "hosted/acme.web.QA" in by_short(discover(root))
    (root / "tenants/acme.yaml").write_text("projects: {other: 1}")
    assert "hosted/acme.other.QA" in by_short(discover(root))


def test_tenants_are_selected_down_to_the_item(tmp_path: Path) -> None:
    estate = discover(write(tmp_path)).estate
    graph = graphs.build(estate, references.evaluate(estate), (), check=False)
    picked = {pick.stack.name.short for pick in selection.select(graph, ["tenant:acme.shop"], []).picks}
    assert picked == {"hosted/acme.shop.QA", "environments/acme.shop.prod.QA"}


def test_a_part_of_a_dotted_name_stands_where_it_is_asked_for(tmp_path: Path) -> None:
    config = by_short(discover(write(tmp_path)))["environments/acme.shop.prod.QA"].fleet_config
    assert dict(config) == {
        "activation": "../activations/acme.shop.prod.yaml",
        "project": "shop",
        "beyond": "{entry.9}",
    }


def test_a_stack_that_is_asked_for_after_its_entry_is_gone_is_in_the_organizations_account(tmp_path: Path) -> None:
    stacks = by_short(discover(write(tmp_path), stacks=("hosted/gone.shop.QA",)))
    assert (stacks["hosted/gone.shop.QA"].tenant, stacks["hosted/gone.shop.QA"].fleet_entry) == ("gone", "")
