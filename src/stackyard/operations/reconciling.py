"""Carries out what was decided for environments: prepares and brings up, stops, archives, verifies and destroys.

Each phase is durable before its work begins, so a run that was killed is finished by the next. Nothing is destroyed
but behind `tenancy.archive.require`. One environment's fault stops no other's.
"""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, Final

from stackyard import errors
from stackyard.engines.base import Options
from stackyard.model import diagnostics
from stackyard.model.activations import Activation, Phase
from stackyard.model.diagnostics import Diagnostic, Severity
from stackyard.model.estates import Stack
from stackyard.model.events import Sink
from stackyard.model.plans import Operation
from stackyard.model.updates import Outcome
from stackyard.operations import deploying, launching, surveying
from stackyard.operations.hosting import ENVIRONMENTS, HOSTED, SITES, Hosting, in_cloud
from stackyard.tenancy import activation, archive, leases, plugins, retirement, sources
from stackyard.tenancy.reconcile import UP, Act, Change, Leftover
from stackyard.tenancy.sites import Site

AT_ONCE: Final = 8
STOPPING_SECONDS: Final = 90.0
_POLL_SECONDS: Final = 0.5


@dataclasses.dataclass(frozen=True, slots=True)
class Result:
    """What became of one change. `fault` is empty when it was done; `archive` is where a retired one's is."""

    entry: str
    act: Act
    reason: str
    fault: str = ""
    hint: str = ""
    archive: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Manner:
    """How it is done. `grace` is how many seconds running tasks of a retired environment may still take.

    `install`: what scheduled runs need is installed on this machine now, where they run on its embedded cloud.
    `unhost`: stacks of projects that are no longer hosted go, too, which somebody has agreed to.
    """

    grace: float = 60.0
    parallel: int = 0
    install: bool = True
    unhost: bool = True


@dataclasses.dataclass(slots=True)
class _Asked:
    """A git server in one pass: it is asked for one commit at a time, and how many seconds that took."""

    alone: asyncio.Lock = dataclasses.field(default_factory=asyncio.Lock)
    seconds: float = 0


