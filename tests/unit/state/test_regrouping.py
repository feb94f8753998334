"""Which state each stack has once resources belong to others."""

from __future__ import annotations

from typing import Any

import pytest

from stackyard import errors
from stackyard.model.checkpoints import Checkpoint, Pending, PendingOperation
from stackyard.model.names import StackName
from stackyard.model.resources import Resource
from stackyard.model.values import ResourceReference, Secret
from stackyard.state import regrouping
from stackyard.state.regrouping import Assignment, Cut

SHOP, CORE = StackName("organization", "shop", "dev"), StackName("organization", "core", "qa")
OLD, NEW = "urn:pulumi:dev::shop::", "urn:pulumi:qa::core::"
PROVIDER = f"{OLD}pulumi:providers:aws::default"


def resource(name: str, type_: str = "a:b:Thing", **fields: Any) -> Resource:
    fields.setdefault("parent", f"{OLD}pulumi:pulumi:Stack::shop-dev")
    fields.setdefault("id", f"id-{name}")
    return Resource(urn=f"{OLD}{type_}::{name}", type=type_.rpartition("$")[2], custom=True, **fields)


ROOT = regrouping.root_of(SHOP)
AWS = resource("default", "pulumi:providers:aws", id="p-1", parent="", inputs={"region": "eu", "__internal": {}})
BOX = Resource(urn=f"{OLD}my:Box::box", type="my:Box", custom=False, parent=ROOT.urn)


def shop(*resources: Resource) -> Checkpoint:
    return Checkpoint("organization/shop/dev", (ROOT, AWS, *resources))


def moved(checkpoint: Checkpoint, *names: str, core: Checkpoint | None = None, **options: Any) -> regrouping.Regrouped:
    urns = regrouping.selected(checkpoint, names)
    before = {SHOP: checkpoint, CORE: core or Checkpoint("organization/core/qa")}
    return regrouping.regrouped(before, [Assignment(SHOP, urn, CORE) for urn in urns], **options)


def urns(checkpoint: Checkpoint) -> list[str]:
    return [each.urn for each in checkpoint.resources]


def test_a_resource_takes_its_record_along_under_its_new_name() -> None:
    table = resource(
        "table", provider=f"{PROVIDER}::p-1", protect=True, inputs={"key": Secret("s")}, outputs={"arn": "x"}
    )
    after = moved(shop(table), "a:b:Thing::table").after
    assert urns(after[SHOP]) == [ROOT.urn, AWS.urn]
    root, provider, found = after[CORE].resources
    assert root.urn == f"{NEW}pulumi:pulumi:Stack::core-qa"
    assert (provider.urn, provider.id, provider.inputs) == (f"{NEW}pulumi:providers:aws::default", "p-1", AWS.inputs)
    assert found == table.replaced(
        urn=f"{NEW}a:b:Thing::table", parent=root.urn, provider=f"{NEW}pulumi:providers:aws::default::p-1"
    )


def test_children_go_with_their_parent_and_keep_it() -> None:
    inner = resource("inner", "my:Box$a:b:Thing", parent=BOX.urn)
    after = moved(shop(BOX, inner), BOX.urn).after[CORE]
    assert urns(after)[1:] == [f"{NEW}my:Box::box", f"{NEW}my:Box$a:b:Thing::inner"]
    assert after.resources[2].parent == f"{NEW}my:Box::box"


def test_a_child_whose_parent_stays_belongs_to_the_stack_itself() -> None:
    inner = resource("inner", "my:Box$a:b:Thing", parent=BOX.urn)
    after = moved(shop(BOX, inner), inner.urn).after[CORE]
    assert after.resources[1].urn == f"{NEW}a:b:Thing::inner"
    assert after.resources[1].parent == after.resources[0].urn


def test_what_stays_while_its_parent_goes_belongs_to_its_stack_itself() -> None:
    inner = resource("inner", "my:Box$a:b:Thing", parent=BOX.urn)
    before = {SHOP: shop(BOX, inner), CORE: Checkpoint("")}
    after = regrouping.regrouped(before, [Assignment(SHOP, BOX.urn, CORE)]).after[SHOP]
    assert (after.resources[-1].urn, after.resources[-1].parent) == (f"{OLD}a:b:Thing::inner", ROOT.urn)


def test_a_dependency_across_the_cut_is_dropped_and_told_on_both_sides() -> None:
    table = resource("table")
    user = resource("user", dependencies=(table.urn,), property_dependencies={"env": (table.urn,), "x": ()})
    last = resource("last", deleted_with=user.urn, dependencies=(user.urn,))
    result = moved(shop(table, user, last), user.urn)
    assert result.after[CORE].resources[1].dependencies == ()
    assert result.after[CORE].resources[1].property_dependencies == {}
    assert result.after[SHOP].resources[-1].deleted_with == ""
    assert set(result.cuts) == {
        Cut(SHOP, user.urn, CORE, table.urn, SHOP, "dependency", ("env",)),
        Cut(SHOP, last.urn, SHOP, user.urn, CORE, "dependency"),
        Cut(SHOP, last.urn, SHOP, user.urn, CORE, "deletedWith"),
    }


