"""Puts an estate together from its manifest, its projects and its folders; finds what is there twice."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from stackyard import errors
from stackyard.errors import Position
from stackyard.estate import files, fleets, schema, walking
from stackyard.estate.index import Index
from stackyard.estate.manifest import Manifest
from stackyard.estate.readers.base import Reader, StackFile
from stackyard.estate.readers.pulumi import checked_stack
from stackyard.estate.walking import Folder
from stackyard.model import names
from stackyard.model.diagnostics import Diagnostic, error, warning
from stackyard.model.estates import Estate, Evidence, EvidenceKind, Fleet, Project, Reference, Stack
from stackyard.model.names import StackName

Report = Callable[[Diagnostic], None]


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """A project as its file describes it, the folder it lies in (relative to the root), and who read it."""

    project: Project
    folder: str
    reader: Reader


@dataclasses.dataclass(frozen=True, slots=True)
class Parts:
    """What was found on disk, before it is put together. `folders` are by path relative to `root`.

    `index` remembers what the files of registries say.
    """

    root: Path
    manifest: Manifest
    file: Path | None
    folders: Mapping[str, Folder]
    projects: Sequence[Found]
    index: Index


def assemble(parts: Parts, report: Report, *, asked: Sequence[str], start: Path) -> Estate:
    """The estate. `asked` are stacks that exist because somebody asked; flat ones are of the project at `start`."""
    manifest = parts.manifest
    found = _unique(parts, report)
    fleet_of = _fleets(manifest, found, report)
    wanted = _asked(asked, found, start)
    stacks: list[Stack] = []
    for each in found.values():
        stacks += _stacks(parts, each, fleet_of.get(each.project.name, ()), wanted.get(each.project.name, ()), report)
    _refuse_own_account(parts.manifest, stacks, report)
    for rule in manifest.rules:
        if not any(rule.names(stack.name.short) for stack in stacks):
            hint = schema.suggest(rule.pattern, (stack.name.short for stack in stacks))
            report(warning(f"no stack is named {rule.pattern!r}", hint=hint, position=rule.position))
    return Estate(
        root=parts.root,
        organization=manifest.organization,
        manifest=parts.file,
        backend_url=manifest.backend_url,
        account=manifest.account,
        layers=manifest.layers,
        projects=tuple(each.project for each in found.values()),
        fleets=manifest.fleets,
        stacks=tuple(stacks),
        declared=tuple(_declared(manifest, stacks, report)),
        sources=manifest.sources,
    )


def _unique(parts: Parts, report: Report) -> dict[str, Found]:
    """Projects by name, with what the manifest says of them; a name is taken by the first that has it."""
    manifest = parts.manifest
    found: dict[str, Found] = {}
    for each in parts.projects:
        first = found.get(each.project.name)
        if first is not None:
            message = f"project {each.project.name!r} is there twice: also at {first.project.position}"
            hint = "a project's name is unique in an estate: rename one"
            report(error(message, hint=hint, position=each.project.position))
            continue
        folder = each.folder or "."
        project = dataclasses.replace(
            each.project,
            engine=manifest.engine(folder),
            layer=manifest.layer(folder),
            tags=manifest.project_tags(folder),
        )
        found[project.name] = dataclasses.replace(each, project=project)
    return found


def _fleets(manifest: Manifest, found: Mapping[str, Found], report: Report) -> dict[str, list[Fleet]]:
    by_project: dict[str, list[Fleet]] = {}
    for fleet in manifest.fleets:
        if fleet.project in found:
            by_project.setdefault(fleet.project, []).append(fleet)
        else:
            message = f"the fleet's project {fleet.project!r} does not exist"
            report(error(message, hint=schema.suggest(fleet.project, found), position=fleet.position))
    return by_project


def _refuse_own_account(manifest: Manifest, stacks: Sequence[Stack], report: Report) -> None:
    """An organization that is called like the estate's own would live in the platform's account."""
    for stack in stacks:
        if stack.tenant == manifest.organization:
            message = f"the entry {stack.fleet_entry!r} would share the account of the estate itself"
            report(error(message, hint="name the organization otherwise", position=stack.fleet_position))


def _asked(asked: Sequence[str], found: Mapping[str, Found], start: Path) -> dict[str, list[str]]:
    """Asked-for stacks by project. Raises UsageError for one that cannot be."""
    here = [name for name, each in found.items() if start.is_relative_to(each.project.path)]
    nearest = max(here, key=lambda name: len(found[name].project.path.parts), default="")
    only = next(iter(found), "") if len(found) == 1 else ""
    wanted: dict[str, list[str]] = {}
    for text in asked:
        try:
            name = StackName.parse(text, project=nearest or only)
        except ValueError as fault:
            hint = f"name it project/{text}; `stack:{text}` selects all of that name" if "/" not in text else ""
            raise errors.UsageError(str(fault), hint=hint or "name it project/stack") from None
        if name.project not in found:
            hint = schema.suggest(name.project, found)
            raise errors.UsageError(f"there is no project {name.project!r} for the stack {text!r}", hint=hint)
        wanted.setdefault(name.project, []).append(name.stack)
    return wanted


def _stacks(parts: Parts, found: Found, fleet_of: Sequence[Fleet], asked: Sequence[str], report: Report) -> list[Stack]:
    """The stacks of one project: those with a file, those of its fleets, those asked for."""
    project = found.project
    files_of = {each.stack: each.file for each in _stack_files(parts, found, report)}
    members: dict[str, fleets.Member] = {}
    from_fleet: dict[str, Fleet] = {}
    for fleet in fleet_of:
        for member in fleets.members(fleet, project, parts.root, report, parts.index):
            if member.stack in from_fleet:
                message = f"stack {project.name}/{member.stack} comes from two fleets"
                hint = f"give them different `stack` patterns; the other is at {from_fleet[member.stack].position}"
                report(error(message, hint=hint, position=fleet.position))
                continue
            from_fleet[member.stack] = fleet
            members[member.stack] = member
    folder = project.path / project.stack_config_dir if project.stack_config_dir else project.path
    stacks = []
    for name in sorted({*files_of, *members, *asked}):
        full = StackName(parts.manifest.organization, project.name, name)
        path = folder / files_of[name] if name in files_of else found.reader.stack_file(project, name)
        cloud, tags = _ruled(full.short, project.tags, parts.manifest)
        stack = Stack(full, project, path, cloud, tags, environments=_environments(full, parts.manifest))
        if name not in members and any(fleet.own_accounts for fleet in fleet_of):
            # Asked for, and of an entry that is gone: its resources are still in the organization's account.
            stack = dataclasses.replace(stack, tenant=name.partition(".")[0])
        if name in members:
            member = members[name]
            stack = dataclasses.replace(
                stack,
                fleet_entry=member.entry,
                fleet_item=member.item,
                fleet_config=member.config,
                tenant=member.tenant,
                fleet_position=from_fleet[name].position,
            )
        stacks.append(stack)
    return stacks


def _stack_files(parts: Parts, found: Found, report: Report) -> Iterator[StackFile]:
    """Stacks that have a file. In a `stackConfigDir` several projects may keep theirs; ours are all of them."""
    folder = "/".join(part for part in (found.folder, found.project.stack_config_dir) if part)
    listed = parts.folders.get(folder)
    if listed is None and found.project.stack_config_dir and (path := files.inside(parts.root, folder)):
        listed = walking.one(path, found.reader.concerns) if path.is_dir() else None
    seen: dict[str, str] = {}
    for each in found.reader.stack_files(listed.files if listed else ()):
        position = Position(f"{folder}/{each.file}" if folder else each.file)
        if fault := checked_stack(each.stack, position):
            report(fault)
        elif each.stack in seen:
            message = f"stack {each.stack!r} has two files: also {seen[each.stack]}"
            report(error(message, hint="remove one of them", position=position))
        else:
            seen[each.stack] = each.file
            yield each


def _ruled(short: str, tags: tuple[str, ...], manifest: Manifest) -> tuple[str, tuple[str, ...]]:
    """A stack's cloud and tags: its project's, and what the manifest's `stacks` say of it."""
    cloud = "embedded"
    for rule in manifest.rules:
        if rule.names(short):
            cloud = rule.cloud or cloud
            tags = tuple(sorted({*tags, *rule.tags}))
    return cloud, tags


