"""From what a program asks for to the resource it wants: inheritance, URN, aliases, dependencies.

Follows pulumi/pulumi pkg/resource/deploy/source_eval.go (RegisterResource) and step_generator.go
(generateAliases). Pure.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from stackyard.model import paths, urns
from stackyard.model.names import StackName
from stackyard.model.registrations import Alias, Goal
from stackyard.model.resources import Resource
from stackyard.model.urns import URN
from stackyard.model.values import Properties


def inherit(goal: Goal, parent: Goal | None) -> Goal:
    """`goal` with what it does not say taken from its parent: deletedWith, protect, retainOnDelete, provider."""
    if parent is None:
        return goal
    provider = goal.provider
    if not provider and goal.custom and parent.provider:
        of = urns.split_provider_reference(parent.provider)[0]
        if urns.package_of(of.type) == urns.package_of(goal.type):
            provider = parent.provider
    return dataclasses.replace(
        goal,
        deleted_with=goal.deleted_with or parent.deleted_with,
        protect=parent.protect if goal.protect is None else goal.protect,
        retain_on_delete=parent.retain_on_delete if goal.retain_on_delete is None else goal.retain_on_delete,
        provider=provider,
    )


def urn_of(stack: StackName, goal_type: str, name: str, parent: str) -> URN:
    """The URN of a resource under `parent`."""
    return URN.make(stack.stack, stack.project, URN(parent).qualified_type if parent else "", goal_type, name)


def property_dependencies(goal: Goal) -> dict[str, tuple[str, ...]]:
    """What each input depends on; when nothing is said, each depends on everything."""
    if not goal.property_dependencies:
        return dict.fromkeys(goal.inputs, goal.dependencies) if goal.dependencies else {}
    return {key: tuple(dict.fromkeys(found)) for key, found in goal.property_dependencies.items()}


def collapse(goal: Goal, stack: StackName, alias: Alias, matched: Mapping[str, str]) -> str:
    """The URN that an alias means. `matched` are the old URNs of resources found under another name."""
    if alias.urn:
        return alias.urn
    parent = matched.get(alias.parent_urn, alias.parent_urn) if alias.parent_urn else goal.parent
    if alias.no_parent or (parent and URN(parent).qualified_type == urns.STACK_TYPE):
        parent = ""
    where = StackName(stack.organization, alias.project or stack.project, alias.stack or stack.stack)
    return urn_of(where, alias.type or goal.type, alias.name or goal.name, parent)


def aliases_of(goal: Goal, stack: StackName, matched: Mapping[str, str]) -> list[str]:
    """Every URN this resource may have had, its own aliases first, then those that come with its parent's."""
    own = [collapse(goal, stack, alias, matched) for alias in goal.aliases]
    found = dict.fromkeys(own)
    parent_alias = matched.get(goal.parent) if goal.parent else None
    if parent_alias is not None:
        parent_name = URN(goal.parent).name
        found[_inherited(stack, goal.type, goal.name, parent_name, URN(parent_alias))] = None
        for each in map(URN, own):
            found[_inherited(stack, each.type, each.name, parent_name, URN(parent_alias))] = None
    return list(found)


def _inherited(stack: StackName, type_: str, name: str, parent_name: str, parent_alias: URN) -> str:
    if name.startswith(parent_name):
        name = parent_alias.name + name[len(parent_name) :]
    return URN.make(stack.stack, stack.project, parent_alias.qualified_type, type_, name)


def wanted(goal: Goal, urn: str, alias: str, old: Resource | None, source_position: str) -> Resource:
    """The resource that a goal asks for, before any check."""
    return Resource(
        urn=urn,
        type=goal.type,
        custom=goal.custom,
        inputs=dict(goal.inputs),
        parent=goal.parent,
        protect=bool(goal.protect),
        dependencies=tuple(dict.fromkeys(goal.dependencies)),
        provider=goal.provider if goal.custom else "",
        property_dependencies=property_dependencies(goal),
        additional_secret_outputs=goal.additional_secret_outputs,
        aliases=(alias,) if alias else (),
        custom_timeouts=goal.custom_timeouts,
        import_id=goal.import_id,
        retain_on_delete=bool(goal.retain_on_delete),
        deleted_with=goal.deleted_with,
        replace_with=goal.replace_with,
        created=old.created if old else "",
        modified=old.modified if old else "",
        source_position=source_position,
        ignore_changes=goal.ignore_changes,
        hide_diff=goal.hide_diffs,
        replace_on_changes=goal.replace_on_changes,
        replacement_trigger=goal.replacement_trigger,
    )


def ignored(inputs: Properties, old: Properties, patterns: tuple[str, ...]) -> Properties:
    """`inputs` with every ignored path as it was. A path that does not parse names nothing."""
    for pattern in patterns:
        try:
            path = paths.parse(pattern)
        except ValueError:
            continue
        inputs = paths.reset(inputs, old, path)
    return inputs


def needs(goal: Goal) -> tuple[str, ...]:
    """The URNs that must have been registered before this goal."""
    found = dict.fromkeys(goal.dependencies)
    for dependencies in (goal.property_dependencies or {}).values():
        found.update(dict.fromkeys(dependencies))
    found.update(dict.fromkeys(goal.replace_with))
    if goal.deleted_with:
        found[goal.deleted_with] = None
    return tuple(found)