def test_dependencies_and_references_among_what_moves_are_rewritten() -> None:
    table = resource("table")
    user = resource("user", dependencies=(table.urn,), outputs={"t": [ResourceReference(table.urn, "id-table")]})
    found = moved(shop(table, user), table.urn, user.urn).after[CORE].resources[2]
    assert found.dependencies == (f"{NEW}a:b:Thing::table",)
    assert found.outputs == {"t": [ResourceReference(f"{NEW}a:b:Thing::table", "id-table")]}


def test_an_equal_provider_is_used_and_one_that_differs_refused() -> None:
    table = resource("table", provider=f"{PROVIDER}::p-1")
    there = AWS.replaced(urn=f"{NEW}pulumi:providers:aws::default", id="p-9", inputs={"region": "eu"})
    core = Checkpoint("", (regrouping.root_of(CORE), there))
    assert moved(shop(table), table.urn, core=core).after[CORE].resources[2].provider == f"{there.urn}::p-9"
    other = Checkpoint("", (regrouping.root_of(CORE), there.replaced(inputs={"region": "us"})))
    with pytest.raises(errors.UsageError, match="other settings"):
        moved(shop(table), table.urn, core=other)


def test_a_name_that_is_taken_is_refused() -> None:
    core = Checkpoint("", (regrouping.root_of(CORE), Resource(f"{NEW}a:b:Thing::table", "a:b:Thing", True, "other")))
    with pytest.raises(errors.UsageError, match="2 resources called"):
        moved(shop(resource("table")), "a:b:Thing::table", core=core)


def test_providers_that_nobody_needs_any_more_go_only_when_asked() -> None:
    table = resource("table", provider=f"{PROVIDER}::p-1")
    assert urns(moved(shop(table), table.urn).after[SHOP]) == [ROOT.urn, AWS.urn]
    assert urns(moved(shop(table), table.urn, tidy=True).after[SHOP]) == [ROOT.urn]
    stays = resource("stays", provider=f"{PROVIDER}::p-1")
    assert AWS.urn in urns(moved(shop(table, stays), table.urn, tidy=True).after[SHOP])


def test_a_provider_whose_parent_goes_stays_for_those_who_need_it() -> None:
    aws = resource("mine", "my:Box$pulumi:providers:aws", parent=BOX.urn)
    table = resource("table", provider=f"{aws.urn}::{aws.id}")
    after = moved(shop(BOX, aws, table), BOX.urn).after[SHOP]
    assert after.resources[-1].provider == f"{OLD}pulumi:providers:aws::mine::id-mine"


def test_globs_parents_and_dependents_select() -> None:
    inner = resource("inner", "my:Box$a:b:Thing", parent=BOX.urn)
    user = resource("user", "a:c:Other", dependencies=(inner.urn,))
    state = shop(BOX, inner, user)
    assert regrouping.selected(state, types=["a:b:*"]) == (inner.urn,)
    assert regrouping.selected(state, types=["a:*"], names=["u*"]) == (user.urn,)
    assert regrouping.selected(state, names=["inner"], parents=True) == (BOX.urn, inner.urn)
    assert regrouping.selected(state, names=["inner"], dependents=True) == (inner.urn, user.urn)
    for wanted in ([AWS.urn], [ROOT.urn], ["a:b:Thing::none"], []):
        with pytest.raises(errors.UsageError):
            regrouping.selected(state, wanted)


@pytest.mark.parametrize("fields", [{"delete": True}, {"pending_replacement": True}])
def test_a_stack_in_the_middle_of_something_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(errors.UsageError, match="in the middle of a replacement"):
        regrouping.check(SHOP, shop(resource("table", **fields)))
    pending = (PendingOperation(Pending.CREATING, resource("table")),)
    with pytest.raises(errors.UsageError, match="pending operations"):
        regrouping.check(SHOP, Checkpoint("", pending=pending))


def test_what_a_program_is_asked_with_has_everything_unprotected() -> None:
    table = resource("table", protect=True, provider=f"{PROVIDER}::p-1")
    state, origins = regrouping.adopted(CORE, {SHOP: shop(table), CORE: Checkpoint("")})
    assert urns(state) == [
        f"{NEW}pulumi:pulumi:Stack::core-qa",
        f"{NEW}pulumi:providers:aws::default",
        f"{NEW}a:b:Thing::table",
    ]
    assert not state.resources[2].protect
    assert origins == {f"{NEW}a:b:Thing::table": ((SHOP, table.urn),)}
