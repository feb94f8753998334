"""split and merge: resources go to the stacks whose programs register them, in one act, and nothing is made anew.

First everything is tried without a change: the programs are previewed as if their stacks had the resources, which
gives the mapping, and then in the states that the mapping leads to, which tells what an `up` would still do.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

from stackyard import errors
from stackyard.config import stack_copies
from stackyard.estate import discovery
from stackyard.model import snapshots, values
from stackyard.model.checkpoints import Checkpoint
from stackyard.model.estates import Project, Stack
from stackyard.model.names import StackName
from stackyard.model.plans import Op, Plan
from stackyard.model.resources import Resource
from stackyard.operations import bridges, mappings, matching, outputs, rehearsing
from stackyard.operations.bridges import Bridge
from stackyard.operations.mappings import Line
from stackyard.operations.matching import Match, Matching
from stackyard.operations.workspace import Workspace
from stackyard.state import regrouping, together
from stackyard.state.regrouping import Assignment, Regrouped
from stackyard.state.stacks import OpenStack
from stackyard.state.together import Together

COPIES = "moved"


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """What to regroup: stacks that give, names of stacks that get, a mapping to follow, a file to write one to."""

    sources: Sequence[str]
    targets: Sequence[str]
    mapping: Path | None = None
    mapping_out: Path | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Proposal:
    """What would be done. Keys of `plans` are short names.

    lines     every resource of the sources, where it goes and why
    matching  what the programs were found to register
    states    the stacks afterwards; None: nothing is left of it, it ends
    plans     what an `up` of each stack would do afterwards
    bridges   what crosses the cuts, and the code to write for it
    readers   other stacks that read one that ends: what to change in them
    """

    lines: Sequence[Line]
    matching: Matching
    states: Mapping[StackName, Checkpoint | None]
    plans: Mapping[str, Plan]
    bridges: Sequence[Bridge]
    readers: Sequence[str] = ()

    @property
    def differences(self) -> Mapping[str, Plan]:
        """The plans that are not empty."""
        return {key: plan for key, plan in self.plans.items() if plan.changes or plan.outputs_changed}


@dataclasses.dataclass(frozen=True, slots=True)
class Regrouping:
    """What was done: where the states before lie, stack files made (and how) or put aside, and what was noticed."""

    proposal: Proposal
    copies: Path | None = None
    made: Mapping[str, str] = dataclasses.field(default_factory=dict)
    retired: Sequence[Path] = ()
    notes: Sequence[str] = ()


Decide = Callable[[Proposal], bool]


async def regroup(workspace: Workspace, request: Request, decide: Decide) -> Regrouping:
    """Propose the mapping and, if `decide` says so, carry it out over all the stacks at once.

    Raises UsageError for stacks that are in the middle of something, or for a mapping that cannot be; DiagnosedError
    for programs that cannot be previewed. Then nothing was changed.
    """
    if workspace.finished and (done := await _already(workspace, request)):
        return done
    sources = [outputs.one(workspace, name) for name in request.sources]
    copies = stack_copies.StackCopies()
    try:
        made = _ensured(workspace, request.targets, sources[0], copies)
        targets = [_found(workspace, name, sources[0]) for name in request.targets]
        everybody = list({stack.name: stack for stack in [*sources, *targets]}.values())
        await refuse_unfinished(workspace, everybody)
        opened = await open_together(workspace, everybody)
        try:
            done = await _Work(workspace, sources, targets, opened).carry_out(request, decide)
        finally:
            await opened.close()
        return dataclasses.replace(done, made=made if done.copies else {}, notes=opened.notes)
    finally:
        copies.withdraw()
        workspace.rediscover()


async def _already(workspace: Workspace, request: Request) -> Regrouping | None:
    """What to tell when this very regrouping was decided before, and has just been finished; None when it was not."""
    if any(_is_there(workspace, name) for name in request.sources):
        return None
    targets = [outputs.one(workspace, name).name for name in request.targets]
    states = {name: await workspace.peek(name) for name in targets}
    nothing = Matching((), (), {}, {})
    return Regrouping(Proposal((), nothing, states, {}, ()), workspace.folder / COPIES)


def _is_there(workspace: Workspace, name: str) -> bool:
    try:
        outputs.one(workspace, name)
    except errors.StackNotFound:
        return False
    return True


def _ensured(
    workspace: Workspace, names: Sequence[str], model: Stack, copies: stack_copies.StackCopies
) -> dict[str, str]:
    """Propose the stack files that are missing; whose they are, and how each came to be.

    The stacks are in the estate from then on, but only in this process: a kill must leave none without its state.
    """
    made: dict[StackName, tuple[Path, str]] = {}
    for text in names:
        name, project = _parsed(workspace, text, model)
        if workspace.estate.stack(name) is None:
            made[name] = copies.propose(project, name.stack, model)
    if made:
        found = discovery.discover(workspace.estate.root, stacks=[name.short for name in made]).estate
        stacks = (
            dataclasses.replace(stack, config_path=made[stack.name][0]) if stack.name in made else stack
            for stack in found.stacks
        )
        workspace.suppose(dataclasses.replace(found, stacks=tuple(stacks)))
    return {name.short: how for name, (_, how) in made.items()}


def _parsed(workspace: Workspace, text: str, model: Stack) -> tuple[StackName, Project]:
    """`project/stack`, or a project alone, which means a stack called like the model."""
    try:
        name = StackName.parse(
            text if "/" in text else f"{text}/{model.name.stack}", organization=model.name.organization
        )
    except ValueError as fault:
        raise errors.UsageError(str(fault)) from None
    projects = {project.name: project for project in workspace.estate.projects}
    if name.project not in projects:
        hint = f"there are: {', '.join(sorted(projects))}; write the new program first: its resources are looked for"
        raise errors.UsageError(f"there is no project {name.project!r}", hint=hint)
    return name, projects[name.project]


def _found(workspace: Workspace, text: str, model: Stack) -> Stack:
    name, _ = _parsed(workspace, text, model)
    stack = workspace.estate.stack(name)
    if stack is None:
        raise errors.StackNotFound(f"there is no stack {name.short}", hint="`stackyard ls` lists them")
    return stack


async def refuse_unfinished(workspace: Workspace, stacks: Sequence[Stack]) -> None:
    """Raises UsageError for a stack with the journal of a killed run: what that run did must be known first."""
    for stack in stacks:
        backend = workspace.backend(stack.name)
        if await backend.entries(stack.name) and await backend.holder(stack.name) is None:
            raise errors.UsageError(
                f"a run of {stack.name.short} was killed and left its journal: nothing is moved",
                hint=f"finish it first: stackyard up {stack.name.short}",
            )


async def open_together(workspace: Workspace, stacks: Sequence[Stack]) -> Together:
    """Several stacks of one backend and one account, locked, to be changed in one act. Raises UsageError otherwise."""
    stores = {workspace.backend(stack.name).url: workspace.backend(stack.name) for stack in stacks}
    places = {(stack.cloud, workspace.account(stack) if stack.cloud == "embedded" else "") for stack in stacks}
    if len(stores) > 1 or len(places) > 1:
        listed = ", ".join(sorted([*(stores if len(stores) > 1 else ()), *map("/".join, places)]))
        raise errors.UsageError(
            f"these stacks are in different places: {listed}",
            hint="resources move between stacks of one backend, one cloud and one account",
        )
    by_name = {stack.name: stack for stack in stacks}

    async def opening(name: StackName) -> OpenStack:
        return cast(OpenStack, await workspace.open(by_name[name]))

    return await together.open_together(next(iter(stores.values())), list(by_name), opening)


class _Work:
    """One regrouping, with all its stacks open."""

    def __init__(
        self, workspace: Workspace, sources: Sequence[Stack], targets: Sequence[Stack], opened: Together
    ) -> None:
        self._workspace = workspace
        self._sources = [stack.name for stack in sources]
        self._targets = list(targets)
        self._stacks = {stack.name: stack for stack in [*sources, *targets]}
        self._opened = opened
        self._before = opened.checkpoints

    async def carry_out(self, request: Request, decide: Decide) -> Regrouping:
        """Propose, ask, write."""
        for stack, checkpoint in self._before.items():
            regrouping.check(stack, checkpoint)
        if all(regrouping.is_empty(self._before[stack]) for stack in self._sources):
            listed = ", ".join(each.short for each in self._sources)
            raise errors.UsageError(f"{listed} has no resources: there is nothing to move")
        proposal = await self.propose(request)
        if not decide(proposal):
            return Regrouping(proposal)
        about = f"{', '.join(each.short for each in self._sources)} went into {', '.join(request.targets)}"
        ended = {name: self._stacks[name] for name, state in proposal.states.items() if state is None}
        asides = {name: stack_copies.aside(stack) for name, stack in ended.items() if stack.config_path.exists()}
        begun = {stack.name: stack_copies.placed(stack) for stack in self._targets if stack_copies.is_proposed(stack)}
        copies = self._workspace.folder / COPIES
        kept = await self._opened.commit(proposal.states, about, copies, {**asides, **begun})
        return Regrouping(proposal, kept, retired=tuple(path for _, path in asides.values()))

    async def propose(self, request: Request) -> Proposal:
        """The mapping and what would come of it."""
        found = await self._matched()
        lines = self._lines(found)
        if request.mapping is not None:
            lines = self._edited(lines, request.mapping)
        if request.mapping_out is not None:
            mappings.write(request.mapping_out, lines)
        if request.mapping is None and found.ambiguous:
            raise errors.UsageError(
                _ambiguous(found.ambiguous), hint="write a mapping with --map-out, edit it, use --map"
            )
        regrouped = regrouping.regrouped(
            self._before, self._assignments(lines, found), components=self._components(found), tidy=True
        )
        states = self._ended(regrouped)
        plans = await self._rehearsed(states)
        known = {stack: {each.urn: each for each in state.resources} for stack, state in self._before.items()}
        crossing = bridges.bridges(regrouped.cuts, known, plans, self._stacks, self._workspace.estate.root)
        readers = tuple(self._readers([name for name, state in states.items() if state is None], plans))
        return Proposal(lines, found, self._told(states, plans), plans, crossing, readers)

    def _readers(self, ending: Sequence[StackName], plans: Mapping[str, Plan]) -> Iterator[str]:
        """A sentence for each stack that reads one that ends, with who gives the same output afterwards."""
        for reference in self._workspace.unchecked_graph.references:
            if reference.target not in ending or reference.reader in self._stacks:
                continue
            where = next((f" ({each.position})" for each in reference.evidence if each.position), "")
            said = f"{reference.reader.short} reads {reference.target.short}{where}, which ends"
            keys = sorted({key for each in reference.evidence for key in each.keys})
            offers = [f"{key} of {name}" for key in keys for name, plan in plans.items() if key in plan.outputs]
            yield f"{said}: let it read {', '.join(offers)}" if offers else said

    async def _matched(self) -> Matching:
        supposed = {stack.name: regrouping.adopted(stack.name, self._before) for stack in self._targets}
        plans = await rehearsing.rehearse(
            self._workspace, self._targets, {name: state for name, (state, _) in supposed.items()}
        )
        return matching.match(
            {name: self._before[name].resources for name in self._sources},
            {stack.name: plans[stack.name.short] for stack in self._targets},
            {name: origins for name, (_, origins) in supposed.items()},
        )

    def _lines(self, found: Matching) -> list[Line]:
        by_urn = {(each.source, each.resource.urn): each for each in found.matches}
        unsure = {(each.source, each.resource.urn) for each in found.ambiguous}
        lines = []
        for stack in self._sources:
            for resource in filter(regrouping.is_movable, self._before[stack].resources):
                match = by_urn.get((stack, resource.urn))
                why = "several are possible" if (stack, resource.urn) in unsure else "no program registers it"
                if match is None:
                    lines.append(Line(resource.urn, None, why=why))
                else:
                    lines.append(Line(resource.urn, match.target, match.new_urn, match.why))
        return lines

    def _edited(self, lines: Sequence[Line], mapping: Path) -> list[Line]:
        """The file decides: what it does not name stays."""
        wanted = {each.urn: each for each in mappings.read(mapping, self._stacks, self._workspace.estate.organization)}
        known = {each.urn for each in lines}
        if strange := [urn for urn in wanted if urn not in known]:
            raise errors.UsageError(f"{mapping}: there is no resource {strange[0]}", hint="write the file anew")
        return [
            dataclasses.replace(wanted.get(each.urn) or Line(each.urn, None), why="the mapping says so")
            for each in lines
        ]

    def _assignments(self, lines: Sequence[Line], found: Matching) -> list[Assignment]:
        matches: dict[tuple[str, StackName], Match] = {}
        for each in [*found.ambiguous, *found.matches]:
            matches[each.resource.urn, each.target] = each
        sources = {each.urn: stack for stack in self._sources for each in self._before[stack].resources}
        made = []
        for line in lines:
            source = sources[line.urn]
            match = matches.get((line.urn, line.target)) if line.target else None
            new_urn = line.new_urn or (match.new_urn if match else "")
            if line.target is None or (line.target == source and new_urn in ("", line.urn)):
                continue
            told = match is not None and match.new_urn == new_urn
            made.append(Assignment(source, line.urn, line.target, new_urn, match.parent if match and told else None))
        return made

    def _components(self, found: Matching) -> dict[StackName, list[Resource]]:
        """Components that the new programs register and nobody had, as their programs say they are."""
        return {stack: [_recordable(each) for each in components] for stack, components in found.components.items()}

    def _ended(self, regrouped: Regrouped) -> dict[StackName, Checkpoint | None]:
        """The states, without those of sources that have nothing left."""
        targets = {stack.name for stack in self._targets}
        gone = {
            name
            for name in self._sources
            if name not in targets and regrouping.is_empty(regrouped.after[name]) and regrouped.places
        }
        return {name: None if name in gone else state for name, state in regrouped.after.items()}

    async def _rehearsed(self, states: Mapping[StackName, Checkpoint | None]) -> dict[str, Plan]:
        left = {name: state for name, state in states.items() if state is not None}
        return await rehearsing.rehearse(self._workspace, [self._stacks[name] for name in left], left)

    def _told(
        self, states: Mapping[StackName, Checkpoint | None], plans: Mapping[str, Plan]
    ) -> dict[StackName, Checkpoint | None]:
        """The states as an `up` would leave them, where it would have nothing to do."""
        return {name: state and _given(state, plans[name.short]) for name, state in states.items()}


def _recordable(component: Resource) -> Resource:
    """The component without what only an `up` can know: what it depends on, and values that are unknown."""
    inputs = {} if values.has_unknown(component.inputs) else component.inputs
    outputs = {} if values.has_unknown(component.outputs) else component.outputs
    return component.replaced(inputs=inputs, outputs=outputs, dependencies=(), property_dependencies={}, aliases=())


def _given(state: Checkpoint, plan: Plan) -> Checkpoint:
    """The state as an idle `up` would leave it: with the outputs, dependencies and places that the program says."""
    if plan.changes or values.has_unknown(plan.outputs):
        return state
    told = {step.urn: step.new for step in plan.steps if step.op is Op.SAME and step.new is not None}
    known = {each.urn for each in state.resources}

    def written(resource: Resource) -> Resource:
        if resource is state.root:
            return resource.replaced(outputs=dict(plan.outputs))
        new = told.get(resource.urn)
        if new is None or resource.is_provider:
            return resource
        by_property = {key: tuple(filter(known.__contains__, each)) for key, each in new.property_dependencies.items()}
        return resource.replaced(
            dependencies=tuple(filter(known.__contains__, new.dependencies)),
            property_dependencies=by_property,
            source_position=new.source_position,
        )

    return dataclasses.replace(state, resources=tuple(snapshots.ordered(list(map(written, state.resources)))))


def _ambiguous(found: Sequence[Match]) -> str:
    rows = [
        f"{matching.named(each.resource)} of {each.source.short} may be {each.new_urn} ({each.why})" for each in found
    ]
    return "some resources may be several: " + "; ".join(rows)
