"""Decides, for one wanted resource at a time, which steps lead to it.

Follows pulumi/pulumi pkg/resource/deploy/step_generator.go. Decisions are made in the order of registration;
the caller sees to it that one is finished before the next begins.
"""

from __future__ import annotations

import dataclasses

from stackyard import errors
from stackyard.engines.embedded import builtin, goals, positions
from stackyard.engines.embedded.actions import Action, is_default_provider
from stackyard.engines.embedded.checking import Checking
from stackyard.engines.embedded.record import Held
from stackyard.engines.embedded.replacing import Replacing
from stackyard.engines.embedded.session import Refused, Session
from stackyard.model import paths, urns, values
from stackyard.model.plans import Change, Op, PropertyChange
from stackyard.model.registrations import Goal, ReadRequest
from stackyard.model.resources import Resource
from stackyard.providers import diffing
from stackyard.providers.base import Difference, DiffRequest, Provider

INIT_ERROR = "#initerror"
_PLACES = frozenset({"region"})
"""Settings of a provider that say where its resources are: a change means other resources."""


class Planner:
    """The decisions of one operation, and what later ones must know of earlier ones."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.checking = Checking(session)
        self.replacing = Replacing(session)
        self.aliases: dict[str, str] = {}
        self.aliased: dict[str, str] = {}
        self.replaced: set[str] = set()

    async def decide(self, goal: Goal, urn: str, provider: Provider | None) -> list[Action]:
        """The steps for one goal. Raises Refused once the reasons have been reported."""
        old = self._old(goal, urn)
        alias = old.resource.urn if old and old.resource.urn != urn else ""
        where = positions.render(goal.source_position, self.session.context.stack.project.path)
        new = goals.wanted(goal, urn, alias, old.resource if old else None, where)
        if is_default_provider(new):
            new = new.replaced(source_position="")
        if goal.custom and goal.import_id and not _imported(goal, old):
            op = Op.IMPORT if old is None else Op.IMPORT_REPLACEMENT
            return [Action(op, old, new, provider, position=goal.source_position)]
        return await self.continued(goal, new, old, provider)

    async def continued(self, goal: Goal, new: Resource, old: Held | None, provider: Provider | None) -> list[Action]:
        """The rest of `decide`, once the old state is settled."""
        recreating = old is not None and old.resource.urn in self.replacing.deleted
        external = old is not None and old.resource.external
        afresh = recreating or external or self._targeted(new.urn, old)
        if old is None or afresh:
            new = await self.checking.check(goal, new, None, provider)
        else:
            inputs = goals.ignored(new.inputs, old.resource.inputs, goal.ignore_changes)
            new = await self.checking.check(goal, new.replaced(inputs=inputs), old.resource, provider)
        if old is None:
            known = goals.aliases_of(goal, self.session.context.stack.name, self.aliases)
            return [dataclasses.replace(self._action(Op.CREATE, goal, None, new, provider), aliases=tuple(known))]
        if recreating:
            return self._recreate(goal, old, new, provider)
        if external:
            create = self._action(Op.CREATE_REPLACEMENT, goal, old, new, provider)
            return [create, dataclasses.replace(create, op=Op.REPLACE)]
        return await self._compare(goal, old, new, provider)

    def _action(
        self,
        op: Op,
        goal: Goal,
        old: Held | None,
        new: Resource,
        provider: Provider | None,
        diff: Difference | None = None,
    ) -> Action:
        diff = diff or Difference()
        return Action(op, old, new, provider, diff.changes, diff.replaces, position=goal.source_position)

    def _recreate(self, goal: Goal, old: Held, new: Resource, provider: Provider | None) -> list[Action]:
        self.replaced.add(new.urn)
        reasons = self.replacing.deleted.pop(old.resource.urn)
        diff = Difference((), reasons)
        return [self._action(op, goal, old, new, provider, diff) for op in (Op.REPLACE, Op.CREATE_REPLACEMENT)]

    async def _compare(self, goal: Goal, old: Held, new: Resource, provider: Provider | None) -> list[Action]:
        triggered = self._triggered(goal, old.resource)
        diff = Difference() if triggered else await self._diff(goal, old.resource, new, provider)
        diff = forced(diff, goal.replace_on_changes, bool(old.resource.init_errors))
        if triggered:
            diff = dataclasses.replace(diff, replaces=("replacementTrigger",))
        if diff.replaces or old.resource.pending_replacement:
            return await self._replace(goal, old, new, provider, diff)
        if diff.changes or old.resource.init_errors:
            return [self._action(Op.UPDATE, goal, old, new, provider, diff)]
        return [self._action(Op.SAME, goal, old, new, provider)]

    async def _replace(
        self, goal: Goal, old: Held, new: Resource, provider: Provider | None, diff: Difference
    ) -> list[Action]:
        self._check_replaceable(goal, old.resource, new)
        self.replaced.add(new.urn)
        if not self._targeted(new.urn, old):
            new = await self.checking.check(goal, new.replaced(inputs=dict(goal.inputs)), None, provider)
        create = self._action(Op.CREATE_REPLACEMENT, goal, old, new, provider, diff)
        replace = dataclasses.replace(create, op=Op.REPLACE)
        first = diff.delete_before_replace if goal.delete_before_replace is None else goal.delete_before_replace
        if not first:
            return [create, replace]
        return [*await self.replacing.deletes(old, goal.source_position), replace, create]

    def _check_replaceable(self, goal: Goal, old: Resource, new: Resource) -> None:
        if new.protect and old.protect:
            self.session.report.error(
                f"{new.type} {goal.name!r} must be replaced, but it is protected",
                hint="remove `protect` from it in the program, or undo what forces the replacement",
                position=goal.source_position,
                urn=new.urn,
            )
            if not self.session.dry_run:
                raise Refused("a protected resource cannot be replaced")
        if goal.import_id:
            self.session.report.error(
                f"{new.type} {goal.name!r} was imported and must now be replaced, which gives it another id",
                hint="remove `import_` from it in the program",
                position=goal.source_position,
                urn=new.urn,
            )
            raise Refused("an imported resource cannot be replaced")

    def _triggered(self, goal: Goal, old: Resource) -> bool:
        new_trigger, old_trigger = (values.reveal(each) for each in (goal.replacement_trigger, old.replacement_trigger))
        if values.has_unknown(new_trigger):
            if not self.session.dry_run:
                raise errors.EngineError("the replacement trigger is still unknown", position=goal.source_position)
            return True
        if new_trigger is None or old_trigger is None:
            return False
        return not values.equal(new_trigger, old_trigger)

    def _targeted(self, urn: str, old: Held | None) -> bool:
        return old is not None and (old.resource.taint or urn in self.session.context.options.replace)

    async def _diff(self, goal: Goal, old: Resource, new: Resource, provider: Provider | None) -> Difference:
        reason = self._replacing_reason(old, new)
        if reason:
            return Difference((), (reason,))
        if new.is_provider:
            plain = [{k: v for k, v in each.inputs.items() if k != "__internal"} for each in (old, new)]
            changes = diffing.compare(*plain, ignore=goal.ignore_changes)
            return Difference(changes, tuple(each.path for each in changes if each.path in _PLACES))
        if provider is None:
            return Difference(diffing.compare(old.inputs, new.inputs)) if old.inputs or new.inputs else Difference()
        request = DiffRequest(
            new.urn, new.type, builtin.shown(provider, old), builtin.given(provider, new.inputs), goal.ignore_changes
        )
        return await provider.diff(request)

    def _replacing_reason(self, old: Resource, new: Resource) -> str:
        if old.taint or new.urn in self.session.context.options.replace:
            return "id"
        if any(urn in self.replaced for urn in new.replace_with):
            return "replaceWith"
        if new.deleted_with and new.deleted_with in self.replaced:
            return "deletedWith"
        return "provider" if self._provider_changed(old, new) else ""

    def _provider_changed(self, old: Resource, new: Resource) -> bool:
        if old.provider == new.provider:
            return False
        if not old.provider or not new.provider:
            return True
        old_urn, old_id = urns.split_provider_reference(old.provider)
        new_urn, _ = urns.split_provider_reference(new.provider)
        if self.aliased.get(old_urn) == new_urn and new_urn not in self.replaced:
            return False
        if new_urn in self.replaced:
            return True
        before = self.session.pool.recorded(urns.provider_reference(old_urn, old_id))
        after = self.session.results.get(new_urn)
        if before is None or after is None:
            return True
        changes = diffing.compare(before.inputs, after.resource.inputs)
        return before.type != after.resource.type or any(each.path in _PLACES for each in changes)

    def _old(self, goal: Goal, urn: str) -> Held | None:
        stack = self.session.context.stack.name
        if urn in self.aliased:
            self._conflict(goal, f"{urn} is also claimed, as an alias, by {self.aliased[urn]}")
        for candidate in [urn, *goals.aliases_of(goal, stack, self.aliases)]:
            held = self.session.olds.get(candidate)
            if held is None:
                continue
            if candidate != urn:
                self._claim(goal, urn, candidate)
            return self._take(held)
        return None

    def _claim(self, goal: Goal, urn: str, alias: str) -> None:
        if alias in self.session.registered:
            self._conflict(goal, f"its alias {alias} is a resource of this program itself")
        if alias in self.aliased:
            self._conflict(goal, f"its alias {alias} is also claimed by {self.aliased[alias]}")
        self.aliased[alias] = urn
        self.aliases[urn] = alias

    def _conflict(self, goal: Goal, why: str) -> None:
        self.session.report.error(f"{goal.type} {goal.name!r}: {why}", position=goal.source_position)
        raise Refused("aliases conflict")

    def _take(self, held: Held) -> Held | None:
        """Mark a recorded resource as decided about, and see what an earlier step left of it."""
        assert held.old is not None
        self.session.operated.add(held.old)
        return self.session.record.refreshed(held)

    def decide_read(self, request: ReadRequest, new: Resource, provider: Provider) -> list[Action]:
        """The steps for one ReadResource: an owned resource of another id is let go of (and deleted at the end)."""
        goal = Goal(
            request.type,
            request.name,
            True,
            parent=request.parent,
            aliases=(),
            source_position=request.source_position,
        )
        old = self._old(goal, new.urn)
        action = Action(Op.READ, old, new, provider, read=request, position=request.source_position)
        if old is None or old.resource.external or old.resource.id == request.id:
            return [action]
        self.replaced.add(new.urn)
        replacing = dataclasses.replace(action, op=Op.READ_REPLACEMENT)
        return [replacing, dataclasses.replace(action, op=Op.REPLACE)]


def forced(diff: Difference, patterns: tuple[str, ...], init_errors: bool) -> Difference:
    """`diff` with replaceOnChanges applied; a resource with initialisation errors changed at `#initerror`."""
    parsed = [paths.parse(pattern) for pattern in patterns]
    if not parsed:
        return diff
    changes, replaces = [], dict.fromkeys(diff.replaces)
    for change in diff.changes:
        hit = any(paths.matches(pattern, paths.parse(change.path)) for pattern in parsed)
        changes.append(dataclasses.replace(change, forces=change.forces or hit))
        if hit:
            replaces[change.path] = None
    if init_errors and any(paths.matches(pattern, (INIT_ERROR,)) for pattern in parsed):
        changes.append(PropertyChange(INIT_ERROR, Change.UPDATE, True))
        replaces[INIT_ERROR] = None
    return dataclasses.replace(diff, changes=tuple(changes), replaces=tuple(replaces))


def _imported(goal: Goal, old: Held | None) -> bool:
    if old is None or old.resource.external:
        return False
    return goal.import_id == (old.resource.import_id or old.resource.id)
