"""Which state each stack has once some resources belong to others: pure, all stacks at once.

A resource that moves takes its record along: id, inputs, outputs, protection. What names it in its new stack (URN,
parent, provider) is rewritten; a dependency on what is in another stack afterwards is dropped and told as a `Cut`.
Follows `pulumi state move` (pulumi/pulumi pkg/cmd/pulumi/state/state_move.go) where both do the same.
"""

from __future__ import annotations

import collections
import dataclasses
import fnmatch
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TypeAlias

from stackyard import errors
from stackyard.model import snapshots, urns, values
from stackyard.model.checkpoints import Checkpoint
from stackyard.model.names import StackName
from stackyard.model.resources import Resource, edges
from stackyard.model.urns import URN
from stackyard.state import integrity


@dataclasses.dataclass(frozen=True, slots=True)
class Assignment:
    """One resource and where it goes.

    urn      its name in `source`
    new_urn  its name in `target`; empty: as `source` has it, under its new parent
    parent   its parent in `target`; None: its old one where that goes along, else the stack itself
    """

    source: StackName
    urn: str
    target: StackName
    new_urn: str = ""
    parent: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Cut:
    """A dependency between resources that are in two stacks afterwards. URNs are those in `source`, before.

    `relation` is `dependency`, `deletedWith` or `replaceWith`; `keys` are the inputs that the dependency stands in.
    """

    source: StackName
    urn: str
    stack: StackName
    needs: str
    needs_stack: StackName
    relation: str = "dependency"
    keys: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Regrouped:
    """The states afterwards, what was cut, and where each resource that moved is: (stack, URN) by the same before."""

    after: Mapping[StackName, Checkpoint]
    cuts: tuple[Cut, ...]
    places: Mapping[tuple[StackName, str], tuple[StackName, str]]


def root_of(stack: StackName) -> Resource:
    """The root resource of a stack that has none yet."""
    urn = URN.make(stack.stack, stack.project, "", urns.STACK_TYPE, f"{stack.project}-{stack.stack}")
    return Resource(urn=urn, type=urns.STACK_TYPE, custom=False)


def is_movable(resource: Resource) -> bool:
    """Whether it belongs to its stack alone: not the root, no provider, and not only read."""
    return not (resource.is_provider or resource.external or resource.type in (urns.STACK_TYPE, urns.REFERENCE_TYPE))


def is_empty(checkpoint: Checkpoint) -> bool:
    """Whether nothing is left that is more than a record: components without resources are not."""
    return not any(each.custom and is_movable(each) for each in checkpoint.resources)


def check(stack: StackName, checkpoint: Checkpoint) -> None:
    """Raises UsageError, with the reason, for a state whose resources must not be moved now."""
    if checkpoint.pending:
        kind, urn = checkpoint.pending[0].kind, checkpoint.pending[0].resource.urn
        raise errors.UsageError(
            f"{stack.short} has pending operations (the {kind} of {urn}): nothing is moved",
            hint=f"finish them first: stackyard up {stack.short}",
        )
    for resource in checkpoint.resources:
        if resource.delete or resource.pending_replacement:
            doomed = "to be deleted" if resource.delete else "to be made again"
            raise errors.UsageError(
                f"{stack.short} is in the middle of a replacement: {resource.urn} is still {doomed}",
                hint=f"finish it first: stackyard up {stack.short}",
            )


def selected(
    checkpoint: Checkpoint,
    wanted: Collection[str] = (),
    *,
    types: Sequence[str] = (),
    names: Sequence[str] = (),
    parents: bool = False,
    dependents: bool = False,
) -> tuple[str, ...]:
    """The URNs that are meant, in recorded order, the children of each with it.

    wanted      URNs, or `type::name` where that names one resource
    types,names globs; a resource fits when one of each kind that is given fits
    parents     with the components they are in
    dependents  with all that depends on them, directly or not

    Raises UsageError for what names nothing, or a provider.
    """
    found = {_named(checkpoint, text).urn for text in wanted}
    found |= {each.urn for each in checkpoint.resources if _fits(each, types, names)}
    if not found:
        raise errors.UsageError("no resource is selected", hint="`stackyard state ls STACK` lists them")
    if parents:
        found |= set(_above(checkpoint, found))
    while more := set(_along(checkpoint, found, dependents)) - found:
        found |= more
    return tuple(each.urn for each in checkpoint.resources if each.urn in found and is_movable(each))


