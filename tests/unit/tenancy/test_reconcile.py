"""What is decided for an organization, case by case and for any sequence of refs, faults and kills."""

from __future__ import annotations

import dataclasses
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from stackyard.model.activations import Activation, Phase
from stackyard.tenancy import reconcile
from stackyard.tenancy.reconcile import Act, Decision, Wanted, Wish

NOW = 1_000_000
ONE, TWO = "1" * 40, "2" * 40


def target(name: str = "prod", ref: str = "refs/heads/main", commit: str = ONE, **given: Any) -> Activation:
    given = {"project": "shop", "repository": "https://git.example/shop", **given}
    return Activation(organization="acme", environment=name, ref=ref, commit=commit, **given)


def up(activation: Activation) -> Activation:
    """A record as it is once its stack was brought up."""
    return dataclasses.replace(activation, deployed=activation.shape)


def wish(*wanted: Wanted | Activation, **given: Any) -> Wish:
    found = tuple(each if isinstance(each, Wanted) else Wanted(each) for each in wanted)
    return Wish("acme", found, projects=frozenset({"shop", "site"}), **given)


def acts(decision: Decision) -> list[tuple[Act, str]]:
    return [(change.act, change.entry.partition(".")[2]) for change in decision.changes]


def test_a_new_ref_is_activated_and_then_kept() -> None:
    decision = reconcile.decide(wish(target()), [], NOW)
    assert acts(decision) == [(Act.ACTIVATE, "shop.prod")]
    again = reconcile.decide(wish(target()), [up(target())], NOW)
    assert acts(again) == [(Act.KEEP, "shop.prod")]
    assert again.pending == ()


def test_refs_make_so_many_environments_and_no_more() -> None:
    """Whoever may push a branch could push thousands; those that are there stay, and it is told once."""
    there = [up(target(f"e{number}", f"refs/heads/e{number}")) for number in range(3)]
    wanted = [target(f"e{number}", f"refs/heads/e{number}") for number in range(9)]
    decision = reconcile.decide(wish(*wanted, most=5), there, NOW)
    assert [what for what, _ in acts(decision)] == [Act.KEEP] * 3 + [Act.ACTIVATE] * 2
    (told,) = decision.diagnostics
    assert "may have 5 environments" in told.message
    assert "and 1 more" in told.message
    over = reconcile.decide(wish(*wanted, most=2), there, NOW)
    assert acts(over) == [(Act.KEEP, f"shop.e{number}") for number in range(3)]
    assert reconcile.decide(wish(*wanted[:3], most=3), there, NOW).diagnostics == ()


def test_what_the_project_was_read_for_stays_while_it_is_the_same_project() -> None:
    record = up(target(plugins="key", source="projects/shop/sources/1.tar.gz", activated=5))
    assert acts(reconcile.decide(wish(target()), [record], NOW)) == [(Act.KEEP, "shop.prod")]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"commit": TWO}, "moved"),
        ({"services": ("schedules",)}, "other services"),
        ({"expires": NOW + 1}, "another time to expire"),
        ({"archive_wanted": False, "archive_days": 3}, "another rule of archiving"),
        ({"repository": "https://git.example/other"}, "another repository"),
        ({"meltano_environment": "dev"}, "another Meltano environment"),
    ],
)
def test_a_push_a_force_push_and_another_rule_move_it(changed: dict[str, Any], reason: str) -> None:
    (change,) = reconcile.decide(wish(target(**changed)), [up(target())], NOW).changes
    assert (change.act, change.reason) == (Act.MOVE, reason)


def test_a_deployment_that_did_not_finish_is_done_again() -> None:
    assert acts(reconcile.decide(wish(target()), [target()], NOW)) == [(Act.DEPLOY, "shop.prod")]


def test_a_gone_ref_is_retired_and_a_renamed_one_comes_up_under_its_new_name() -> None:
    old = up(target("dev-a", "refs/heads/feature/a"))
    new = Wanted(target("dev-b", "refs/heads/feature/b"), derived=True)
    decision = reconcile.decide(wish(new), [old], NOW)
    assert acts(decision) == [(Act.RETIRE, "shop.dev-a"), (Act.ACTIVATE, "shop.dev-b")]
    assert decision.changes[0].reason == "refs/heads/feature/a is gone, or no rule matches it"


def test_a_project_that_is_no_longer_hosted_is_retired() -> None:
    record = up(target(project="gone"))
    (change,) = reconcile.decide(wish(), [record], NOW).changes
    assert (change.act, change.reason) == (Act.RETIRE, "project gone is no longer hosted")


