"""Names of stacks, as the DIY backend of the Pulumi CLI allows them."""

from __future__ import annotations

import dataclasses
import re
from typing import Final

NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}")
DEFAULT_ORGANIZATION: Final = "organization"


def is_name(text: str) -> bool:
    """Whether `text` may name an organization, a project or a stack."""
    return bool(NAME.fullmatch(text)) and text not in {".", ".."}


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class StackName:
    """The full name of a stack: `organization/project/stack`."""

    organization: str
    project: str
    stack: str

    def __str__(self) -> str:
        return f"{self.organization}/{self.project}/{self.stack}"

    @property
    def short(self) -> str:
        """`project/stack`, which is unique within one estate."""
        return f"{self.project}/{self.stack}"

    @classmethod
    def parse(cls, text: str, *, organization: str = DEFAULT_ORGANIZATION, project: str = "") -> StackName:
        """Read `organization/project/stack`, `project/stack`, or a flat `stack` of `project`.

        Raises ValueError, saying what is wrong, for anything else.
        """
        parts = text.split("/")
        if len(parts) > 3 or not all(is_name(part) for part in parts):
            raise ValueError(f"{text!r} is not a stack name: use organization/project/stack")
        if len(parts) == 1 and not project:
            raise ValueError(f"{text!r} names a stack but no project: use organization/project/stack")
        given = [organization, project]
        return cls(*given[: 3 - len(parts)], *parts)
