"""Rows of cost, and their form after the FinOps Open Cost and Usage Specification, FOCUS 1.2.

Each row is one price × one quantity over one period, and says whom it is charged to. Columns that begin with `x_`
are ours, as the specification provides for. https://focus.finops.org/focus-specification/v1-2/
"""

from __future__ import annotations

import csv
import dataclasses
import datetime
import enum
import io
import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from stackyard.cost.owners import Owner
from stackyard.cost.periods import Period
from stackyard.cost.prices import Price, PriceBook

COST_STEP: Final = Decimal("1e-12")
QUANTITY_STEP: Final = Decimal("1e-9")
ISSUER: Final = "Stackyard"


class Origin(enum.StrEnum):
    """Where a row comes from: a resource that stood, use that was metered, or a share of what all use."""

    STANDING = "standing"
    METERED = "metered"
    ALLOCATED = "allocated"


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """`quantity` of `price` within `[start, end)`, charged to `owner`. `cost` is exact to COST_STEP.

    `approximate` says what of it is a guess; `method` how a shared cost came to its owner. `source` names the
    meter, or is the URN. `account` is where the resource lives. `monthly` is what it costs a month of 730 hours if
    it goes on standing; 0 for what has ended or happens.
    """

    origin: Origin
    owner: Owner
    price: Price
    quantity: Decimal
    cost: Decimal
    start: datetime.datetime
    end: datetime.datetime
    resource_id: str = ""
    resource_name: str = ""
    resource_type: str = ""
    account: str = ""
    stack: str = ""
    source: str = ""
    approximate: str = ""
    method: str = ""
    monthly: Decimal = Decimal(0)

    @property
    def service(self) -> str:
        """The provider's service."""
        return self.price.service


def priced(
    origin: Origin,
    owner: Owner,
    price: Price,
    quantity: Decimal,
    span: tuple[datetime.datetime, datetime.datetime],
    **rest: Any,
) -> Row:
    """A row of `quantity` units of a price; `rest` are fields of `Row`."""
    quantity = quantity.quantize(QUANTITY_STEP)
    cost = (quantity * price.amount).quantize(COST_STEP)
    return Row(origin, owner, price, quantity, cost, *span, **rest)


def total(rows: Iterable[Row]) -> Decimal:
    """What the rows cost together."""
    return sum((row.cost for row in rows), Decimal(0))


_COLUMNS: Final = """
BilledCost BillingAccountId BillingAccountName BillingCurrency BillingPeriodEnd BillingPeriodStart ChargeCategory
ChargeClass ChargeDescription ChargeFrequency ChargePeriodEnd ChargePeriodStart ConsumedQuantity ConsumedUnit
ContractedCost ContractedUnitPrice EffectiveCost InvoiceIssuerName ListCost ListUnitPrice PricingCategory
PricingQuantity PricingUnit ProviderName PublisherName RegionId RegionName ResourceId ResourceName ResourceType
ServiceCategory ServiceName SkuId SkuPriceId SubAccountId SubAccountName Tags x_AllocationMethod x_Approximate
x_CostOwner x_Environment x_Layer x_Organization x_Origin x_PriceBasis x_PriceBook x_PriceSource x_Project x_Source
x_Stack
"""
COLUMNS: Final = tuple(_COLUMNS.split())
"""Every column that is written, in the order of the file."""


def focus(row: Row, book: PriceBook, period: Period) -> dict[str, Any]:
    """One row as a mapping of COLUMNS; costs and quantities are Decimal, None is a null."""
    return {
        **_costs(row, book),
        **_times(row, period),
        **_what(row, book),
        "Tags": row.owner.tags,
        "x_AllocationMethod": row.method or None,
        "x_Approximate": row.approximate or None,
        "x_CostOwner": row.owner.cost_owner or None,
        "x_Environment": row.owner.environment or None,
        "x_Layer": row.owner.layer or None,
        "x_Organization": row.owner.organization or None,
        "x_Origin": row.origin.value,
        "x_PriceBasis": row.price.basis,
        "x_PriceBook": f"{book.name} {book.date}",
        "x_PriceSource": row.price.source,
        "x_Project": row.owner.project or None,
        "x_Source": row.source or None,
        "x_Stack": row.stack or None,
    }


def _costs(row: Row, book: PriceBook) -> dict[str, Any]:
    costs = dict.fromkeys(("BilledCost", "ContractedCost", "EffectiveCost", "ListCost"), row.cost)
    prices = dict.fromkeys(("ContractedUnitPrice", "ListUnitPrice"), row.price.amount)
    amounts: dict[str, Any] = {**costs, **prices, "BillingCurrency": book.currency}
    amounts |= {"ConsumedQuantity": row.quantity * row.price.per, "ConsumedUnit": row.price.unit.rpartition(" ")[2]}
    return amounts | {"PricingCategory": "Standard", "PricingQuantity": row.quantity, "PricingUnit": row.price.unit}


def _times(row: Row, period: Period) -> dict[str, str]:
    return {
        "BillingPeriodStart": _stamp(period.start),
        "BillingPeriodEnd": _stamp(period.whole_end),
        "ChargePeriodStart": _stamp(row.start),
        "ChargePeriodEnd": _stamp(row.end),
    }


def _what(row: Row, book: PriceBook) -> dict[str, Any]:
    shared = " (share of what all use)" if row.origin is Origin.ALLOCATED else ""
    return {
        "BillingAccountId": row.account or "unknown",
        "BillingAccountName": None,
        "ChargeCategory": "Usage",
        "ChargeClass": None,
        "ChargeDescription": f"{row.price.about}{shared}",
        "ChargeFrequency": "Usage-Based",
        "InvoiceIssuerName": ISSUER,
        "ProviderName": book.provider,
        "PublisherName": book.provider,
        "RegionId": book.region,
        "RegionName": book.region_name or None,
        "ResourceId": row.resource_id or None,
        "ResourceName": row.resource_name or None,
        "ResourceType": row.resource_type or None,
        "ServiceCategory": row.price.category,
        "ServiceName": row.service,
        "SkuId": row.price.key,
        "SkuPriceId": row.price.key,
        "SubAccountId": row.account or None,
        "SubAccountName": row.owner.organization or None,
    }


def _stamp(time: datetime.datetime) -> str:
    return f"{time.astimezone(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"


def plain(value: Any) -> Any:
    """A value of a row as JSON can carry it without loss: a Decimal as text in plain notation."""
    return number(value) if isinstance(value, Decimal) else value


def number(value: Decimal) -> str:
    """A decimal without exponent and without trailing zeros: `0.045`, `120`, `0`."""
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def to_csv(rows: Iterable[Row], book: PriceBook, period: Period) -> str:
    """The rows as a CSV file of COLUMNS; nulls are empty, Tags a JSON object."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        values = focus(row, book, period)
        writer.writerow([_cell(values[column]) for column in COLUMNS])
    return out.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return json.dumps(value, sort_keys=True) if isinstance(value, dict) else str(plain(value))