def _named(checkpoint: Checkpoint, text: str) -> Resource:
    found = [each for each in checkpoint.resources if each.urn == text or _short(each.urn) == text]
    if len(found) != 1:
        many = "several resources are" if found else "no resource is"
        raise errors.UsageError(
            f"{many} called {text!r}", hint="`stackyard state ls STACK` lists them, with their URNs"
        )
    if not is_movable(found[0]):
        what = "a provider" if found[0].is_provider else "not managed by its stack"
        raise errors.UsageError(
            f"{text} is {what}: it is not moved", hint="name resources; the providers that they need come along"
        )
    return found[0]


def _short(urn: str) -> str:
    return f"{URN(urn).type}::{URN(urn).name}"


def _fits(resource: Resource, types: Sequence[str], names: Sequence[str]) -> bool:
    if not (types or names) or not is_movable(resource):
        return False
    by_type = not types or any(fnmatch.fnmatchcase(resource.type, each) for each in types)
    return by_type and (not names or any(fnmatch.fnmatchcase(URN(resource.urn).name, each) for each in names))


def _above(checkpoint: Checkpoint, found: set[str]) -> Iterator[str]:
    parents = {each.urn: each.parent for each in checkpoint.resources}
    for urn in found:
        while urn := parents.get(urn, ""):
            yield urn


def _along(checkpoint: Checkpoint, found: set[str], dependents: bool) -> Iterator[str]:
    roots = {each.urn for each in checkpoint.resources if each.type == urns.STACK_TYPE}
    for each in checkpoint.resources:
        if each.parent in found - roots or (dependents and not found.isdisjoint(edges(each))):
            yield each.urn


def regrouped(
    before: Mapping[StackName, Checkpoint],
    assignments: Sequence[Assignment],
    *,
    components: Mapping[StackName, Sequence[Resource]] | None = None,
    tidy: bool = False,
) -> Regrouped:
    """The states after the assignments.

    before      every stack that loses or gets something; a stack that is not there yet has an empty checkpoint
    components  resources without an id to add to a stack, for what moves to be children of
    tidy        whether providers that only moved resources used go from where they were

    Raises UsageError when two resources would have one name, or two providers that differ; IntegrityError.
    """
    work = _Regrouping(before, assignments, components or {})
    after = {stack: work.state(stack) for stack in before}
    if tidy:
        after = {stack: _tidied(before[stack], checkpoint) for stack, checkpoint in after.items()}
    for stack, checkpoint in after.items():
        integrity.verify(checkpoint, stack.short)
    places = {
        place: (each.target, work.names[each.source, each.target][each.urn]) for place, each in work.places.items()
    }
    return Regrouped(after, tuple(work.cuts), places)


def _tidied(before: Checkpoint, after: Checkpoint) -> Checkpoint:
    was = {each.provider for each in before.resources}
    used = {each.provider for each in after.resources}
    unused = {each.urn for each in after.resources if each.is_provider} - {
        urns.split_provider_reference(each)[0] for each in used if each
    }
    gone = {
        each.urn for each in after.resources if each.urn in unused and urns.provider_reference(each.urn, each.id) in was
    }
    left = [each for each in after.resources if each.urn not in gone]
    return dataclasses.replace(after, resources=tuple(left)) if gone else after


