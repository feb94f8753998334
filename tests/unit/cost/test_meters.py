"""Counts are charged to whom the resource belongs to, or to the environment that called."""

from __future__ import annotations

import dataclasses
import datetime
from decimal import Decimal

from stackyard.cloud.client.usage import Count
from stackyard.cost import meters, periods, prices, rows, usage
from stackyard.cost.owners import Owner
from stackyard.cost.usage import Kind
from stackyard.model.resources import Resource
from stackyard.model.values import Secret
from tests.unit.cost.making import day, past, resource

SITE = {"Layer": "sites", "Organization": "acme", "Project": "site_instances", "CostOwner": "acme-finance"}
PROD = {"Layer": "environments", "Organization": "acme", "Project": "shop", "HostedEnvironment": "prod"}
BUCKET, ROLE = "arn:aws:s3:::data", "arn:aws:iam::222:role/shop.prod"
ACCOUNTS = {"222": Owner("sites", "acme", cost_owner="acme"), "111": Owner("fabric", "platform")}
BOOK = prices.load()
NOVEMBER = periods.month("2026-11", day(1, month=12))


def _has(made: Resource, arn: object) -> Resource:
    return dataclasses.replace(made, outputs={"arn": arn})


KNOWN = meters.places([
    past(
        (day(1), [_has(resource("s3.Bucket", "gone", tags=PROD), "arn:aws:s3:::gone")]),
        (
            day(2),
            [
                _has(resource("s3.Bucket", "data", tags=SITE), Secret(BUCKET)),
                _has(resource("iam.Role", "role", tags=PROD), "arn:aws:iam::222:role/site/shop.prod"),
                _has(resource("cloudwatch.LogGroup", "logs", tags=PROD), "arn:aws:logs:r:222:log-group:/l:*"),
                resource("ec2.Eip", "nothing"),
            ],
        ),
    )
])  # fmt: skip


def count(kind: Kind, resource_: str = BUCKET, caller: str = "", amount: str = "1", **given: object) -> Count:
    made = Count("222", kind, resource_, caller, Decimal(amount), day(3, 10), day(3, 11))
    return dataclasses.replace(made, **given)  # type: ignore[arg-type]


def owners(*counts: Count) -> list[Owner | None]:
    used, _ = meters.charged(counts, KNOWN, ACCOUNTS)
    return [use.owner for use in used]


def test_states_say_whose_an_arn_is_also_when_it_is_gone() -> None:
    assert set(KNOWN) == {BUCKET, ROLE, "arn:aws:s3:::gone", "arn:aws:logs:r:222:log-group:/l"}
    assert KNOWN[BUCKET].owner == Owner("sites", "acme", "site_instances", "", "acme-finance")
    assert (KNOWN[BUCKET].name, KNOWN[BUCKET].stack) == ("data", "shop/dev")
    assert KNOWN["arn:aws:s3:::gone"].owner.environment == "prod"


def test_tags_decide_and_what_is_shared_is_charged_to_the_environment_that_calls() -> None:
    [by_nobody] = owners(count(Kind.REQUESTS))
    [by_prod] = owners(count(Kind.REQUESTS, caller=ROLE))
    assert by_nobody == KNOWN[BUCKET].owner
    assert by_prod == KNOWN[ROLE].owner
    [own] = owners(count(Kind.REQUESTS, "arn:aws:s3:::gone", caller="arn:aws:iam::222:role/other"))
    assert own is not None
    assert own.environment == "prod"


def test_another_organizations_role_is_not_who_pays() -> None:
    theirs = {
        "arn:aws:iam::333:role/r": dataclasses.replace(KNOWN[ROLE], owner=Owner("environments", "globex", "p", "e"))
    }
    used, _ = meters.charged([count(Kind.REQUESTS, caller="arn:aws:iam::333:role/r")], {**KNOWN, **theirs}, ACCOUNTS)
    assert [use.organization for use in used] == ["acme"]


def test_what_no_state_knows_is_its_accounts_and_of_strangers_nobodys() -> None:
    assert owners(count(Kind.REQUESTS, "arn:aws:s3:::by-hand")) == [ACCOUNTS["222"]]
    used, strange = meters.charged([count(Kind.REQUESTS, "", account="999")], KNOWN, ACCOUNTS)
    assert (used, strange) == ((), ("999",))
    [gone], strange = meters.charged([count(Kind.REQUESTS, "arn:aws:s3:::gone", account="999")], KNOWN, ACCOUNTS)
    assert (gone.organization, strange) == ("acme", ()), "a resource that is known is its owner's, whatever the account"


def test_callers_of_one_owner_are_added_up_and_kinds_that_are_not_known_left_out() -> None:
    later = count(Kind.REQUESTS, caller="arn:aws:iam::222:role/admin", amount="4", end=day(5))
    unknown = dataclasses.replace(later, kind="light_years")
    [use], _ = meters.charged([count(Kind.REQUESTS), later, unknown], KNOWN, ACCOUNTS)
    assert (use.amount, use.start, use.end) == (5, day(3, 10), day(5))


def test_a_request_costs_what_the_book_says_and_keeps_its_resource() -> None:
    counts = [
        count(Kind.REQUESTS, amount="1000"),
        count(Kind.READ_REQUESTS, amount="1"),
        count(Kind.TABLE_READS, amount="0.5"),
    ]
    used, _ = meters.charged(counts, KNOWN, ACCOUNTS)
    found, unpriced = usage.to_rows(used, BOOK, NOVEMBER)
    costs = {row.price.key: row.cost for row in found}
    assert costs == {
        "s3.requests.write": Decimal("0.005"), "s3.requests.read": Decimal("0.0000004"),
        "dynamodb.reads": Decimal("0.0000000625"),
    }  # fmt: skip
    assert unpriced == ()
    focused = rows.focus(found[0], BOOK, NOVEMBER)
    assert (focused["ResourceId"], focused["ResourceName"], focused["x_CostOwner"]) == (BUCKET, "data", "acme-finance")
    read = next(row for row in found if row.price.key == "s3.requests.read")
    assert rows.focus(read, BOOK, NOVEMBER)["ConsumedQuantity"] == 1


def test_what_moves_inside_the_region_is_shown_and_costs_nothing() -> None:
    used, _ = meters.charged(
        [count(Kind.BYTES_INSIDE, amount="5"), count(Kind.BYTES_MOVED, amount="5")], KNOWN, ACCOUNTS
    )
    found, _ = usage.to_rows(used, BOOK, NOVEMBER)
    inside, moved = sorted(found, key=lambda row: row.cost)
    assert (inside.cost, inside.price.key, inside.approximate) == (0, "transfer.region", "")
    assert moved.cost > 0
    assert moved.approximate == meters.THROUGH_NAT


def test_a_count_belongs_to_the_month_it_began_in() -> None:
    before = count(Kind.REQUESTS, start=day(31, month=10), end=day(31, month=10) + datetime.timedelta(hours=1))
    used, _ = meters.charged([before], KNOWN, ACCOUNTS)
    assert usage.to_rows(used, BOOK, NOVEMBER) == ((), ())
