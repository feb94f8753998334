"""Which recorded resource is which of those that programs register."""

from __future__ import annotations

from typing import Any

from stackyard.model.checkpoints import Checkpoint
from stackyard.model.names import StackName
from stackyard.model.plans import Op, Operation, Plan, Step
from stackyard.model.resources import Resource
from stackyard.model.values import UNKNOWN
from stackyard.operations import matching
from stackyard.state import regrouping

SHOP, CORE, API = (StackName("organization", name, "dev") for name in ("shop", "core", "api"))


def thing(stack: StackName, name: str, type_: str = "a:b:Thing", **fields: Any) -> Resource:
    urn = f"urn:pulumi:{stack.stack}::{stack.project}::{type_}::{name}"
    return Resource(urn, type_.rpartition("$")[2], fields.pop("custom", True), **fields)


def found(recorded: list[Resource], **plans: list[Step]) -> matching.Matching:
    state = Checkpoint("", (regrouping.root_of(SHOP), *recorded))
    targets = {stack: plans[stack.project] for stack in (SHOP, CORE, API) if stack.project in plans}
    made = {stack: Plan(stack.short, Operation.UP, tuple(steps)) for stack, steps in targets.items()}
    origins = {stack: regrouping.adopted(stack, {SHOP: state, stack: Checkpoint("")})[1] for stack in targets}
    if SHOP in targets:
        origins[SHOP] = regrouping.adopted(SHOP, {SHOP: state})[1]
    return matching.match({SHOP: state.resources}, made, origins)


def kept(new: Resource, old: Resource | None = None) -> Step:
    return Step(Op.SAME, new.urn, new.type, old or new, new)


def created(new: Resource, *aliases: str) -> Step:
    return Step(Op.CREATE, new.urn, new.type, None, new, aliases=aliases)


def whys(result: matching.Matching) -> dict[str, tuple[str, str]]:
    return {each.resource.urn.rpartition("::")[2]: (each.target.project, each.why) for each in result.matches}


def test_what_the_engine_would_keep_is_matched_by_name_or_alias() -> None:
    result = found(
        [thing(SHOP, "a"), thing(SHOP, "b")],
        core=[kept(thing(CORE, "a")), kept(thing(CORE, "new"), old=thing(CORE, "b"))],
    )
    assert whys(result) == {"a": ("core", "same type, name and parent"), "b": ("core", "alias")}


def test_an_alias_with_the_old_project_counts_though_the_engine_found_nothing() -> None:
    old = thing(SHOP, "a")
    assert whys(found([old], core=[created(thing(CORE, "z"), old.urn)])) == {"a": ("core", "alias")}


def test_a_name_in_another_component_counts_and_settings_only_where_nothing_else_fits() -> None:
    moved = thing(CORE, "a", "my:Box$a:b:Thing", parent="urn:pulumi:dev::core::my:Box::box")
    renamed = thing(CORE, "z", inputs={"size": 3, "label": UNKNOWN, "made": "z-1", "__defaults": ["made"]})
    old = thing(SHOP, "b", inputs={"size": 3, "label": "x", "made": "b-9", "__defaults": ["made"]})
    box = thing(CORE, "box", "my:Box", custom=False)
    result = found([thing(SHOP, "a", inputs={"size": 3}), old], core=[created(box), created(moved), created(renamed)])
    assert whys(result) == {"a": ("core", "same type and name"), "b": ("core", "same type and settings")}
    assert result.matches[0].parent == moved.parent
    assert result.components == {CORE: (box,)}


def test_other_settings_and_other_types_are_missing_not_matched() -> None:
    other = created(thing(CORE, "z", inputs={"size": 4}))
    result = found([thing(SHOP, "a", inputs={"size": 3})], core=[other, created(thing(CORE, "q", "a:b:Else"))])
    assert result.matches == ()
    assert [each.urn.rpartition("::")[2] for each in result.missing[CORE]] == ["z", "q"]


def test_two_claims_or_two_candidates_are_ambiguous() -> None:
    both = found([thing(SHOP, "a")], core=[kept(thing(CORE, "a"))], api=[kept(thing(API, "a"))])
    assert (both.matches, {each.target for each in both.ambiguous}) == ((), {CORE, API})
    twins = [thing(SHOP, name, inputs={"size": 3}) for name in ("a", "b")]
    either = found(twins, core=[created(thing(CORE, "z", inputs={"size": 3}))])
    assert (either.matches, len(either.ambiguous)) == ((), 2)


def test_what_the_old_program_still_registers_gives_way() -> None:
    result = found([thing(SHOP, "a")], shop=[kept(thing(SHOP, "a"))], core=[kept(thing(CORE, "a"))])
    assert whys(result) == {"a": ("core", "same type, name and parent")}