class Reconciliation:
    """One pass over an estate's environments. `events` hears of stacks, `tell` of everything else."""

    def __init__(
        self,
        hosting: Hosting,
        events: Sink,
        tell: Callable[[str], None],
        cancelled: asyncio.Event,
        manner: Manner | None = None,
    ) -> None:
        self.hosting, self.records = hosting, hosting.records
        self.results: list[Result] = []
        self.diagnostics: list[Diagnostic] = []
        self._events, self._tell, self._cancelled = events, tell, cancelled
        self._manner = manner or Manner()
        self._sites: dict[str, Site] = {}
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._asked: collections.defaultdict[str, _Asked] = collections.defaultdict(_Asked)

    async def carry_out(self, changes: Sequence[Change], leftovers: Sequence[Leftover] = ()) -> None:
        """Do everything; `results` has one for each change. Faults are in it, and raised only for the whole estate."""
        await self._environments(changes)
        if leftovers and self._manner.unhost:
            await self._unhost(leftovers)

    async def _environments(self, changes: Sequence[Change]) -> None:
        raising = [change for change in changes if change.act in UP]
        retiring = [change for change in changes if change.act is Act.RETIRE]
        await self._prerequisites(changes)
        ready = await self._each(raising, self._ready)
        going = [change for change in retiring if self._stopping(change)]
        await self._bring_up(ready, going)
        if not self._cancelled.is_set():
            await self._retire(going)
        if self._manner.install:
            await self._equip(ready)
        told = {(result.entry, result.act) for result in self.results}
        for change in changes:
            if (change.entry, change.act) not in told:
                self._failed(change, errors.Cancelled("it was stopped before this; the next reconcile goes on"))
        faulty = {result.entry for result in self.results if result.fault}
        again = {change.entry for change in going if change.again} - faulty
        if again and not self._cancelled.is_set():
            await self._again(again)

    async def _again(self, entries: set[str]) -> None:
        """Bring up what had to wait until another environment of its name was gone."""
        self.hosting.workspace.rediscover()
        survey = await surveying.survey(self.hosting, sorted({entry.partition(".")[0] for entry in entries}))
        changes = [change for change in survey.pending if change.entry in entries and change.act is Act.ACTIVATE]
        await self._environments(changes)

    # what comes up

    async def _prerequisites(self, changes: Sequence[Change]) -> None:
        """Bring up sites and hosted projects that are not, with what they need; open the organizations' accounts."""
        names = sorted({change.entry.partition(".")[0] for change in changes})
        raising = [change.entry for change in changes if change.act in UP]
        wanted = [(SITES, entry.partition(".")[0]) for entry in raising]
        wanted += [(HOSTED, entry.rpartition(".")[0]) for entry in raising]
        found = (self.hosting.stack(*each) for each in sorted(set(wanted)))
        stacks = [stack for stack in found if stack is not None and not await self.hosting.is_up(stack)]
        if stacks:
            self._tell(f"bringing up first: {', '.join(stack.name.short for stack in stacks)}")
            missing = await self._missing(stacks)
            await self._deploy(Operation.UP, [*stacks, *missing])
        for name in names:
            try:
                self._sites[name] = await self.hosting.site(name)
            except errors.StackyardError as fault:
                self.diagnostics.append(_told(fault, name))

    async def _missing(self, stacks: Iterable[Stack]) -> list[Stack]:
        """What stacks need, directly or not, that is not up."""
        graph = self.hosting.workspace.unchecked_graph
        seen, waiting = set(), [stack.name for stack in stacks]
        for name in waiting:
            waiting += [need for need in graph.needs(name) if need not in seen]
            seen.add(name)
        for stack in stacks:
            seen.discard(stack.name)
        return [graph.stacks[name] for name in sorted(seen) if not await self.hosting.is_up(graph.stacks[name])]

    async def _ready(self, change: Change) -> Change:
        """Read the project where that is not done yet, deliver it, and make the record durable."""
        target = change.target
        assert target is not None
        site = self._site(change)
        if not (target.source and target.plugins):
            await self._fetched(target)
            ready = await in_cloud(activation.prepare, target, plugins.key)
            self.diagnostics += ready.warnings
            put = await in_cloud(activation.deliver, site, ready)
            target = ready.activation
            self._tell(f"{target.title}: {target.commit[:12]} is {'delivered' if put else 'there already'}")
        target = dataclasses.replace(target, activated=target.activated or int(time.time()))
        self.records.write(target)
        return dataclasses.replace(change, target=target)

    async def _fetched(self, target: Activation) -> None:
        """Have a commit on this machine. All that comes up waits for it: a server has so much time for all its refs."""
        asked = self._asked[target.repository]
        async with asked.alone:
            if asked.seconds >= sources.FETCHING_SECONDS:
                told = (
                    f"the commits of {target.repository} take more than {sources.FETCHING_SECONDS:.0f} seconds to fetch"
                )
                raise errors.Unreachable(told, hint="what was fetched is kept; the next reconcile goes on from there")
            begun = time.monotonic()
            try:
                await asyncio.to_thread(sources.fetch, target.repository, target.commit)
            finally:
                asked.seconds += time.monotonic() - begun

    def _stopping(self, change: Change) -> bool:
        """Make durable that an environment goes; False, and reported, when its record cannot be written."""
        assert change.record is not None
        if change.record.phase is Phase.ACTIVE:
            try:
                self.records.write(dataclasses.replace(change.record, phase=Phase.STOPPING))
            except errors.StateError as fault:
                self._failed(change, fault)
                return False
        return True

    async def _bring_up(self, ready: Sequence[Change], going: Sequence[Change]) -> None:
        """Deploy what comes up, and what goes with its schedules and its launch function off."""
        if not (ready or going):
            return
        self.hosting.workspace.rediscover()
        fresh, revived = self._stacks_of(ready, revived=False), self._stacks_of(ready, revived=True)
        quiet = await self._quiet(going)
        fresh += self._sites_of(ready)
        faults = await self._deploy(Operation.UP, [*fresh, *quiet.values(), *await self._missing(fresh)])
        faults |= await self._deploy(Operation.UP, revived, refresh=True)
        for change in ready:
            self._raised(change, faults)
        for entry, stack in quiet.items():
            if faults.get(stack.name.short):
                await self._silenced(entry)

    def _stacks_of(self, changes: Sequence[Change], *, revived: bool) -> list[Stack]:
        """The stacks of changes. What was switched off directly when it was to go is read again when it is revived."""
        found = (each.entry for each in changes if (each.act is Act.REVIVE) is revived)
        return [stack for entry in found if (stack := self.hosting.stack(ENVIRONMENTS, entry))]

    def _sites_of(self, changes: Sequence[Change]) -> list[Stack]:
        """The sites whose organization was suspended or resumed: their programs say so to the runs."""
        names = {
            change.entry.partition(".")[0]
            for change in changes
            if change.target and change.record and change.target.paused != change.record.paused
        }
        return [stack for name in sorted(names) if (stack := self.hosting.stack(SITES, name))]

    async def _quiet(self, going: Sequence[Change]) -> dict[str, Stack]:
        """The stacks that are brought up once more, to have schedules and launches switched off."""
        found = {}
        for change in going:
            stack = self.hosting.stack(ENVIRONMENTS, change.entry)
            is_stopping = self.records.one(change.entry).phase is Phase.STOPPING
            if stack is not None and is_stopping and await self.hosting.is_up(stack):
                found[change.entry] = stack
        return found

    async def _equip(self, ready: Sequence[Change]) -> None:
        """Install what scheduled runs need; a run by hand does it by itself. A fault is a warning: they stay active."""
        good = {result.entry for result in self.results if not result.fault}
        for change in ready:
            target = change.target
            if target is None or change.entry not in good or "schedules" not in target.services or target.paused:
                continue
            try:
                await launching.equip(self.hosting, target, self._tell)
            except errors.StackyardError as fault:
                told = f"the schedules of {target.title} are on, but what they need is not installed: {fault.message}"
                self.diagnostics.append(diagnostics.warning(told, hint=fault.hint, position=fault.position))

    def _raised(self, change: Change, faults: dict[str, str]) -> None:
        stack = self.hosting.stack(ENVIRONMENTS, change.entry)
        fault = faults.get(stack.name.short, "it was not deployed") if stack else "the estate has no stack for it"
        if fault:
            self._failed(change, errors.EngineError(fault))
            return
        assert change.target is not None
        self.records.write(dataclasses.replace(change.target, deployed=change.target.shape))
        self._done(change)

    async def _silenced(self, entry: str) -> None:
        """The stack of an environment that goes cannot be deployed: its schedules are switched off directly."""
        record = self.records.one(entry)
        if site := self._sites.get(record.organization):
            count = await in_cloud(leases.silence, site, record)
            self._tell(f"{entry}: its stack cannot be brought up any more; {count} schedules switched off directly")

    # what goes

    async def _retire(self, going: Sequence[Change]) -> None:
        """Archive all, then destroy in one run those whose archive is verified."""
        archived = await self._each(going, self._archived)
        proven = await self._each(archived, self._proven)
        stacks = {}
        for change in proven:
            stack = self.hosting.stack(ENVIRONMENTS, change.entry)
            if stack is not None and await self.hosting.is_up(stack):
                stacks[change.entry] = stack
        faults = await self._deploy(Operation.DESTROY, list(stacks.values()))
        gone = []
        for change in proven:
            stack = stacks.get(change.entry)
            if stack is not None and (fault := faults.get(stack.name.short, "it was not destroyed")):
                self._failed(change, errors.EngineError(fault))
            else:
                gone.append(change)
        await self._each(gone, self._removed)

    async def _archived(self, change: Change) -> Change:
        """Take an environment through its phases until its archive is verified."""
        record = self.records.one(change.entry)
        stack = self.hosting.stack(ENVIRONMENTS, change.entry)
        was_up = record.deployed or (stack is not None and await self.hosting.is_up(stack))
        if record.phase is Phase.STOPPING and not was_up:
            record = dataclasses.replace(record, archive_wanted=False)  # it never was anything
        site = self._site(change) if was_up or record.archive_wanted else None
        if record.phase is Phase.STOPPING:
            if site is not None and was_up:
                await self._ended(site, record)
            prefix = archive.place(record, time.time()) if record.archive_wanted else ""
            record = self.records.write(dataclasses.replace(record, phase=Phase.ARCHIVING, archive=prefix))
        if record.phase is Phase.ARCHIVING:
            if record.archive:
                assert site is not None
                made = await in_cloud(archive.make, site, record, record.archive, int(time.time()), self._tell)
                await in_cloud(archive.verify, site, record.archive)
                self._tell(f"{record.title}: archived and verified, {len(made.files)} files, {made.size} bytes")
            record = self.records.write(dataclasses.replace(record, phase=Phase.ARCHIVED))
        return dataclasses.replace(change, record=record)

    async def _ended(self, site: Site, record: Activation) -> None:
        """Wait until no run is left; after the grace, ask it to stop. Raises StateError when it does not."""
        deadline, asked = time.monotonic() + self._manner.grace, ""
        while run := await in_cloud(leases.holder, site, record):
            if not asked and time.monotonic() < deadline:
                asked = ""
            elif asked != run:
                await in_cloud(leases.stop, site, record, run, "reconcile")
                self._tell(f"{record.title}: run {run} is asked to stop")
                deadline, asked = time.monotonic() + STOPPING_SECONDS, run
            elif time.monotonic() > deadline:
                raise errors.StateError(f"run {run} of {record.title} does not end")
            await asyncio.sleep(_POLL_SECONDS)

    async def _proven(self, change: Change) -> Change:
        """The one gate before anything is destroyed; the record is read again from the disk."""
        record = self.records.one(change.entry)
        await in_cloud(archive.require, self._sites.get(record.organization), record)
        return dataclasses.replace(change, record=record)

    async def _removed(self, change: Change) -> Change:
        """What no stack holds: objects, rows, secrets, state; the record last."""
        record = self.records.one(change.entry)
        if site := self._sites.get(record.organization):
            others = [each for each in self.records.read().active if each.entry != record.entry]
            await in_cloud(retirement.remove, site, record, others)
        if stack := self.hosting.stack(ENVIRONMENTS, change.entry):
            await self.hosting.forget(stack)
        self.records.remove(change.entry)
        self._tell(f"{record.title}: gone" + (f"; its archive is {record.archive}" if record.archive else ""))
        self.results.append(Result(change.entry, change.act, change.reason, archive=record.archive))
        return change

    async def _unhost(self, leftovers: Sequence[Leftover]) -> None:
        """Destroy the stacks of projects of which no environment is left: so everything of them is in an archive."""
        orphans = await self.hosting.orphans()
        reading = self.hosting.read()
        held = {*(each.entry for each in reading.active), *reading.blocked}
        held |= {name.stack.rpartition(".")[0] for name in orphans if name.project == ENVIRONMENTS}
        self.hosting.workspace.recall([name for name in orphans if name.project == HOSTED])
        going = {}
        for left in leftovers:
            still = sorted(entry for entry in held if entry.startswith(f"{left.entry}."))
            if self._cancelled.is_set():
                self._unhosted(left, "it was stopped before this; the next reconcile goes on")
            elif still:
                self._unhosted(left, f"environment {still[0].replace('.', '/')} is still there")
            elif stack := self.hosting.stack(HOSTED, left.entry):
                going[left] = stack
        faults = await self._deploy(Operation.DESTROY, list(going.values()))
        for left, stack in going.items():
            fault = faults.get(stack.name.short, "it was not destroyed")
            self._unhosted(left, fault)
            if not fault:
                await self.hosting.forget(stack)
                self._tell(f"{left.entry.replace('.', '/')}: gone; archives of its environments stay")
        self.hosting.workspace.rediscover()

    def _unhosted(self, left: Leftover, fault: str) -> None:
        self.results.append(Result(left.entry, Act.UNHOST, left.reason, fault))

    # what both share

    def _site(self, change: Change) -> Site:
        name = change.entry.partition(".")[0]
        if name not in self._sites:
            raise errors.StackNotFound(f"the site of {name} is not up")
        return self._sites[name]

    async def _each(
        self, changes: Sequence[Change], work: Callable[[Change], Coroutine[Any, Any, Change]]
    ) -> list[Change]:
        """The changes that `work` did, several at once; the others are reported."""

        async def one(change: Change) -> Change | None:
            async with self._gate:
                if self._cancelled.is_set():
                    return None
                try:
                    return await work(change)
                except (errors.StackyardError, OSError) as fault:
                    self._failed(change, fault)
                except Exception as fault:  # noqa: BLE001 - runs write rows and objects as they like: it stops nobody else
                    self._failed(change, errors.StateError(f"{type(fault).__name__}: {fault}"))
                return None

        return [done for done in await asyncio.gather(*(one(change) for change in changes)) if done is not None]

    async def _deploy(self, operation: Operation, stacks: Sequence[Stack], *, refresh: bool = False) -> dict[str, str]:
        """Run stacks; each one's fault by short name, empty when it is done. Stacks that did not run are not in it."""
        names = sorted({stack.name.short for stack in stacks})
        if not names or self._cancelled.is_set():
            return {}
        request = deploying.Request(
            operation,
            names,
            parallel=self._manner.parallel,
            options=Options(refresh=refresh),
            ignore_dependents=True,
            keep_going=True,
        )
        try:
            done = await deploying.deploy(
                self.hosting.workspace, request, self._events, self._cancelled, lambda _: True
            )
        except errors.StackyardError as fault:
            self.diagnostics.append(_told(fault, ", ".join(names)))
            return dict.fromkeys(names, str(fault))
        return {name: _fault(done, name) for name in names}

    def _done(self, change: Change) -> None:
        self.results.append(Result(change.entry, change.act, change.reason))

    def _failed(self, change: Change, fault: Exception) -> None:
        message, hint = str(fault), ""
        if isinstance(fault, errors.DiagnosedError):
            self.diagnostics += fault.diagnostics
            message = "; ".join(str(each.message) for each in fault.diagnostics)
        elif isinstance(fault, errors.StackyardError):
            hint = fault.hint
        self.results.append(Result(change.entry, change.act, change.reason, message, hint))


def _fault(done: deploying.Deployment, name: str) -> str:
    update = (done.updates or {}).get(name)
    if update is not None and update.outcome is Outcome.SUCCEEDED:
        return ""
    plan = done.plans.get(name)
    told = [*(update.diagnostics if update else ()), *(plan.diagnostics if plan else ())]
    faults = [each.message for each in told if each.severity is Severity.ERROR]
    if faults:
        return faults[0]
    return f"its update was {update.outcome}" if update else "it was not reached: a stack that it needs failed"


def _told(fault: errors.StackyardError, whose: str) -> Diagnostic:
    if isinstance(fault, errors.DiagnosedError) and fault.diagnostics:
        return fault.diagnostics[0]
    return diagnostics.error(f"{whose}: {fault.message}", hint=fault.hint, position=fault.position)
