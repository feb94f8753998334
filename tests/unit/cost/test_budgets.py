"""Budgets warn at their percentages and demand suspension where they say so."""

from __future__ import annotations

from decimal import Decimal

import pytest

from stackyard.cost import budgets
from stackyard.cost.budgets import Verdict
from stackyard.model.tenants import Budget, Organization


@pytest.mark.parametrize(
    ("spent", "verdict", "reached"),
    [
        ("0", Verdict.WITHIN, 0),
        ("79.99", Verdict.WITHIN, 0),
        ("80", Verdict.WARNED, 80),
        ("100", Verdict.WARNED, 100),
        ("100.01", Verdict.EXCEEDED, 100),
    ],
)
def test_thresholds(spent: str, verdict: Verdict, reached: int) -> None:
    found = budgets.check("acme", Budget(100.0), Decimal(spent))
    assert (found.verdict, found.reached, found.suspend, found.call) == (verdict, reached, False, "")


def test_a_budget_that_suspends_names_the_command_once_it_is_exceeded() -> None:
    budget = Budget(0.1, (50,), "suspend")
    assert budgets.check("acme", budget, Decimal("0.1")).call == ""
    assert budgets.check("acme", budget, Decimal("0.2")).call == "stackyard tenant suspend acme"


def test_a_budget_of_nothing_is_exceeded_by_anything() -> None:
    assert budgets.check("acme", Budget(0), Decimal(0)).verdict is Verdict.WITHIN
    found = budgets.check("acme", Budget(0), Decimal("0.000001"))
    assert (found.verdict, found.percent) == (Verdict.EXCEEDED, Decimal("Infinity"))


def test_the_worst_comes_first_and_who_is_suspended_is_left_so() -> None:
    def organization(name: str, monthly: float | None, suspended: bool = False) -> Organization:
        budget = None if monthly is None else Budget(monthly, (80,), "suspend")
        return Organization(name, name, "o@x", "b@x", budget=budget, suspended=suspended)

    all_ = [organization("a", 10), organization("b", 1, suspended=True), organization("c", None)]
    found = budgets.check_all({each.name: each for each in all_}, {"a": Decimal(20), "b": Decimal(5)})
    assert [(each.organization, each.suspend) for each in found] == [("b", False), ("a", True)]
