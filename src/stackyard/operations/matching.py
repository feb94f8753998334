"""Which recorded resource is which of those that other programs register.

The engine itself says most of it: each program is previewed as if its stack had all the resources, and those that it
would keep, by name or alias, are its own. What it would create is then compared with what nobody claimed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from stackyard.model import urns, values
from stackyard.model.names import StackName
from stackyard.model.plans import Op, Plan, Step
from stackyard.model.resources import Resource
from stackyard.model.urns import URN
from stackyard.state import regrouping
from stackyard.state.regrouping import Origins

Place: TypeAlias = tuple[StackName, str]
_Fits: TypeAlias = Callable[[Place, Resource], bool]
_KEPT: Final = {Op.SAME, Op.UPDATE, Op.REPLACE, Op.IMPORT, Op.IMPORT_REPLACEMENT}


@dataclasses.dataclass(frozen=True, slots=True)
class Match:
    """One recorded resource and the registration it was found to be: whose, under which name and parent, and why."""

    source: StackName
    resource: Resource
    target: StackName
    new_urn: str
    parent: str
    why: str


@dataclasses.dataclass(frozen=True, slots=True)
class Matching:
    """What was found.

    matches    one for each resource that one registration is
    ambiguous  resources that may be several, or several that may be one: every possibility
    components registered resources without an id of their own that nobody has: they can be recorded as they are
    missing    other registrations that nobody has: an `up` would create them
    """

    matches: tuple[Match, ...]
    ambiguous: tuple[Match, ...]
    components: Mapping[StackName, tuple[Resource, ...]]
    missing: Mapping[StackName, tuple[Resource, ...]]


def match(
    resources: Mapping[StackName, Sequence[Resource]],
    plans: Mapping[StackName, Plan],
    origins: Mapping[StackName, Origins],
) -> Matching:
    """Compare what the plans of the new programs keep and create with what there is.

    `resources` are those of the stacks that give, `plans` and `origins` are by the stacks that get.
    """
    known = {
        (stack, each.urn): each for stack, found in resources.items() for each in found if regrouping.is_movable(each)
    }
    found = [each for stack, plan in plans.items() for each in _kept(stack, plan, origins[stack], known)]
    created = [(stack, step) for stack, plan in plans.items() for step in plan.steps if _is_created(step)]
    for look in (_by_alias, _by_name, _by_settings):
        taken = {(each.source, each.resource.urn) for each in found}
        free = {place: each for place, each in known.items() if place not in taken}
        hits = {(stack, step.urn): look(stack, step, free) for stack, step in created}
        found += [each for group in hits.values() for each in group]
        created = [(stack, step) for stack, step in created if not hits[stack, step.urn]]
    single, ambiguous = _sorted_out(found)
    components: dict[StackName, list[Resource]] = {}
    missing: dict[StackName, list[Resource]] = {}
    for stack, step in created:
        assert step.new is not None
        (missing if step.new.custom else components).setdefault(stack, []).append(step.new)
    return Matching(
        tuple(single),
        tuple(ambiguous),
        {stack: tuple(each) for stack, each in components.items()},
        {stack: tuple(each) for stack, each in missing.items()},
    )


def _is_created(step: Step) -> bool:
    return step.op is Op.CREATE and step.new is not None and regrouping.is_movable(step.new)


def _kept(stack: StackName, plan: Plan, origins: Origins, known: Mapping[Place, Resource]) -> Iterator[Match]:
    for step in plan.steps:
        if step.op not in _KEPT or step.old is None or step.new is None:
            continue
        for place in origins.get(step.old.urn, ()):
            if place in known:
                why = "same type, name and parent" if step.old.urn == step.urn else "alias"
                yield Match(place[0], known[place], stack, step.urn, step.new.parent, why)


def _by_alias(stack: StackName, step: Step, free: Mapping[Place, Resource]) -> list[Match]:
    return _all(stack, step, free, "alias", lambda place, _: place[1] in step.aliases)


def _by_name(stack: StackName, step: Step, free: Mapping[Place, Resource]) -> list[Match]:
    name = URN(step.urn).name
    return _all(
        stack, step, free, "same type and name", lambda _, each: each.type == step.type and URN(each.urn).name == name
    )


def _by_settings(stack: StackName, step: Step, free: Mapping[Place, Resource]) -> list[Match]:
    new = step.new
    if new is None or not new.custom:
        return []
    return _all(
        stack, step, free, "same type and settings", lambda _, each: each.type == step.type and _alike(each, new)
    )


def _all(stack: StackName, step: Step, free: Mapping[Place, Resource], why: str, fits: _Fits) -> list[Match]:
    assert step.new is not None
    found = [place for place, each in free.items() if fits(place, each)]
    return [Match(place[0], free[place], stack, step.urn, step.new.parent, why) for place in found]


def _alike(old: Resource, new: Resource) -> bool:
    """Whether the inputs agree wherever they are known and written by a program: generated names are not."""
    settings = [_written(each) for each in (old, new)]
    unknown = {key for key, value in settings[1].items() if values.has_unknown(value)}
    left, right = ({key: value for key, value in each.items() if key not in unknown} for each in settings)
    return bool(right) and values.equal(left, right)


def _written(resource: Resource) -> values.Properties:
    generated = set(resource.inputs.get("__defaults") or ())
    return {key: value for key, value in resource.inputs.items() if key not in generated and key != "__defaults"}


def _sorted_out(found: Iterable[Match]) -> tuple[list[Match], list[Match]]:
    """Those that stand alone on both sides, and the others. What stays where it is gives way to what would move."""
    by_place: dict[Place, list[Match]] = {}
    by_name: dict[Place, list[Match]] = {}
    for each in found:
        by_place.setdefault((each.source, each.resource.urn), []).append(each)
    for place, group in by_place.items():
        moving = [each for each in group if each.target != place[0]]
        by_place[place] = moving or group
        for each in by_place[place]:
            by_name.setdefault((each.target, each.new_urn), []).append(each)
    single: list[Match] = []
    ambiguous: list[Match] = []
    for group in by_place.values():
        for each in group:
            alone = len(group) == 1 and len(by_name[each.target, each.new_urn]) == 1
            (single if alone else ambiguous).append(each)
    return single, ambiguous


def named(resource: Resource) -> str:
    """How tables name a resource: `aws:dynamodb/table:Table orders`, after the components that it is in."""
    urn = URN(resource.urn)
    above = [each for each in urn.qualified_type.split("$")[:-1] if each != urns.STACK_TYPE]
    return " > ".join([*above, f"{urn.type} {urn.name}"])
