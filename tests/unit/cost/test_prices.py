"""The price book is sound and traceable, and a malformed one is refused with file and line."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal
from pathlib import Path

import pytest

from stackyard import errors
from stackyard.cost import prices, usage

BOOK = """\
version: 1
name: mine
provider: AWS
region: mars-1
currency: USD
date: 2026-11-21
services:
  vpc:
    service: Amazon Virtual Private Cloud
    category: Networking
    source: https://aws.amazon.com/vpc/pricing/
    read: 2026-11-20
    basis: published
    prices:
      vpc.nat_gateway: { unit: Hours, price: 0.1, about: NAT gateway }
"""


def faults(text: str) -> list[str]:
    """What is wrong with a book, one line each."""
    with pytest.raises(errors.DiagnosedError) as caught:
        prices.read(text, "prices/mine.yaml")
    return [str(each) for each in caught.value.diagnostics]


def test_the_products_own_book_says_of_every_price_where_it_is_from() -> None:
    book = prices.load()
    assert (book.name, book.currency, book.region) == ("aws-us-east-1", "USD", "us-east-1")
    for price in book.prices.values():
        assert price.source.startswith("https://aws.amazon.com/"), price.key
        assert price.read <= book.date, price.key
        assert price.basis != "article" or price.confirmed_by.startswith("https://"), price.key
        assert price.basis == "article" or not price.confirmed_by, price.key
    assert "ec2.instance.m5.large" in book.recalled
    assert "fargate.vcpu" not in book.recalled


def test_every_kind_of_use_has_a_price_in_the_products_book() -> None:
    book = prices.load()
    for kind in usage.Kind:
        tariff = usage.TARIFFS[kind]
        price = book.price(tariff.price)
        assert price is not None, kind
        if kind not in usage.HELD:
            # One unit of the price is `each` of the amount: a thousand requests, 3600 seconds, 2**30 bytes.
            assert tariff.each in (price.per, 3600, usage.GIB), kind


def test_prices_are_exact_and_know_their_units() -> None:
    book = prices.load()
    gateway, calls, key = (book.prices[name] for name in ("vpc.nat_gateway", "lambda.requests", "kms.key"))
    assert gateway.monthly(Decimal(1)) == Decimal("32.85")
    assert key.monthly(Decimal(2)) == 2
    assert (calls.per, calls.time) == (1_000_000, "")
    assert book.prices["lambda.memory"].amount == Decimal("0.0000166667")
    with pytest.raises(ValueError, match="does not stand"):
        calls.monthly(Decimal(1))


def test_a_book_of_ones_own_comes_before_the_products(tmp_path: Path) -> None:
    (tmp_path / "aws-us-east-1.yaml").write_text(BOOK)
    book = prices.load("aws-us-east-1", (tmp_path,))
    assert book.prices["vpc.nat_gateway"].amount == Decimal("0.1")
    assert book.prices["vpc.nat_gateway"].read == datetime.date(2026, 11, 20)
    with pytest.raises(errors.UsageError) as caught:
        prices.load("gcp", (tmp_path,))
    assert "aws-us-east-1" in caught.value.hint


@pytest.mark.parametrize(
    ("was", "becomes", "line", "message"),
    [
        ("version: 1", "version: 2", 1, "version 2 of price books is not known"),
        ("currency: USD", "currency: dollars", 5, "not a currency code"),
        ("date: 2026-11-21", "date: yesterday", 6, "not a date"),
        ("unit: Hours", "unit: per hour", 15, "not a unit"),
        ("price: 0.1", "price: cheap", 15, "a price is a number"),
        ("price: 0.1", "price: -1", 15, "a price is a number"),
        ("price: 0.1", "prize: 0.1", 15, "has no key 'prize'"),
        ("about: NAT gateway", "about: [1]", 15, "about is text"),
        ("category: Networking", "category: Wires", 10, "ServiceCategory"),
        ("basis: published", "basis: hearsay", 13, "basis is one of"),
        ("basis: published", "basis: article", 13, "named by its address"),
        ("source: https://aws.amazon.com/vpc/pricing/", "source: a friend", 11, "the address of the page"),
        ("    service: Amazon Virtual Private Cloud\n", "", 14, "lacks service"),
        ("provider: AWS\n", "", 1, "needs 'provider'"),
    ],
)
def test_a_malformed_book_is_refused_at_its_line(was: str, becomes: str, line: int, message: str) -> None:
    assert was in BOOK
    found = faults(BOOK.replace(was, becomes))
    assert any(re.match(rf"prices/mine\.yaml:{line}:\d+: ", each) and message in each for each in found), found


def test_an_empty_book_and_a_broken_one_are_refused() -> None:
    assert "empty" in faults("")[0]
    assert "prices/mine.yaml:3:1: error: malformed YAML" in faults("version: 1\nname: [\n")[0]
    assert any("currency" in each for each in faults("version: 1\n"))
