"""Lets providers check inputs, and reports what they refuse."""

from __future__ import annotations

from stackyard.engines.embedded import builtin, marking
from stackyard.engines.embedded.session import Refused, Session
from stackyard.model.registrations import Goal
from stackyard.model.resources import Resource
from stackyard.providers.base import CheckRequest, Provider


class Checking:
    """Checks of one operation."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def check(self, goal: Goal, new: Resource, old: Resource | None, provider: Provider | None) -> Resource:
        """`new` with checked inputs. Raises Refused when any is refused; each failure is reported where it stands.

        `old` None: the resource is made anew, so generated names are new too.
        """
        if provider is None or new.is_provider:
            return new
        request = CheckRequest(
            urn=new.urn,
            type=new.type,
            name=goal.name,
            inputs=builtin.given(provider, new.inputs),
            old=builtin.given(provider, old.inputs) if old else None,
            seed=self._session.random("name", new.urn),
            preview=self._session.dry_run,
        )
        checked = await provider.check(request)
        for failure in checked.failures:
            about = f"{failure.property}: " if failure.property else ""
            self._session.report.error(
                f"{goal.type} {goal.name!r}: {about}{failure.reason}", position=goal.source_position, urn=new.urn
            )
        if checked.failures:
            raise Refused(f"{goal.type} {goal.name!r} has inputs that its provider refuses")
        return new.replaced(inputs=marking.carry(checked.inputs, new.inputs))
