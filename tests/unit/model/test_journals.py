"""What entries do to a snapshot."""

from __future__ import annotations

from stackyard.model.checkpoints import Checkpoint, Pending, PendingOperation
from stackyard.model.journals import Fold, JournalEntry, Phase
from stackyard.model.plans import Op
from stackyard.model.resources import Resource

TYPE = "fake:x:Thing"


def urn(name: str) -> str:
    return f"urn:pulumi:dev::shop::{TYPE}::{name}"


def thing(name: str, id_: str = "", **fields: object) -> Resource:
    return Resource(urn(name), TYPE, True, id_ or name, **fields)  # type: ignore[arg-type]


def folded(base: Checkpoint, *entries: JournalEntry) -> Checkpoint:
    fold = Fold(base)
    for entry in entries:
        fold.apply(entry)
    return fold.checkpoint()


def shown(checkpoint: Checkpoint) -> list[str]:
    return [r.id + ("!" if r.delete else "") + ("?" if r.pending_replacement else "") for r in checkpoint.resources]


BASE = Checkpoint("dev", (thing("a"), thing("b"), thing("c")))


def test_an_intent_is_pending_until_it_is_done_or_taken_back() -> None:
    begin = JournalEntry(1, Phase.BEGIN, Op.CREATE, resource=thing("d"))
    assert [each.kind for each in folded(BASE, begin).pending] == [Pending.CREATING]
    done = JournalEntry(1, Phase.DONE, Op.CREATE, resource=thing("d"))
    assert folded(BASE, begin, done).pending == ()
    assert shown(folded(BASE, begin, done)) == ["d", "a", "b", "c"]
    failed = JournalEntry(1, Phase.FAILED, Op.CREATE)
    assert folded(BASE, begin, failed) == BASE


def test_what_is_decided_goes_first_in_the_order_of_completion() -> None:
    same = JournalEntry(1, Phase.DONE, Op.SAME, old=2, resource=thing("c"))
    update = JournalEntry(2, Phase.DONE, Op.UPDATE, old=0, resource=thing("a", "a2"))
    assert shown(folded(BASE, same, update)) == ["c", "a2", "b"]


def test_a_replacement_leaves_the_old_one_to_be_deleted() -> None:
    made = JournalEntry(1, Phase.DONE, Op.CREATE_REPLACEMENT, old=0, resource=thing("a", "a2"))
    assert shown(folded(BASE, made)) == ["a2", "a!", "b", "c"]
    deleted = JournalEntry(2, Phase.DONE, Op.DELETE_REPLACED, old=0)
    assert shown(folded(BASE, made, deleted)) == ["a2", "b", "c"]


def test_delete_before_replace_keeps_the_record_until_the_new_one_is_there() -> None:
    waiting = thing("a", pending_replacement=True)
    deleted = JournalEntry(1, Phase.DONE, Op.DELETE_REPLACED, old=0, resource=waiting)
    assert shown(folded(BASE, deleted)) == ["a?", "b", "c"]
    made = JournalEntry(2, Phase.DONE, Op.CREATE_REPLACEMENT, old=0, resource=thing("a", "a2"))
    assert shown(folded(BASE, deleted, made)) == ["a2", "b", "c"]


def test_outputs_replace_what_the_step_made() -> None:
    made = JournalEntry(1, Phase.DONE, Op.CREATE, resource=thing("d"))
    outputs = JournalEntry(1, Phase.OUTPUTS, Op.UPDATE, of=1, resource=thing("d", outputs={"x": 1}))
    assert folded(BASE, made, outputs).resources[0].outputs == {"x": 1}


def test_an_update_of_what_was_just_imported_supersedes_it() -> None:
    imported = JournalEntry(1, Phase.DONE, Op.IMPORT, resource=thing("d"))
    updated = JournalEntry(2, Phase.DONE, Op.UPDATE, of=1, resource=thing("d", "d2"))
    assert shown(folded(BASE, imported, updated)) == ["d2", "a", "b", "c"]


def test_aliases_are_resolved_everywhere_and_dropped() -> None:
    base = Checkpoint("dev", (thing("a"), thing("b", dependencies=(urn("a"),), deleted_with=urn("a"))))
    renamed = JournalEntry(1, Phase.DONE, Op.SAME, old=0, resource=thing("z", "a", aliases=(urn("a"),)))
    first, second = folded(base, renamed).resources
    assert (first.urn, first.aliases) == (urn("z"), ())
    assert (second.dependencies, second.deleted_with) == ((urn("z"),), urn("z"))


