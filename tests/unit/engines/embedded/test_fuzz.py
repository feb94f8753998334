"""Random programs, changes, provider failures and kills: the snapshot stays sound and the cloud equals the state."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from stackyard import errors
from stackyard.model.updates import Outcome
from stackyard.testing.providers import Rules
from stackyard.testing.stages import Stage, changes, shown
from stackyard.testing.states import Kill, Killed
from tests.unit.engines.embedded.cases import concurrent, program

_ARN = {"arn": lambda item: f"arn:{item.id}"}
RULES = {
    "fake:x:Soft": Rules(replaces=("zone",), computed=_ARN, autoname=True, unique=True),
    "fake:x:Hard": Rules(replaces=("zone", "of"), computed=_ARN, first=True, autoname=True, unique=True),
}
NAMES = ["a", "b", "c", "d", "e"]


@dataclasses.dataclass(frozen=True)
class Round:
    """One update: the program, what the provider refuses, where it is killed (0 = not at all), and whether the
    same program is run `again` before the next round."""

    resources: tuple[dict[str, Any], ...]
    refused: tuple[tuple[str, str], ...]
    unhealthy: tuple[str, ...]
    kill: int
    again: bool
    concurrent: bool


@st.composite
def rounds(draw: st.DrawFn) -> list[Round]:
    """A few rounds; each resource keeps its type from round to round and may be renamed with an alias."""
    hard = {name: draw(st.booleans()) for name in NAMES}
    renamed: dict[str, str] = {}
    found = []
    for number in range(draw(st.integers(1, 4))):
        names = [name for name in NAMES if draw(st.integers(0, 3))]
        resources: list[dict[str, Any]] = []
        box = draw(st.booleans())
        if box:
            resources.append({"name": "box", "type": "fake:x:Box", "component": True})
        for index, key in enumerate(names):
            resources.append(_resource(draw, key, names[:index], hard[key], box, renamed, number))
        refusals = st.tuples(st.sampled_from(["create", "update", "delete"]), st.sampled_from(NAMES))
        refused = draw(st.lists(refusals, max_size=1)) if draw(st.integers(0, 2)) == 0 else []
        unhealthy = draw(st.lists(st.sampled_from(NAMES), max_size=1)) if draw(st.integers(0, 4)) == 0 else []
        kill = draw(st.integers(0, 40))
        found.append(
            Round(tuple(resources), tuple(refused), tuple(unhealthy), kill, draw(st.booleans()), draw(st.booleans()))
        )
    return found


def _resource(
    draw: st.DrawFn, key: str, earlier: list[str], hard: bool, box: bool, renamed: dict[str, str], number: int
) -> dict[str, Any]:
    fields: dict[str, Any] = {"key": key, "name": renamed.get(key, key), "type": f"fake:x:{'Hard' if hard else 'Soft'}"}
    if number and draw(st.integers(0, 5)) == 0:
        old = fields["name"]
        fields["name"] = renamed[key] = f"{key}{number}"
        fields["aliases"] = [{"name": old}]
    elif key in renamed:
        fields["aliases"] = [{"name": key}]
    inputs: dict[str, Any] = {"zone": draw(st.integers(1, 2)), "size": draw(st.integers(1, 2))}
    if earlier and draw(st.booleans()):
        inputs["of"] = {"$": f"{draw(st.sampled_from(earlier))}.arn"}
    if earlier and draw(st.booleans()):
        fields["dependencies"] = [{"$urn": draw(st.sampled_from(earlier))}]
    if draw(st.integers(0, 3)) == 0:
        fields["delete_before_replace"] = draw(st.booleans())
    if box and draw(st.booleans()):
        fields["parent"] = {"$urn": "box"}
        fields.setdefault("aliases", []).append({"no_parent": True})
    elif not box:
        urn = f"urn:pulumi:dev::shop::fake:x:Box${fields['type']}::{fields['name']}"
        fields.setdefault("aliases", []).append({"urn": urn})
    return {**fields, "inputs": inputs}


async def play(stage: Stage, each: Round) -> None:
    """One round with its faults, then the same program again without: everything must then be in order."""
    make = concurrent if each.concurrent else program
    body = make([dict(resource) for resource in each.resources])
    plan = await stage.preview(body)
    assert not plan.failed, plan.diagnostics
    refusal = errors.ProviderError("refused")
    stage.provider.failures = dict.fromkeys(each.refused, refusal)
    stage.provider.unhealthy = dict.fromkeys(each.unhealthy, ("not ready",))
    stage.provider.boundary = stage.state.boundary = Kill(each.kill)
    try:
        update = await asyncio.wait_for(stage.apply(plan), 5)
    except Killed as killed:
        note(f"killed {killed}")
        stage.state = stage.state.reopen()
    else:
        note(f"{update.outcome}: {changes(update.steps)}")
        if update.outcome is Outcome.SUCCEEDED:
            assert sorted(shown(update.steps)) == sorted(shown(plan.steps))
        assert stage.ids() == set(stage.cloud.items)
    finally:
        stage.provider.boundary = stage.state.boundary = lambda label: None
        stage.provider.failures, stage.provider.unhealthy = {}, {}
    if each.again:
        await settle(stage)


async def settle(stage: Stage) -> None:
    """Run again undisturbed."""
    plan = await stage.preview()
    assert not plan.failed, plan.diagnostics
    note(f"again: {changes(plan.steps)}")
    update = await asyncio.wait_for(stage.apply(plan), 5)
    assert update.outcome is Outcome.SUCCEEDED, update.diagnostics
    assert sorted(shown(update.steps)) == sorted(shown(plan.steps))
    assert stage.ids() == set(stage.cloud.items)
    assert stage.state.checkpoint.pending == ()
    assert not any(r.delete or r.pending_replacement or r.init_errors for r in stage.state.checkpoint.resources)
    tokens = [item.token for item in stage.cloud.items.values()]
    assert len(tokens) == len(set(tokens))
    final = await stage.preview()
    assert changes(final.steps) == []
    assert final.settled


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(rounds())
def test_whatever_happens_the_next_run_puts_it_right(found: list[Round]) -> None:
    async def all_rounds() -> None:
        stage = Stage(RULES)
        for each in found:
            await play(stage, each)
        await settle(stage)
        stage.provider.strict = True
        update = await stage.destroy()
        assert update.outcome is Outcome.SUCCEEDED
        assert stage.cloud.items == {}
        assert stage.state.checkpoint.resources == ()

    asyncio.run(all_rounds())