def _environments(name: StackName, manifest: Manifest) -> tuple[tuple[str, Position], ...]:
    """The configuration environments that the manifest's `stacks` give a stack."""
    return tuple(
        (text.replace("{project}", name.project).replace("{stack}", name.stack), position)
        for rule in manifest.rules
        if rule.names(name.short)
        for text, position in rule.environments
    )


def _declared(manifest: Manifest, stacks: Sequence[Stack], report: Report) -> Iterator[Reference]:
    """The edges that the manifest's `depends_on` say."""
    known = {stack.name for stack in stacks}
    short = {name.short for name in known}
    for rule in manifest.rules:
        for text, position in rule.depends_on:
            for stack in stacks:
                if not rule.names(stack.name.short):
                    continue
                target = _target(text.replace("{stack}", stack.name.stack), stack, position, report)
                if target is None:
                    break
                evidence = (Evidence(EvidenceKind.DECLARED, position),)
                if target.organization == manifest.organization and target not in known:
                    hint = schema.suggest(target.short, short)
                    report(error(f"there is no stack {target.short!r}", hint=hint, position=position))
                elif target != stack.name:
                    yield Reference(stack.name, target, evidence, external=target not in known)


def _target(text: str, stack: Stack, position: Position, report: Report) -> StackName | None:
    try:
        target = StackName.parse(text, organization=stack.name.organization, project=stack.name.project)
    except ValueError as fault:
        report(error(str(fault), hint="use project/stack", position=position))
        return None
    if target.organization == names.DEFAULT_ORGANIZATION:
        return dataclasses.replace(target, organization=stack.name.organization)
    return target