def test_the_stack_of_a_project_that_is_no_longer_hosted_goes() -> None:
    decision = reconcile.decide(wish(deployed=frozenset({"gone", "shop"})), [up(target(project="gone"))], NOW)
    assert [(left.entry, left.waits) for left in decision.leftovers] == [("acme.gone", "")]
    assert decision.diagnostics == ()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"suspended": True}, "its organization is suspended"),
        ({"blocked": frozenset({"gone.prod", "shop.prod"})}, "the record of environment prod cannot be read"),
        ({"unrecorded": frozenset({"gone.dev"})}, "environment dev is deployed without a record"),
    ],
)
def test_it_stays_while_nobody_can_say_that_everything_of_it_is_archived(given: dict[str, Any], why: str) -> None:
    decision = reconcile.decide(wish(deployed=frozenset({"gone"}), **given), [], NOW)
    assert [left.waits.startswith(why) for left in decision.leftovers] == [True]
    (told,) = decision.diagnostics
    assert "acme/gone is no longer hosted, and its stack stays" in told.message


def test_no_stack_goes_because_an_organizations_file_is_missing() -> None:
    assert reconcile.decide(Wish("acme", orphaned=True, deployed=frozenset({"shop"})), [], NOW).leftovers == ()


def test_a_name_of_the_rule_keeps_its_state_when_the_rule_names_another_branch() -> None:
    new = Wanted(target(ref="refs/heads/trunk"), derived=False)
    assert acts(reconcile.decide(wish(new), [up(target())], NOW)) == [(Act.MOVE, "shop.prod")]


def test_a_name_of_a_ref_goes_with_it_and_comes_up_afresh_for_another() -> None:
    new = Wanted(target("dev-a", "refs/heads/feature/a"), derived=True)
    (change,) = reconcile.decide(wish(new), [up(target("dev-a", "refs/heads/feature-a"))], NOW).changes
    assert (change.act, change.again) == (Act.RETIRE, True)
    assert change.reason == "its name is now of refs/heads/feature/a"


def test_of_two_refs_with_one_name_the_active_one_stays_and_the_other_is_told() -> None:
    slash = Wanted(target("dev-a", "refs/heads/feature/a"), derived=True, order=1)
    dash = Wanted(target("dev-a", "refs/heads/feature-a"), derived=True, order=0)
    fresh = reconcile.decide(wish(slash, dash), [], NOW)
    assert [change.target.ref for change in fresh.changes if change.target] == ["refs/heads/feature-a"]
    assert "refs/heads/feature/a of acme/shop would be environment 'dev-a', too" in fresh.diagnostics[0].message
    kept = reconcile.decide(wish(slash, dash), [up(slash.target)], NOW)
    assert acts(kept) == [(Act.KEEP, "shop.dev-a")]
    assert "refs/heads/feature-a of" in kept.diagnostics[0].message


def test_an_expired_ref_is_retired_and_never_brought_up() -> None:
    old = target(expires=NOW)
    (change,) = reconcile.decide(wish(old), [up(old)], NOW).changes
    assert (change.act, change.reason) == (Act.RETIRE, "expired")
    assert reconcile.decide(wish(old), [], NOW).changes == ()
    assert acts(reconcile.decide(wish(old), [], NOW - 1)) == [(Act.ACTIVATE, "shop.prod")]


@pytest.mark.parametrize("phase", list(Phase))
def test_nothing_changes_for_a_project_that_could_not_be_read(phase: Phase) -> None:
    record = dataclasses.replace(up(target()), phase=phase)
    other = up(target("prod", project="site", commit=ONE))
    decision = reconcile.decide(wish(unheard=frozenset({"shop"})), [record, other], NOW)
    assert acts(decision) == [(Act.KEEP, "shop.prod"), (Act.RETIRE, "site.prod")]


def test_nothing_is_done_to_orphans_and_they_are_told() -> None:
    decision = reconcile.decide(Wish("acme", orphaned=True), [up(target())], NOW)
    assert decision.pending == ()
    assert "acme/shop/prod is active, but its organization has no file" in decision.diagnostics[0].message


def test_a_suspended_organization_gets_and_loses_nothing_but_its_schedules() -> None:
    active, gone = up(target()), up(target("dev-a", "refs/heads/a"))
    removed = dataclasses.replace(up(target("dev-b")), phase=Phase.ARCHIVED)
    asked = wish(target(commit=TWO), target("dev-c"), suspended=True)
    decision = reconcile.decide(asked, [active, gone, removed], NOW)
    assert acts(decision) == [(Act.PAUSE, "shop.dev-a"), (Act.KEEP, "shop.dev-b"), (Act.PAUSE, "shop.prod")]
    paused = [up(change.target) for change in decision.pending if change.target]
    assert all(each.paused and each.commit == ONE for each in paused)
    assert reconcile.decide(asked, [*paused, removed], NOW).pending == ()
    resumed = reconcile.decide(wish(target(), target("dev-a", "refs/heads/a")), paused, NOW)
    assert [(change.act, change.reason) for change in resumed.changes] == [
        (Act.MOVE, "its organization is no longer suspended")
    ] * 2


def test_what_was_never_up_stays_down_in_a_suspended_organization() -> None:
    assert reconcile.decide(wish(target(), suspended=True), [target()], NOW).pending == ()


