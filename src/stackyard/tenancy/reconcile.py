"""What must be done so that an organization's environments are what its file and its refs say. Pure.

Nothing is wanted or gone on a guess: a project whose repository or rules could not be read stays as it is, and so
does everything of an organization whose file is missing or which is suspended.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from stackyard.model import diagnostics
from stackyard.model.activations import Activation, Phase
from stackyard.model.diagnostics import Diagnostic


class Act(enum.StrEnum):
    """What is done to one environment; UNHOST is done to a project, whose stack goes."""

    ACTIVATE = "activate"
    MOVE = "move"
    DEPLOY = "deploy"
    REVIVE = "revive"
    PAUSE = "pause"
    RETIRE = "retire"
    KEEP = "keep"
    UNHOST = "unhost"


UP: Final = frozenset({Act.ACTIVATE, Act.MOVE, Act.DEPLOY, Act.REVIVE, Act.PAUSE})
"""The acts that bring a stack up."""


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """One environment as a ref and a rule make it.

    `target` is its record as far as it is known before the project is read: no schedules, jobs, plugins or source.
    `derived`: its name is made from the ref's, so it belongs to this ref; otherwise it belongs to the rule, and
    keeps its state when the rule names another ref. `order` is the rule's place.
    """

    target: Activation
    derived: bool = False
    order: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Wish:
    """What an organization's file and refs ask for.

    `projects` are those that its file names, `unheard` those whose repository or rules could not be read, `blocked`
    keys whose record could not. `orphaned`: its file is gone or cannot be read. `deployed` are projects whose stack
    has resources though the estate does not ask for it; `unrecorded` are keys of such environments' stacks. `most` is
    how many environments it may have, 0 for any number.
    """

    organization: str
    environments: tuple[Wanted, ...] = ()
    projects: frozenset[str] = frozenset()
    unheard: frozenset[str] = frozenset()
    blocked: frozenset[str] = frozenset()
    suspended: bool = False
    orphaned: bool = False
    deployed: frozenset[str] = frozenset()
    unrecorded: frozenset[str] = frozenset()
    most: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """What is done to one environment and why. `record` is how it is, `target` how it shall be.

    `again`: once it is gone, an environment of the same name is to be brought up.
    """

    act: Act
    record: Activation | None
    target: Activation | None
    reason: str = ""
    again: bool = False

    @property
    def entry(self) -> str:
        """`organization.project.environment`."""
        found = self.record or self.target
        assert found is not None
        return found.entry


@dataclasses.dataclass(frozen=True, slots=True)
class Leftover:
    """A project that its organization's file does not name any more, and whose stack has resources.

    Its stack is destroyed once no environment of it is left. `waits` says why it stays for now, empty when it goes.
    """

    organization: str
    project: str
    waits: str = ""

    @property
    def entry(self) -> str:
        """`organization.project`."""
        return f"{self.organization}.{self.project}"

    @property
    def reason(self) -> str:
        """Why it goes."""
        return f"project {self.project} is no longer hosted: its stack and its secrets go"


@dataclasses.dataclass(frozen=True, slots=True)
class Decision:
    """All environments of one organization, each with what is done to it, sorted; and what is to be told.

    `leftovers` are its projects that are no longer hosted.
    """

    organization: str
    changes: tuple[Change, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    leftovers: tuple[Leftover, ...] = ()

    @property
    def pending(self) -> tuple[Change, ...]:
        """The changes that do something."""
        return tuple(change for change in self.changes if change.act is not Act.KEEP)


def decide(wish: Wish, active: Sequence[Activation], now: int) -> Decision:
    """Compare what is wanted with what is active. `now` is seconds of the epoch; other organizations' are passed over.

    Applied to its own result, it decides to keep everything.
    """
    mine = {record.key: record for record in active if record.organization == wish.organization}
    if wish.orphaned:
        return Decision(wish.organization, tuple(_kept(mine, "its organization has no file")), tuple(_orphans(mine)))
    faults: list[Diagnostic] = []
    chosen = _chosen(wish, mine, now, faults)
    changes = [_change(record, chosen.get(key), wish, now) for key, record in mine.items()]
    if not wish.suspended:
        new = [key for key in chosen if key not in mine and key not in wish.blocked]
        if new and wish.most and len(mine) + len(new) > wish.most:
            room = max(0, wish.most - len(mine))
            faults.append(_too_many(wish, [chosen[key].target for key in new[room:]]))
            new = new[:room]
        changes += [Change(Act.ACTIVATE, None, chosen[key].target, "new") for key in new]
    leftovers = tuple(_leftovers(wish))
    faults += (_waiting(each) for each in leftovers if each.waits)
    ordered = tuple(sorted(changes, key=lambda change: change.entry))
    return Decision(wish.organization, ordered, tuple(faults), leftovers)


def _too_many(wish: Wish, left: Sequence[Activation]) -> Diagnostic:
    """Told once, however many there are: who may push can push thousands."""
    named = ", ".join(each.ref for each in left[:3])
    more = f" and {len(left) - 3} more" if len(left) > 3 else ""
    message = f"{wish.organization} may have {wish.most} environments: {named}{more} get none"
    return diagnostics.error(message, hint="delete branches or tags, or raise limits.environments in its file")


def _leftovers(wish: Wish) -> Iterator[Leftover]:
    for project in sorted(wish.deployed - wish.projects):
        unread = sorted(key for key in wish.blocked if key.partition(".")[0] == project)
        stray = sorted(key for key in wish.unrecorded if key.partition(".")[0] == project)
        waits = "its organization is suspended" if wish.suspended else ""
        if unread:
            waits = f"the record of environment {unread[0].partition('.')[2]} cannot be read"
        elif stray:
            waits = f"environment {stray[0].partition('.')[2]} is deployed without a record, so nothing archived it"
        yield Leftover(wish.organization, project, waits)


def _waiting(left: Leftover) -> Diagnostic:
    message = f"{left.organization}/{left.project} is no longer hosted, and its stack stays: {left.waits}"
    return diagnostics.warning(message)


def _kept(mine: Mapping[str, Activation], reason: str) -> Iterator[Change]:
    for _, record in sorted(mine.items()):
        yield Change(Act.KEEP, record, None, reason)


def _orphans(mine: Mapping[str, Activation]) -> Iterator[Diagnostic]:
    for _, record in sorted(mine.items()):
        message = f"environment {record.title} is active, but its organization has no file that can be read"
        hint = f"put back tenants/{record.organization}.yaml; nothing is done to it meanwhile"
        yield diagnostics.warning(message, hint=hint)


def _chosen(wish: Wish, mine: Mapping[str, Activation], now: int, faults: list[Diagnostic]) -> dict[str, Wanted]:
    """The one that is wanted under each name. Where several refs make one, the active ref's stays, else the first."""
    by_key: dict[str, list[Wanted]] = {}
    for wanted in sorted(wish.environments, key=lambda each: (each.order, each.target.ref)):
        if wanted.target.project not in wish.unheard and not _expired(wanted.target, now):
            by_key.setdefault(wanted.target.key, []).append(wanted)
    chosen = {}
    for key, rivals in by_key.items():
        ref = mine[key].ref if key in mine else ""
        chosen[key] = first = next((each for each in rivals if each.target.ref == ref), rivals[0])
        for other in rivals:
            if other.target.ref != first.target.ref:
                faults.append(_rivalry(first.target, other.target))
    return chosen


