"""The rules of a snapshot, one broken at a time."""

from __future__ import annotations

from typing import Any

import pytest

from stackyard import errors
from stackyard.model.checkpoints import Checkpoint
from stackyard.model.resources import Resource
from stackyard.state import integrity

BASE = "urn:pulumi:dev::p::"
ROOT = Resource(urn=f"{BASE}pulumi:pulumi:Stack::p-dev", type="pulumi:pulumi:Stack", custom=False)
PROVIDER = Resource(urn=f"{BASE}pulumi:providers:aws::default", type="pulumi:providers:aws", custom=True, id="1")


def queue(name: str, **fields: Any) -> Resource:
    type_ = "aws:sqs/queue:Queue"
    reference = f"{PROVIDER.urn}::1"
    return Resource(
        **{"urn": f"{BASE}{type_}::{name}", "type": type_, "custom": True, "id": name, "provider": reference, **fields}
    )


def checkpoint(*resources: Resource) -> Checkpoint:
    return Checkpoint("organization/p/dev", resources)


def test_a_sound_snapshot_passes() -> None:
    a = queue("a", parent=ROOT.urn)
    b = queue("b", dependencies=(a.urn,), property_dependencies={"x": (a.urn,)}, deleted_with=a.urn)
    old = a.replaced(delete=True)
    assert list(integrity.faults(checkpoint(ROOT, PROVIDER, a, b, old, old))) == []


def test_a_pending_replacement_may_name_a_provider_that_is_gone() -> None:
    assert list(integrity.faults(checkpoint(queue("a", pending_replacement=True)))) == []


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ((queue("a", urn="", provider=""),), "has no urn"),
        ((queue("a", type="", provider=""),), "has no type"),
        ((ROOT.replaced(id="x"),), "not a custom resource"),
        ((queue("a"),), "does not stand before it"),
        ((PROVIDER.replaced(id="2"), queue("a")), "does not stand before it"),
        ((queue("a", provider="nonsense"),), "urn::id"),
        ((PROVIDER.replaced(urn="nonsense"),), "malformed"),
        ((queue("a", provider="", parent=ROOT.urn),), "parent .* is missing"),
        ((queue("a", provider="", parent=ROOT.urn), ROOT), "parent .* stands after it"),
        ((queue("a", provider="", dependencies=(ROOT.urn,)),), "dependency .* is missing"),
        ((queue("a", provider="", property_dependencies={"k": (ROOT.urn,)}),), "by `k`.* is missing"),
        ((queue("a", provider="", deleted_with=ROOT.urn),), "deletedWith .* is missing"),
        ((queue("a", provider="", replace_with=(ROOT.urn,)),), "replaceWith .* is missing"),
        ((ROOT, ROOT), "2 times"),
    ],
)
def test_each_broken_rule_is_named(resources: tuple[Resource, ...], message: str) -> None:
    with pytest.raises(errors.IntegrityError, match=message) as caught:
        integrity.verify(checkpoint(*resources), "dev.json")
    assert str(caught.value).startswith("dev.json: ")
    assert ".bak" in caught.value.hint


def test_aliases_are_resolved_and_dropped() -> None:
    old = f"{BASE}aws:sqs/queue:Queue::old"
    renamed = queue("new", aliases=(old,))
    reader = queue("reader", dependencies=(old,), property_dependencies={"x": (old,)}, deleted_with=old)
    result = integrity.normalized(checkpoint(ROOT, PROVIDER, renamed, reader))
    assert result.resources[2].aliases == ()
    assert result.resources[3].dependencies == (renamed.urn,)
    assert result.resources[3].deleted_with == renamed.urn
    assert list(integrity.faults(result)) == []


def test_children_of_a_renamed_parent_move_with_it() -> None:
    parent = Resource(urn=f"{BASE}b:b:B::x", type="b:b:B", custom=False, aliases=(f"{BASE}a:a:A::x",))
    child = queue("c", urn=f"{BASE}a:a:A$aws:sqs/queue:Queue::c", parent=f"{BASE}a:a:A::x", provider="")
    result = integrity.normalized(checkpoint(parent, child))
    assert result.resources[1].urn == f"{BASE}b:b:B$aws:sqs/queue:Queue::c"
    assert result.resources[1].parent == parent.urn


def test_two_owners_of_one_alias_are_refused() -> None:
    with pytest.raises(errors.IntegrityError, match="same alias"):
        integrity.normalized(checkpoint(queue("a", aliases=("x",)), queue("b", aliases=("x",))))
