"""What organizations' files and the refs of their repositories ask for. Asks repositories; changes nothing.

A ref or rule that cannot be used is reported and passed over; a repository that cannot be read says nothing at all,
and what is active of it stays.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence

from stackyard.errors import DiagnosedError, SourceError, StackyardError, Unreachable
from stackyard.model import diagnostics, refs, tenants
from stackyard.model.activations import Activation
from stackyard.model.diagnostics import Diagnostic, Severity
from stackyard.model.tenants import HostedProject, Organization, Rule
from stackyard.tenancy import rules, sources
from stackyard.tenancy.reconcile import Wanted
from stackyard.tenancy.sources import Ref


@dataclasses.dataclass(frozen=True, slots=True)
class Heard:
    """What one project's refs ask for. `silent`: it could not be read, so nothing is known."""

    project: str
    wanted: tuple[Wanted, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    silent: bool = False


def hear(organization: Organization, project: HostedProject, records: Sequence[Activation]) -> Heard:
    """Ask a project's repository for its refs and match them with its rules. Blocks.

    `records` are those of the project. Whatever is wrong is in the result; nothing is raised for it.
    """
    refused: list[str] = []
    try:
        found = sources.refs(project.repository, refused)
        if records and not found:
            raise SourceError(
                "it has no branch and no tag at all", hint="push one, or remove the project from its file"
            )
        its_rules, faults = _rules(project)
    except SourceError as fault:
        return Heard(project.name, (), (_unread(organization, project, records, fault),), silent=True)
    label = f"{organization.name}/{project.name}"
    told = [diagnostics.warning(f"{label}: a ref called {name!a} is left out: rename it") for name in refused[:20]]
    told += [dataclasses.replace(each, message=f"{label}: {each.message}") for each in faults]
    if any(each.severity is Severity.ERROR for each in faults):
        return Heard(project.name, (), tuple(told), silent=True)
    matching = _Matching(organization, project, its_rules, {record.key: record for record in records}, told.append)
    try:
        wanted = (*matching.by_hand(found), *matching.by_rule(found))
    except Unreachable as fault:
        return Heard(project.name, (), (_unread(organization, project, records, fault),), silent=True)
    return Heard(project.name, wanted, tuple(told))


def wanted_by(organization: Organization, project: HostedProject, ref: Ref, rule: Rule, moved: int = 0) -> Activation:
    """The record of a ref as `rule` makes it, as far as it is known before the project is read.

    `moved` is when its commit was made; a rule that lets environments expire needs it.
    """
    return Activation(
        organization=organization.name,
        project=project.name,
        environment=refs.environment_name(rule.name, ref.short),
        ref=ref.name,
        commit=ref.commit,
        repository=project.repository,
        meltano_environment=rule.environment,
        manifest=project.manifest,
        services=rule.services,
        moved=moved,
        expires=moved + rule.expires if rule.expires else 0,
        archive_wanted=rule.archive,
        archive_days=rule.archive_days,
    )


def _unread(
    organization: Organization, project: HostedProject, records: Sequence[Activation], fault: StackyardError
) -> Diagnostic:
    kept = (
        f"; its {len(records)} environment{'s stay' if len(records) != 1 else ' stays'} as they are" if records else ""
    )
    message = f"{organization.name}/{project.name} cannot be read: {fault.message}{kept}"
    return diagnostics.error(message, hint=fault.hint, position=fault.position)


def rules_of(project: HostedProject) -> tuple[Rule, ...]:
    """The rules of a project, from its own repository where the organization's file has none. Blocks.

    Raises SourceError for the repository, DiagnosedError for a faulty file of rules.
    """
    found, faults = _rules(project)
    wrong = [each for each in faults if each.severity is Severity.ERROR]
    if wrong:
        raise DiagnosedError(wrong)
    return found


def _rules(project: HostedProject) -> tuple[tuple[Rule, ...], tuple[Diagnostic, ...]]:
    """The project's rules; its repository's own when the organization's file has none."""
    if project.rules:
        return project.rules, ()
    head = sources.head(project.repository)
    if not head:
        return (), ()
    commit = sources.fetch(project.repository, head)
    if rules.PLACE not in commit.paths():
        hint = f"write `rules:` into the organization's file, or {rules.PLACE} into the repository"
        return (), (diagnostics.warning("it has no rules, so no ref becomes an environment", hint=hint),)
    return rules.read_repository(commit.text(rules.PLACE))


class _Matching:
    """One project's refs turned into what is wanted."""

    def __init__(
        self,
        organization: Organization,
        project: HostedProject,
        its_rules: Sequence[Rule],
        records: dict[str, Activation],
        report: Callable[[Diagnostic], None],
    ) -> None:
        self._organization, self._project, self._rules = organization, project, its_rules
        self._records, self._report = records, report
        self._until = time.monotonic() + sources.FETCHING_SECONDS

    def by_hand(self, found: Sequence[Ref]) -> Iterator[Wanted]:
        """What somebody activated, while its ref is there."""
        commits = {ref.name: ref.commit for ref in found}
        for record in self._records.values():
            if record.manual and record.ref in commits:
                target = dataclasses.replace(record, commit=commits[record.ref], repository=self._project.repository)
                yield Wanted(_wiped(target), order=-1)

    def by_rule(self, found: Sequence[Ref]) -> Iterator[Wanted]:
        """What the rules make of the refs."""
        for ref in found:
            match = rules.match(self._rules, ref.name)
            if match is None:
                continue
            rule, derived = match.rule, refs.SLUG in match.rule.name
            target = wanted_by(self._organization, self._project, ref, rule)
            if not tenants.ENVIRONMENT.fullmatch(target.environment):
                message = f"{ref.name} of {self._organization.name}/{self._project.name} is left out"
                self._report(diagnostics.error(f"{message}: {target.environment!a} cannot be an environment's name"))
                continue
            record = self._records.get(target.key)
            if rule.expires:
                moved = self._moved(ref, record)
                if moved is None:
                    if record is not None and record.ref == ref.name:
                        yield Wanted(_wiped(record), derived, match.order)  # unknown is not gone
                    continue
                target = wanted_by(self._organization, self._project, ref, rule, moved)
            yield Wanted(target, derived, match.order)

    def _moved(self, ref: Ref, record: Activation | None) -> int | None:
        """When a ref's commit was made; None, and reported, when the commit cannot be read."""
        if record is not None and record.commit == ref.commit and record.moved:
            return record.moved
        if time.monotonic() > self._until:  # one slow server and many branches would hold everybody's reconciling up
            raise Unreachable(
                f"its commits take more than {sources.FETCHING_SECONDS:.0f} seconds to fetch",
                hint="what was fetched is kept, and the next reconcile goes on from there",
            )
        try:
            return sources.fetch(self._project.repository, ref.commit).moved
        except Unreachable:
            raise
        except SourceError as fault:
            message = f"{ref.name} of {self._organization.name}/{self._project.name} cannot be read: {fault.message}"
            self._report(diagnostics.error(message, hint=fault.hint))
            return None


def _wiped(record: Activation) -> Activation:
    """A record as it is wanted: nothing of its life, nor of what was read from the project."""
    fresh = Activation(record.organization, record.project, record.environment, record.ref, record.commit, "")
    read = ("schedules", "default_jobs", "jobs", "blocks", "plugins", "source", "source_sha256")
    life = (*read, "archive", "phase", "paused", "deployed")
    return dataclasses.replace(record, **{name: getattr(fresh, name) for name in life})
