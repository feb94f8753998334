"""Budgets with their notifications. The id is `<account>:<name>`; all of them live in one place, whatever the region.

Facts from internal/service/budgets/budget.go of hashicorp/terraform-provider-aws: amounts are decimals in text, times
are `YYYY-MM-DD_hh:mm`, a budget without an end ends in 2087.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any, Final

from stackyard.model.registrations import CheckFailure
from stackyard.model.values import UNKNOWN, Properties, Value
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tagging import Tagging, pairs

TIME: Final = "%Y-%m-%d_%H:%M"
_COSTS: Final = ("includeCredit", "includeDiscount", "includeOtherSubscription", "includeRecurring", "includeRefund",
                 "includeSubscription", "includeSupport", "includeTax", "includeUpfront", "useAmortized",
                 "useBlended")  # fmt: skip
_CHANNELS: Final = {"EMAIL": "subscriberEmailAddresses", "SNS": "subscriberSnsTopicArns"}


class Budget(Kind):
    """`aws:budgets/budget:Budget`."""

    naming = Naming(limit=100)
    defaults = fixed(timePeriodEnd="2087-06-15_00:00")
    replaces = ("accountId", "name", "namePrefix")
    sets = ("costFilters", "costFilters[*].values", "notifications", "plannedLimits",
            *(f"notifications[*].{name}" for name in _CHANNELS.values()))  # fmt: skip
    computed = ("accountId", "costFilters", "costTypes", *(f"costTypes.{name}" for name in _COSTS), "limitAmount",
                "limitUnit", "plannedLimits", "timePeriodStart")  # fmt: skip
    unsupported = ("autoAdjustData", "billingViewArn", "filterExpression", "metrics")
    tagging = Tagging("budgets", by="arn")

    def check(self, inputs: Properties) -> Iterable[CheckFailure]:
        for name in ("limitAmount", "timePeriodStart", "timePeriodEnd"):
            value = inputs.get(name)
            if value is UNKNOWN or not isinstance(value, str):
                continue
            try:
                float(value) if name == "limitAmount" else datetime.datetime.strptime(value, TIME)
            except ValueError:
                yield CheckFailure(name, "must be a number" if name == "limitAmount" else "must be YYYY-MM-DD_hh:mm")

    def same(self, key: str, left: Value, right: Value) -> bool:
        """An amount is the same however many zeros it ends in."""
        if key != "limitAmount" or not isinstance(left, str) or not isinstance(right, str):
            return False
        return float(left) == float(right)

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": f"arn:{aws.partition}:budgets::{self._account(aws, inputs)}:budget/{inputs['name']}"}

    def _account(self, aws: Aws, inputs: Properties) -> str:
        return str(inputs.get("accountId") or aws.account)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        account = self._account(aws, inputs)
        told = [{"Notification": _notification(each), "Subscribers": _subscribers(each)}
                for each in inputs.get("notifications") or ()]  # fmt: skip
        optional = {"NotificationsWithSubscribers": told, "ResourceTags": pairs(inputs.get("tagsAll") or {})}
        aws.budgets.create_budget(
            AccountId=account, Budget=_budget(inputs), **{name: value for name, value in optional.items() if value}
        )
        return f"{account}:{inputs['name']}"

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        account, _, name = id.partition(":")
        found = aws.budgets.describe_budget(AccountId=account, BudgetName=name)["Budget"]
        limit, period = found.get("BudgetLimit") or {}, found["TimePeriod"]
        outputs: Properties = {
            "accountId": account,
            "arn": f"arn:{aws.partition}:budgets::{account}:budget/{name}",
            "budgetType": found["BudgetType"],
            "costFilters": [
                {"name": each, "values": values} for each, values in sorted(found.get("CostFilters", {}).items())
            ],
            "name": name,
            "notifications": _told(aws, account, name),
            "timePeriodEnd": period["End"].astimezone(datetime.UTC).strftime(TIME),
            "timePeriodStart": period["Start"].astimezone(datetime.UTC).strftime(TIME),
            "timeUnit": found["TimeUnit"],
        }
        if limit:
            outputs |= {"limitAmount": limit["Amount"], "limitUnit": limit["Unit"]}
        if costs := found.get("CostTypes"):
            outputs["costTypes"] = {each: costs[_member(each)] for each in _COSTS if _member(each) in costs}
        if planned := found.get("PlannedBudgetLimits"):
            outputs["plannedLimits"] = [
                {"startTime": _from_epoch(start), "amount": each["Amount"], "unit": each["Unit"]}
                for start, each in sorted(planned.items())
            ]
        return outputs

    def update(self, aws: Aws, id: str, change: Change) -> None:
        account, _, name = id.partition(":")
        aws.budgets.update_budget(AccountId=account, NewBudget=_budget(change.new))
        if not change.any("notifications"):
            return
        for old in change.old.get("notifications") or ():
            aws.budgets.delete_notification(AccountId=account, BudgetName=name, Notification=_notification(old))
        for new in change.new.get("notifications") or ():
            aws.budgets.create_notification(
                AccountId=account, BudgetName=name, Notification=_notification(new), Subscribers=_subscribers(new)
            )

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        account, _, name = id.partition(":")
        aws.budgets.delete_budget(AccountId=account, BudgetName=name)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return f"{self._account(aws, inputs)}:{inputs['name']}"


def _member(name: str) -> str:
    return name[0].upper() + name[1:]


def _budget(inputs: Properties) -> dict[str, Any]:
    period = {"Start": inputs.get("timePeriodStart"), "End": inputs["timePeriodEnd"]}
    optional: dict[str, Any] = {
        "BudgetLimit": {"Amount": inputs.get("limitAmount"), "Unit": inputs.get("limitUnit")},
        "CostFilters": {each["name"]: each["values"] for each in inputs.get("costFilters") or ()},
        "CostTypes": {_member(each): value for each, value in (inputs.get("costTypes") or {}).items()},
        "PlannedBudgetLimits": {
            str(int(_time(each["startTime"]).timestamp())): {"Amount": each["amount"], "Unit": each["unit"]}
            for each in inputs.get("plannedLimits") or ()
        },
    }
    if not inputs.get("limitAmount"):
        del optional["BudgetLimit"]
    return {
        "BudgetName": inputs["name"],
        "BudgetType": inputs["budgetType"],
        "TimeUnit": inputs["timeUnit"],
        "TimePeriod": {member: _time(text) for member, text in period.items() if text},
        **{member: value for member, value in optional.items() if value},
    }


def _time(text: str) -> datetime.datetime:
    return datetime.datetime.strptime(text, TIME).replace(tzinfo=datetime.UTC)


def _from_epoch(seconds: str) -> str:
    return datetime.datetime.fromtimestamp(float(seconds), datetime.UTC).strftime(TIME)


def _notification(said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        _member(name): said[name] for name in ("comparisonOperator", "notificationType", "threshold", "thresholdType")
    }


def _subscribers(said: Mapping[str, Any]) -> list[dict[str, str]]:
    return [
        {"SubscriptionType": kind, "Address": address}
        for kind, name in _CHANNELS.items()
        for address in said.get(name) or ()
    ]


def _told(aws: Aws, account: str, budget: str) -> list[Properties]:
    """The notifications of a budget, each with whom it tells."""
    where = {"AccountId": account, "BudgetName": budget}
    told: list[Properties] = []
    for each in aws.pages("budgets", "describe_notifications_for_budget", "Notifications", **where):
        kept = {name: each[name] for name in ("NotificationType", "ComparisonOperator", "Threshold", "ThresholdType")}
        listing = aws.pages(
            "budgets", "describe_subscribers_for_notification", "Subscribers", **where, Notification=kept
        )
        people = list(listing)
        said: Properties = {name[0].lower() + name[1:]: value for name, value in kept.items()}
        for kind, name in _CHANNELS.items():
            said[name] = [one["Address"] for one in people if one["SubscriptionType"] == kind]
        told.append(said)
    return told