class _Regrouping:
    """One regrouping under way. `names` are new URNs by old ones, for each pair of source and target."""

    def __init__(
        self,
        before: Mapping[StackName, Checkpoint],
        assignments: Sequence[Assignment],
        components: Mapping[StackName, Sequence[Resource]],
    ) -> None:
        self.before = before
        self.places = {(each.source, each.urn): each for each in assignments}
        self.cuts: list[Cut] = []
        self.names: dict[tuple[StackName, StackName], dict[str, str]] = collections.defaultdict(dict)
        self._added = components
        self._roots = {stack: checkpoint.root or root_of(stack) for stack, checkpoint in before.items()}
        self._providers: dict[StackName, dict[str, Resource]] = collections.defaultdict(dict)
        for stack in before:
            self._name(stack)

    def _name(self, source: StackName) -> None:
        """Decide on the new name of each resource of one stack; parents stand before their children."""
        for resource in self.before[source].resources:
            place = self.places.get((source, resource.urn)) or self._follows(source, resource)
            if place is None:
                self.names[source, source][resource.urn] = resource.urn
                continue
            self.places[source, resource.urn] = place
            parent = URN(self._parent(resource, place))
            old = URN(resource.urn)
            made = URN.make(place.target.stack, place.target.project, parent.qualified_type, old.type, old.name)
            self.names[source, place.target][resource.urn] = place.new_urn or made

    def _follows(self, source: StackName, resource: Resource) -> Assignment | None:
        """What stays, although its parent moves or is renamed, gets another name for that."""
        above = self.places.get((source, resource.parent))
        if above is None:
            return None
        return Assignment(source, resource.urn, source, parent=None if above.target == source else "")

    def _parent(self, resource: Resource, place: Assignment) -> str:
        root = self._roots[place.target].urn
        if place.parent is not None:
            return place.parent or root
        return self.names[place.source, place.target].get(resource.parent, root)

    def state(self, stack: StackName) -> Checkpoint:
        """The state of one stack."""
        resources = [] if self.before[stack].root else [self._roots[stack]]
        resources += self._added.get(stack, ())
        sources = [stack, *(each for each in self.before if each != stack)]
        for source in sources:
            for resource in self.before[source].resources:
                place = self.places.get((source, resource.urn))
                if source == stack if place is None else place.target == stack:
                    resources.append(self._placed(resource, source, stack, place))
        self._refuse_doubles(stack, resources)
        resources += self._providers[stack].values()
        if resources == [self._roots[stack]] and not self.before[stack].resources:
            resources = []
        return dataclasses.replace(self.before[stack], resources=tuple(snapshots.ordered(resources)))

    def _placed(self, resource: Resource, source: StackName, target: StackName, place: Assignment | None) -> Resource:
        names = self.names[source, target]
        kept = self._uncut(resource, source, target, names)
        if place is None:
            return kept if names.keys() == set(names.values()) else _renamed(kept, names)
        provider = kept.provider
        if provider and source != target:
            provider = self._provider(resource, source, target)
        moved = _renamed(kept.replaced(provider="", parent=""), names)
        if provider and source == target:
            urn, id_ = urns.split_provider_reference(provider)
            provider = urns.provider_reference(names.get(urn, urn), id_)
        parent = self._parent(resource, place) if resource.parent else ""
        return moved.replaced(provider=provider, parent=parent)

    def _uncut(self, resource: Resource, source: StackName, target: StackName, names: Mapping[str, str]) -> Resource:
        """The resource without what it depends on in other stacks; each such dependency is a cut."""

        def lost(urn: str) -> bool:
            return bool(urn) and urn not in names

        keys: dict[str, list[str]] = {}
        for key, found in resource.property_dependencies.items():
            for urn in filter(lost, found):
                keys.setdefault(urn, []).append(key)
        for urn in dict.fromkeys([*filter(lost, resource.dependencies), *keys]):
            self._cut(resource, source, target, urn, "dependency", tuple(keys.get(urn, ())))
        for relation, found in (("deletedWith", (resource.deleted_with,)), ("replaceWith", resource.replace_with)):
            for urn in filter(lost, found):
                self._cut(resource, source, target, urn, relation)
        by_property = {
            key: tuple(urn for urn in found if not lost(urn)) for key, found in resource.property_dependencies.items()
        }
        return resource.replaced(
            dependencies=tuple(urn for urn in resource.dependencies if not lost(urn)),
            property_dependencies={key: found for key, found in by_property.items() if found}
            if keys
            else resource.property_dependencies,
            deleted_with="" if lost(resource.deleted_with) else resource.deleted_with,
            replace_with=tuple(urn for urn in resource.replace_with if not lost(urn)),
        )

    def _cut(
        self,
        resource: Resource,
        source: StackName,
        target: StackName,
        urn: str,
        relation: str,
        keys: tuple[str, ...] = (),
    ) -> None:
        place = self.places.get((source, urn))
        where = place.target if place else source
        self.cuts.append(Cut(source, resource.urn, target, urn, where, relation, keys))

    def _provider(self, resource: Resource, source: StackName, target: StackName) -> str:
        """The provider's copy in the target, made unless an equal one is there; the reference to it."""
        urn, id_ = urns.split_provider_reference(resource.provider)
        recorded = next((each for each in self.before[source].resources if each.urn == urn and each.id == id_), None)
        if recorded is None:
            raise errors.IntegrityError(f"{resource.urn}: its provider {resource.provider} is missing")
        copy = self._copied(recorded, source, target)
        there = next((each for each in self.before[target].resources if each.urn == copy.urn), None)
        known = there or self._providers[target].setdefault(copy.urn, copy)
        if known.id != copy.id and not values.equal(_settings(known), _settings(copy)):
            raise errors.UsageError(
                f"{target.short} has a provider {URN(copy.urn).name!r} with other settings than that of {source.short}",
                hint="give one of the two another name in its program, and bring that stack up first",
            )
        return urns.provider_reference(known.urn, known.id)

    def _copied(self, provider: Resource, source: StackName, target: StackName) -> Resource:
        names = self.names[source, target]
        parent = names.get(provider.parent) if provider.parent else ""
        parent = self._roots[target].urn if parent is None else parent
        # Default providers have no parent; the root's type is left out of URNs in any case.
        old, above = URN(provider.urn), URN(parent).qualified_type if parent else ""
        kept = self._uncut(provider, source, target, names)
        new = URN.make(target.stack, target.project, above, old.type, old.name)
        return _renamed(kept.replaced(parent=""), {**names, provider.urn: new}).replaced(parent=parent)

    def _refuse_doubles(self, stack: StackName, resources: Sequence[Resource]) -> None:
        counts = collections.Counter(each.urn for each in resources)
        for urn, count in counts.items():
            if count > 1:
                raise errors.UsageError(
                    f"{stack.short} would have {count} resources called {urn}",
                    hint="rename one of them in its program, with an alias for the old name, and bring that stack up",
                )


