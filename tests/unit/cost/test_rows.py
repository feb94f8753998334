"""Rows take the form of the FOCUS specification 1.2."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal

import pytest

from stackyard.cost import periods, prices, rows
from stackyard.cost.owners import Owner
from stackyard.cost.rows import Origin
from tests.unit.cost.making import day

BOOK = prices.load()
PERIOD = periods.month("2026-11", day(21))
OWNER = Owner("sites", "acme", "shop", "", "finance")
ROW = rows.priced(
    Origin.STANDING,
    OWNER,
    BOOK.prices["vpc.nat_gateway"],
    Decimal("1.5"),
    (day(1), day(2)),
    resource_id="nat-1",
    account="1",
)
# Column, and whether the specification (1.2) lets it be null, of every Mandatory column.
MANDATORY = {
    "BilledCost": False, "BillingAccountId": False, "BillingAccountName": True, "BillingCurrency": False,
    "BillingPeriodEnd": False, "BillingPeriodStart": False, "ChargeCategory": False, "ChargeClass": True,
    "ChargeDescription": True, "ChargePeriodEnd": False, "ChargePeriodStart": False, "ContractedCost": False,
    "EffectiveCost": False, "InvoiceIssuerName": False, "ListCost": False, "PricingQuantity": True,
    "PricingUnit": True, "ProviderName": False, "PublisherName": False, "ServiceCategory": False, "ServiceName": False,
}  # fmt: skip


def test_every_mandatory_column_is_there_and_null_only_where_it_may_be() -> None:
    found = rows.focus(ROW, BOOK, PERIOD)
    assert set(found) == set(rows.COLUMNS)
    for column, nullable in MANDATORY.items():
        assert nullable or found[column] not in (None, ""), column


def test_columns_of_ones_own_are_marked() -> None:
    known = [column for column in rows.COLUMNS if not column.startswith("x_")]
    assert all(column[0].isupper() and column.isalnum() for column in known)
    assert [column for column in rows.COLUMNS if column not in known] == [
        column for column in rows.COLUMNS if column.startswith("x_")
    ]


def test_price_times_quantity_is_the_cost() -> None:
    found = rows.focus(ROW, BOOK, PERIOD)
    assert found["ListUnitPrice"] * found["PricingQuantity"] == found["ListCost"] == Decimal("0.0675")
    assert found["BilledCost"] == found["EffectiveCost"] == found["ContractedCost"] == found["ListCost"]


def test_periods_are_half_open_and_in_utc() -> None:
    found = rows.focus(ROW, BOOK, PERIOD)
    assert (found["BillingPeriodStart"], found["BillingPeriodEnd"]) == ("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z")
    assert (found["ChargePeriodStart"], found["ChargePeriodEnd"]) == ("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z")


def test_counted_things_are_consumed_singly_and_priced_in_packs() -> None:
    row = rows.priced(Origin.METERED, OWNER, BOOK.prices["lambda.requests"], Decimal("0.5"), (day(1), day(2)))
    found = rows.focus(row, BOOK, PERIOD)
    assert (found["ConsumedQuantity"], found["ConsumedUnit"]) == (500_000, "Requests")
    assert (found["PricingQuantity"], found["PricingUnit"]) == (Decimal("0.5"), "1000000 Requests")


def test_csv_keeps_amounts_and_tags() -> None:
    (read,) = csv.DictReader(io.StringIO(rows.to_csv([ROW], BOOK, PERIOD)))
    assert read["BilledCost"] == "0.0675"
    assert json.loads(read["Tags"]) == OWNER.tags
    assert read["ChargeClass"] == ""
    assert read["x_PriceSource"].startswith("https://")


@pytest.mark.parametrize(
    ("value", "text"), [("0", "0"), ("1E+3", "1000"), ("0.0450", "0.045"), ("1E-12", "0.000000000001"), ("120", "120")]
)
def test_numbers_are_written_without_exponent(value: str, text: str) -> None:
    assert rows.number(Decimal(value)) == text