def test_children_of_a_renamed_component_are_renamed() -> None:
    def part(component: str, name: str) -> str:
        return f"urn:pulumi:dev::shop::fake:x:{component}${TYPE}::{name}"

    box = Resource("urn:pulumi:dev::shop::fake:x:Box::box", "fake:x:Box", False)
    crate = Resource("urn:pulumi:dev::shop::fake:x:Crate::box", "fake:x:Crate", False, aliases=(box.urn,))
    child = Resource(part("Box", "a"), TYPE, True, "a", parent=box.urn)
    grandchild = Resource(part(f"Box${TYPE}", "b"), TYPE, True, "b", parent=child.urn)
    base = Checkpoint("dev", (box, child, grandchild))
    found = folded(base, JournalEntry(1, Phase.DONE, Op.SAME, old=0, resource=crate)).resources
    assert [each.urn for each in found] == [crate.urn, part("Crate", "a"), part(f"Crate${TYPE}", "b")]
    assert [each.parent for each in found] == ["", crate.urn, part("Crate", "a")]


def test_what_a_refresh_found_gone_leaves_no_reference() -> None:
    child = thing("b", parent=urn("a"), dependencies=(urn("a"),), property_dependencies={"of": (urn("a"), urn("o"))})
    base = Checkpoint("dev", (thing("o"), thing("a", parent=urn("o")), child))
    found = folded(base, JournalEntry(1, Phase.DONE, Op.REFRESH, old=1)).resources
    assert [each.id for each in found] == ["o", "b"]
    assert found[1].parent == urn("o")
    assert found[1].dependencies == ()
    assert found[1].property_dependencies == {"of": (urn("o"),)}


def test_a_new_resource_that_needs_an_untouched_one_stands_after_it() -> None:
    new = JournalEntry(1, Phase.DONE, Op.CREATE, resource=thing("d", dependencies=(urn("b"),)))
    assert shown(folded(BASE, new)) == ["b", "d", "a", "c"]


def test_a_cycle_is_kept_rather_than_lost() -> None:
    base = Checkpoint("dev", (thing("a", dependencies=(urn("b"),)), thing("b", dependencies=(urn("a"),))))
    assert sorted(shown(folded(base))) == ["a", "b"]


def interrupted(kind: Pending, resource: Resource, *others: Resource) -> Checkpoint:
    return Checkpoint("dev", others, (PendingOperation(kind, resource),))


def test_a_resolved_creation_is_adopted() -> None:
    base = interrupted(Pending.CREATING, thing("a", "x"))
    assert shown(folded(base, JournalEntry(1, Phase.RESOLVED, Op.CREATE, old=0, resource=thing("a", "new")))) == ["new"]
    dropped = folded(base, JournalEntry(1, Phase.RESOLVED, Op.CREATE, old=0))
    assert (dropped.resources, dropped.pending) == ((), ())


def test_an_adopted_replacement_marks_the_old_one_or_takes_its_place() -> None:
    resolved = JournalEntry(1, Phase.RESOLVED, Op.CREATE, old=0, resource=thing("a", "new"))
    base = interrupted(Pending.CREATING, thing("a", "x"), thing("a", "old"))
    assert shown(folded(base, resolved)) == ["new", "old!"]
    base = interrupted(Pending.CREATING, thing("a", "x"), thing("a", "old", pending_replacement=True))
    assert shown(folded(base, resolved)) == ["new"]


def test_a_creation_that_is_recorded_already_is_not_adopted_twice() -> None:
    base = interrupted(Pending.CREATING, thing("a", "x"), thing("a", "new"))
    resolved = JournalEntry(1, Phase.RESOLVED, Op.CREATE, old=0, resource=thing("a", "new"))
    assert shown(folded(base, resolved)) == ["new"]


def test_a_resolved_update_repairs_in_place() -> None:
    base = interrupted(Pending.UPDATING, thing("a"), thing("o"), thing("a"), thing("z"))
    found = folded(base, JournalEntry(1, Phase.RESOLVED, Op.UPDATE, old=0, resource=thing("a", outputs={"x": 1})))
    assert [(each.id, each.outputs) for each in found.resources] == [("o", {}), ("a", {"x": 1}), ("z", {})]


def test_unresolved_operations_are_carried() -> None:
    base = interrupted(Pending.CREATING, thing("a", "x"))
    assert folded(base).pending == base.pending