def _settings(provider: Resource) -> values.Properties:
    return {key: value for key, value in provider.inputs.items() if not key.startswith("__")}


def _renamed(resource: Resource, names: Mapping[str, str]) -> Resource:
    """The resource under new names, also where it holds resources as values."""

    def leaf(value: values.Value) -> values.Value:
        if isinstance(value, values.Secret):
            return values.Secret(values.transform(value.value, leaf))
        if isinstance(value, values.ResourceReference) and value.urn in names:
            return dataclasses.replace(value, urn=names[value.urn])
        return value

    inputs, outputs = values.transform(resource.inputs, leaf), values.transform(resource.outputs, leaf)
    return snapshots.rename(resource, names).replaced(inputs=inputs, outputs=outputs)


Origins: TypeAlias = Mapping[str, tuple[tuple[StackName, str], ...]]


def adopted(target: StackName, before: Mapping[StackName, Checkpoint]) -> tuple[Checkpoint, Origins]:
    """A state in which `target` has everything that all the stacks have, to ask its program what it would keep.

    Nothing in it is protected. With it, where each of its URNs comes from: more than one where names meet; the
    first is the one that is in the state.
    """
    found: dict[str, Resource] = {}
    origins: dict[str, tuple[tuple[StackName, str], ...]] = {}
    providers: dict[str, str] = {}
    for source in [target, *(each for each in before if each != target)]:
        resources = [each for each in before.get(source, Checkpoint("")).resources if not each.delete]
        names = {each.urn: _in_stack(each, target) for each in resources} if source != target else {}
        for resource in resources:
            made = _renamed(resource, names).replaced(protect=False)
            if made.is_provider:
                known = found.setdefault(made.urn, made)
                reference = urns.provider_reference(known.urn, known.id)
                providers[urns.provider_reference(made.urn, made.id)] = reference
                continue
            if is_movable(resource):
                origins[made.urn] = (*origins.get(made.urn, ()), (source, resource.urn))
            provider = providers.get(made.provider, made.provider)
            found.setdefault(made.urn, made.replaced(provider=provider))
    pins = next(iter(before.values()))
    own = before.get(target) or Checkpoint(target.stack, cloud=pins.cloud, account=pins.account)
    return dataclasses.replace(own, resources=tuple(snapshots.ordered(list(found.values())))), origins


def _in_stack(resource: Resource, stack: StackName) -> str:
    urn = URN(resource.urn)
    name = f"{stack.project}-{stack.stack}" if resource.type == urns.STACK_TYPE else urn.name
    return URN(f"{urns.PREFIX}{stack.stack}::{stack.project}::{urn.qualified_type}::{name}")
