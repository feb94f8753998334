"""Budgets of organizations against what they came to. The result is data; who suspends is tenancy."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from decimal import Decimal

from stackyard.model.tenants import Budget, Organization


class Verdict(enum.StrEnum):
    """Within the budget, past a percentage that is told, or past the whole."""

    WITHIN = "within"
    WARNED = "warned"
    EXCEEDED = "exceeded"


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One organization's budget: `reached` is the highest percentage of `warn_at` that was passed, 0 = none.

    `suspend` is true when the budget says so and it is exceeded: then `tenant suspend <organization>` is to be called.
    """

    organization: str
    monthly: Decimal
    spent: Decimal
    verdict: Verdict
    reached: int
    suspend: bool
    warn_at: tuple[int, ...] = ()

    @property
    def percent(self) -> Decimal:
        """What part of the budget was spent; 0 of a budget of 0 that was not touched."""
        if self.monthly:
            return self.spent / self.monthly * 100
        return Decimal("Infinity") if self.spent else Decimal(0)

    @property
    def call(self) -> str:
        """The command that does what the budget demands; empty when it demands nothing."""
        return f"stackyard tenant suspend {self.organization}" if self.suspend else ""


def check(organization: str, budget: Budget, spent: Decimal) -> Finding:
    """One budget against what was spent in its month."""
    monthly = Decimal(str(budget.monthly))
    reached = max((part for part in budget.warn_at if spent * 100 >= monthly * part and spent), default=0)
    exceeded = spent > monthly
    verdict = Verdict.EXCEEDED if exceeded else Verdict.WARNED if reached else Verdict.WITHIN
    suspend = exceeded and budget.action == "suspend"
    return Finding(organization, monthly, spent, verdict, reached, suspend, tuple(budget.warn_at))


def check_all(organizations: Mapping[str, Organization], spent: Mapping[str, Decimal]) -> tuple[Finding, ...]:
    """Every organization that has a budget, the worst first; one that already is suspended is not to be again."""
    found = []
    for name, organization in organizations.items():
        if organization.budget is not None:
            finding = check(name, organization.budget, spent.get(name, Decimal(0)))
            found.append(dataclasses.replace(finding, suspend=finding.suspend and not organization.suspended))
    return tuple(sorted(found, key=lambda each: (-each.percent, each.organization)))
