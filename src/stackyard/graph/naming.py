"""What a stack's name means where it was written."""

from __future__ import annotations

import dataclasses

from stackyard.model import names
from stackyard.model.estates import Estate, Stack
from stackyard.model.names import StackName


class Ambiguous(ValueError):
    """A flat name that several stacks of the estate have."""


class Namer:
    """Resolves names as programs write them to stacks of one estate, or to stacks outside it."""

    def __init__(self, estate: Estate) -> None:
        self._organization = estate.organization
        self._stacks = {stack.name: stack for stack in estate.stacks}
        self._flat: dict[str, list[StackName]] = {}
        for name in self._stacks:
            self._flat.setdefault(name.stack, []).append(name)

    def stack(self, name: StackName) -> Stack | None:
        """The stack of that full name, if it is in the estate."""
        return self._stacks.get(name)

    def resolve(self, text: str, reader: StackName) -> StackName:
        """The full name that `text` has in a program of `reader`; it need not be in the estate.

        `organization/project/stack`, `project/stack` and flat `stack` are understood. The word `organization`
        stands for the estate's own, as it does in every backend that has no organizations. A flat name is a
        stack of the reader's project, or else the only stack of the estate so called, which is how estates with
        one flat namespace name them. Raises ValueError for what is no name, Ambiguous when several fit.
        """
        name = StackName.parse(text, organization=reader.organization, project=reader.project)
        if name in self._stacks:
            return name
        head, _, tail = text.partition("/")
        if tail and "/" not in tail and head in (names.DEFAULT_ORGANIZATION, self._organization):
            # Two parts are organization/stack to the Pulumi CLI (pkg/backend/diy/store.go, ParseReference).
            name = StackName(reader.organization, reader.project, tail)
        if name.organization == names.DEFAULT_ORGANIZATION:
            own = dataclasses.replace(name, organization=self._organization)
            if own in self._stacks:
                return own
        found = self._flat.get(text, ())
        if len(found) > 1:
            some = ", ".join(each.short for each in found[:3]) + (", ..." if len(found) > 3 else "")
            raise Ambiguous(f"{text!r} may be any of {len(found)} stacks: {some}")
        return found[0] if found else name