@pytest.mark.parametrize(
    ("phase", "act"),
    [(Phase.STOPPING, Act.REVIVE), (Phase.ARCHIVING, Act.RETIRE), (Phase.ARCHIVED, Act.RETIRE)],
)
def test_a_branch_that_is_back_is_revived_until_its_archive_is_begun(phase: Phase, act: Act) -> None:
    record = dataclasses.replace(up(target()), phase=phase)
    (change,) = reconcile.decide(wish(target()), [record], NOW).changes
    assert change.act is act
    assert change.again is (act is Act.RETIRE)
    if change.target:
        assert change.target.phase is Phase.ACTIVE


def test_a_record_that_cannot_be_read_blocks_its_name() -> None:
    assert reconcile.decide(wish(target(), blocked=frozenset({"shop.prod"})), [], NOW).changes == ()


def test_other_organizations_are_passed_over() -> None:
    other = dataclasses.replace(up(target()), organization="globex")
    assert reconcile.decide(wish(), [other], NOW).changes == ()


# any sequence of refs, faults and kills

REFS = ["main", "feature/a", "feature-a", "feature/b", "old"]


@dataclasses.dataclass
class World:
    """A simulated organization: its refs, its records, and what was archived and destroyed of which life."""

    refs: dict[str, str] = dataclasses.field(default_factory=dict)
    records: dict[str, Activation] = dataclasses.field(default_factory=dict)
    archived: set[tuple[str, str]] = dataclasses.field(default_factory=set)
    unheard: bool = False
    suspended: bool = False
    orphaned: bool = False

    def wish(self) -> Wish:
        if self.orphaned:
            return Wish("acme", orphaned=True)
        found = () if self.unheard else tuple(self._wanted(ref) for ref in sorted(self.refs))
        unheard = frozenset({"shop"} if self.unheard else ())
        return Wish("acme", found, frozenset({"shop"}), unheard, suspended=self.suspended)

    def _wanted(self, ref: str) -> Wanted:
        name = "prod" if ref == "main" else f"dev-{ref.replace('/', '-')}"
        expires = NOW if ref == "old" else 0
        return Wanted(target(name, f"refs/heads/{ref}", self.refs[ref], expires=expires), derived=ref != "main")

    def reconcile(self, steps: int) -> int:
        """Carry out what is decided, at most `steps` durable steps of it, as killed there; the steps left."""
        before = dict(self.records)
        decision = reconcile.decide(self.wish(), list(self.records.values()), NOW)
        for change in decision.pending:
            while steps and not self._step(change):
                steps -= 1
        if self.unheard or self.orphaned:
            assert self.records == before
        if self.suspended:
            assert set(self.records) == set(before)
        return steps

    def _step(self, change: reconcile.Change) -> bool:
        """One durable step; whether there was nothing left to do."""
        record = self.records.get(change.entry)
        if change.act is not Act.RETIRE:
            assert change.target is not None
            wanted = dataclasses.replace(change.target, deployed=record.deployed if record else "")
            if record is None or wanted != record:
                self.records[change.entry] = wanted
                return False
            if record.deployed != record.shape:
                self.records[change.entry] = up(record)
                return False
            return True
        if record is None:
            return True
        if record.phase is Phase.ARCHIVED:
            assert (record.entry, record.ref) in self.archived, "destroyed without an archive"
            del self.records[change.entry]
            return False
        following = {Phase.ACTIVE: Phase.STOPPING, Phase.STOPPING: Phase.ARCHIVING, Phase.ARCHIVING: Phase.ARCHIVED}
        if record.phase is Phase.ARCHIVING:
            self.archived.add((record.entry, record.ref))
        self.records[change.entry] = dataclasses.replace(record, phase=following[record.phase])
        return False


@st.composite
def events(draw: st.DrawFn) -> tuple[str, Any]:
    kind = draw(st.sampled_from(["push", "delete", "unheard", "suspended", "orphaned", "reconcile"]))
    if kind == "push":
        return kind, (draw(st.sampled_from(REFS)), draw(st.sampled_from([ONE, TWO])))
    if kind == "delete":
        return kind, draw(st.sampled_from(REFS))
    if kind == "reconcile":
        return kind, draw(st.integers(0, 12))
    return kind, draw(st.booleans())


@hypothesis.given(st.lists(events(), max_size=40))
@hypothesis.settings(max_examples=300)
def test_whatever_happens_it_ends_as_the_refs_say_and_nothing_goes_without_an_archive(happened: list[Any]) -> None:
    world = World()
    for kind, what in happened:
        if kind == "push":
            world.refs[what[0]] = what[1]
        elif kind == "delete":
            world.refs.pop(what, None)
        elif kind == "reconcile":
            world.reconcile(what)
        else:
            setattr(world, kind, what)
    world.unheard = world.suspended = world.orphaned = False
    for _ in range(2):  # the second brings up what waited for the removal of another of its name
        world.reconcile(1000)
    assert reconcile.decide(world.wish(), list(world.records.values()), NOW).pending == ()
    live = {ref: commit for ref, commit in world.refs.items() if ref != "old"}
    made = {record.ref.removeprefix("refs/heads/"): record.commit for record in world.records.values()}
    assert made.items() <= live.items()
    assert len(made) == len(live) - ("feature/a" in live and "feature-a" in live)
    assert all(record.deployed == record.shape for record in world.records.values())