def _rivalry(first: Activation, other: Activation) -> Diagnostic:
    message = f"{other.ref} of {other.organization}/{other.project} would be environment {other.environment!r}, too"
    return diagnostics.warning(f"{message}, which is of {first.ref}: it is left out", hint="rename one of the refs")


def _expired(target: Activation, now: int) -> bool:
    return bool(target.expires) and target.expires <= now


def _change(record: Activation, wanted: Wanted | None, wish: Wish, now: int) -> Change:
    """What becomes of an environment that has a record."""
    if record.project in wish.unheard:
        return Change(Act.KEEP, record, None, "its repository could not be read")
    if wish.suspended:
        return _suspended(record)
    mine = wanted if wanted and (not wanted.derived or wanted.target.ref == record.ref) else None
    if mine is None or record.phase in (Phase.ARCHIVING, Phase.ARCHIVED):
        return Change(Act.RETIRE, record, None, _why_gone(record, wanted, wish, now), again=wanted is not None)
    target = _continued(record, mine.target)
    if record.phase is Phase.STOPPING:
        return Change(Act.REVIVE, record, target, "its ref is back")
    if reason := _difference(record, target):
        return Change(Act.MOVE, record, target, reason)
    if record.deployed != record.shape:
        return Change(Act.DEPLOY, record, record, "its last deployment did not finish")
    return Change(Act.KEEP, record, record)


def _suspended(record: Activation) -> Change:
    settled = record.paused and record.deployed == record.shape
    if record.phase is not Phase.ACTIVE or not record.deployed or settled:
        return Change(Act.KEEP, record, None, "its organization is suspended")
    target = dataclasses.replace(record, paused=True)
    return Change(Act.PAUSE, record, target, "its organization is suspended: schedules off")


def _why_gone(record: Activation, wanted: Wanted | None, wish: Wish, now: int) -> str:
    if record.phase in (Phase.ARCHIVING, Phase.ARCHIVED):
        return "its removal is under way"
    if wanted is not None:
        return f"its name is now of {wanted.target.ref}"
    if record.project not in wish.projects:
        return f"project {record.project} is no longer hosted"
    for each in wish.environments:
        if each.target.key == record.key and each.target.ref == record.ref and _expired(each.target, now):
            return "expired"
    if any(each.target.ref == record.ref and each.target.project == record.project for each in wish.environments):
        return f"its rule now makes another environment of {record.ref}"
    return f"{record.ref} is gone, or no rule matches it"


_READ_FROM_THE_PROJECT: Final = ("schedules", "default_jobs", "jobs", "blocks", "plugins", "source", "source_sha256")


def _continued(record: Activation, target: Activation) -> Activation:
    """The target with what the record knows: all that was read from the project, where that is the same project."""
    known: dict[str, Any] = {"activated": record.activated, "deployed": record.deployed}
    same = ("repository", "commit", "manifest", "meltano_environment", "services")
    if all(getattr(record, name) == getattr(target, name) for name in same):
        known |= {name: getattr(record, name) for name in _READ_FROM_THE_PROJECT}
    return dataclasses.replace(target, **known)


_COMPARED: Final = {
    "ref": "another ref",
    "commit": "moved",
    "repository": "another repository",
    "manifest": "another manifest",
    "meltano_environment": "another Meltano environment",
    "services": "other services",
    "expires": "another time to expire",
    "archive_wanted": "another rule of archiving",
    "archive_days": "another rule of archiving",
    "paused": "its organization is no longer suspended",
}


def _difference(record: Activation, target: Activation) -> str:
    """Why it is not as it shall be; empty when it is."""
    found = {why: None for name, why in _COMPARED.items() if getattr(record, name) != getattr(target, name)}
    return ", ".join(found)
