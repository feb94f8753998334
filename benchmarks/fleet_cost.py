"""What a simulated fleet of organizations costs by layer, beside what is expected of it, and how that grows.

    python -m benchmarks.fleet_cost [--organizations 10 50 100]

Nothing runs: resources and runs are made up from `fleet_profile.yaml` and go through the same metering, pricing and
allocation as a real estate's. Expected is what the platform was designed for: activated environments are 80-90 % of
the cost, the fabric grows slower than the number of projects, sites stay low, hosted projects grow with their number.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import yaml

from stackyard.cost import allocation, periods, prices, reports, standing, usage
from stackyard.cost.owners import SHARED, Owner
from stackyard.cost.periods import Period
from stackyard.cost.prices import PriceBook
from stackyard.cost.reports import By, Line
from stackyard.cost.rows import Row, total
from stackyard.cost.standing import Past, State
from stackyard.cost.usage import GIB, Kind, RunTime, Usage
from stackyard.model.resources import Resource
from stackyard.model.urns import URN

RESULTS: Final = Path(__file__).parent / "results" / "fleet_cost.json"
PROFILE: Final = Path(__file__).parent / "fleet_profile.yaml"
LAYERS: Final = reports.ORDER
BUSY: Final = (Decimal("0.25"), Decimal(1), Decimal(4))
"""How much more or less than assumed the fleet runs, to see what the shares depend on."""
_BYTES: Final = {"image_gb": Kind.IMAGE_BYTES_STORED, "file_gb": Kind.FILE_BYTES_STORED, "log_gb": Kind.LOG_BYTES}


@dataclasses.dataclass(frozen=True, slots=True)
class Fleet:
    """One size of the fleet and what it costs a month."""

    organizations: int
    projects: int
    environments: int
    lines: tuple[Line, ...]
    rows: int
    seconds: float
    dearest: tuple[str, Decimal]
    cheapest: tuple[str, Decimal]

    @property
    def total(self) -> Decimal:
        """All layers together."""
        return sum((line.total for line in self.lines), Decimal(0))

    def of(self, layer: str) -> Decimal:
        """What one layer costs."""
        return sum((line.total for line in self.lines if line.name == layer), Decimal(0))

    def part(self, layer: str) -> Decimal:
        """A layer's share of all, in percent."""
        return self.of(layer) / self.total * 100


def profile() -> Mapping[str, Any]:
    """The assumptions, as their file has them."""
    found: Mapping[str, Any] = yaml.safe_load(PROFILE.read_text(encoding="utf-8"))
    return found


def simulate(organizations: int, given: Mapping[str, Any], book: PriceBook, busy: Decimal = Decimal(1)) -> Fleet:
    """One month of a fleet of that many organizations; `busy` multiplies every number of runs."""
    began = time.perf_counter()
    text = str(given["month"])
    period = periods.month(text, datetime.datetime(2100, 1, 1, tzinfo=periods.UTC))
    names = [f"organization-{number:03}" for number in range(organizations)]
    stood = standing.stood(list(_pasts(names, given, period)), book, period)
    metered, unpriced = usage.to_rows(_used(names, given, period, busy), book, period)
    if stood.unpriced or unpriced:
        raise ValueError(f"without a price: {stood.unpriced} {unpriced}")
    rows: Sequence[Row] = (*stood.rows, *metered)
    targets = [
        (name, project, each) for name in names for project in _projects(given) for each in given["environments"]
    ]
    charged = allocation.allocated(rows, targets)
    if total(charged) != total(rows):
        raise AssertionError("allocation lost or made something")
    bills = reports.lines(charged, By.ORGANIZATION)
    return Fleet(
        organizations,
        organizations * int(given["projects_an_organization"]),
        len(targets),
        reports.lines(rows, By.LAYER),
        len(charged),
        time.perf_counter() - began,
        (bills[0].name, bills[0].total),
        (bills[-1].name, bills[-1].total),
    )


def _projects(given: Mapping[str, Any]) -> list[str]:
    return [f"project-{number}" for number in range(int(given["projects_an_organization"]))]


def _pasts(names: Sequence[str], given: Mapping[str, Any], period: Period) -> Iterator[Past]:
    yield _past("fabric", Owner("fabric", SHARED), given["fabric"]["standing"], period)
    for name in names:
        yield _past(name, Owner("sites", name), given["site"]["standing"], period)
        for project in _projects(given):
            yield _past(f"{name}.{project}", Owner("projects", name, project), given["project"]["standing"], period)
            for environment in given["environments"]:
                owner = Owner("environments", name, project, environment)
                yield _past(f"{name}.{project}.{environment}", owner, given["environment_standing"], period)


def _past(stack: str, owner: Owner, counts: Mapping[str, int], period: Period) -> Past:
    made = [_resource(stack, type_, index) for type_, count in counts.items() for index in range(count)]
    return Past(stack, owner, "", (State(period.start, tuple(made)),))


def _resource(stack: str, type_: str, index: int) -> Resource:
    service, name = type_.split(".")
    token = f"aws:{service}/{name[0].lower()}{name[1:]}:{name}"
    urn = URN.make("Production", stack, "", token, str(index))
    return Resource(urn, token, True, id=f"{stack}-{index}", created="2020-01-01T00:00:00Z")


def _used(names: Sequence[str], given: Mapping[str, Any], period: Period, busy: Decimal) -> Iterator[Usage]:
    fabric, count = given["fabric"], len(names)
    amounts = {key: Decimal(str(value)) for key, value in fabric["constant"].items()}
    for key, value in fabric["per_organization"].items():
        amounts[key] = amounts.get(key, Decimal(0)) + Decimal(str(value)) * count
    for key, value in fabric["per_project"].items():
        amounts[key] = amounts.get(key, Decimal(0)) + Decimal(str(value)) * count * len(_projects(given))
    for key, value in amounts.items():
        kind = _BYTES.get(key) or Kind(key)
        yield _use((SHARED, "", ""), kind, value * (GIB if key in _BYTES else 1), period, "fabric")
    for number, name in enumerate(names):
        factor = busy * Decimal(str(given["activity"][number % len(given["activity"])]))
        site = given["site"]
        yield _held((name, "", ""), Kind.BYTES_STORED, site["stored_gb"], period)
        yield _held((name, "", ""), Kind.LOG_BYTES, site["log_gb"], period)
        for project in _projects(given):
            yield _held((name, project, ""), Kind.BYTES_STORED, given["project"]["stored_gb"], period)
            yield _use((name, project, ""), Kind.REQUESTS, Decimal(given["project"]["requests"]), period)
            for environment, about in given["environments"].items():
                yield from _environment((name, project, environment), about, given, period, factor)


def _environment(
    whose: tuple[str, str, str], about: Mapping[str, Any], given: Mapping[str, Any], period: Period, factor: Decimal
) -> Iterator[Usage]:
    runs = Decimal(str(about["runs_a_month"])) * factor
    ended = period.start + datetime.timedelta(minutes=about["minutes"])
    one = RunTime(*whose, "run", about["cpu"], about["memory_mb"], period.start, ended)
    for each in usage.of_run(one, period.end):
        yield dataclasses.replace(each, amount=each.amount * runs)
    hours = min(runs, period.units("Hours", period.start, period.whole_end))
    hour = datetime.timedelta(hours=1)
    metrics = Decimal(given["metrics_a_run"]) * hours
    yield Usage(*whose, Kind.METRICS, metrics, period.start, period.start + hour, "metrics")
    yield _held(whose, Kind.BYTES_STORED, about["stored_gb"], period)
    mib = Decimal(2**20)
    yield _use(whose, Kind.LOG_BYTES, Decimal(str(about["log_mb_a_run"])) * mib * runs, period)
    yield _use(whose, Kind.BYTES_MOVED, Decimal(str(about["moved_mb_a_run"])) * mib * runs, period)
    yield _use(whose, Kind.REQUESTS, Decimal(given["requests_a_run"]) * runs, period)


def _held(whose: tuple[str, str, str], kind: Kind, gb: float, period: Period) -> Usage:
    return _use(whose, kind, Decimal(str(gb)) * GIB, period)


def _use(whose: tuple[str, str, str], kind: Kind, amount: Decimal, period: Period, source: str = "assumed") -> Usage:
    return Usage(*whose, kind, amount, period.start, period.whole_end, source)


def main() -> None:
    """Print the tables and keep them as data."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--organizations", type=int, nargs="+", default=[10, 50, 100])
    given, book = profile(), prices.load()
    sizes = parser.parse_args([] if __name__ != "__main__" else None).organizations
    fleets = [simulate(size, given, book) for size in sizes]
    for fleet in fleets:
        _print(fleet)
    _print_growth(fleets)
    busier = [(busy, simulate(sizes[-1], given, book, busy)) for busy in BUSY]
    print(f"\nThe share of activated environments of {sizes[-1]} organizations, if they run")
    for busy, fleet in busier:
        print(f"  {busy:>4} times as often as assumed: {fleet.part('environments'):5.1f} % of {fleet.total:10,.2f} USD")
    _keep(fleets, given, book)


def _print(fleet: Fleet) -> None:
    size = f"{fleet.organizations} organizations, {fleet.projects} projects, {fleet.environments} environments"
    print(f"\n{size}: {fleet.total:,.2f} USD a month ({fleet.rows:,} rows in {fleet.seconds:.1f} s)")
    print(f"  {'layer':14}{'standing':>12}{'metered':>12}{'total':>12}{'part':>9}   expected")
    expected = {"fabric": "sub-linear", "sites": "low", "projects": "linear", "environments": "80-90 %"}
    for line in fleet.lines:
        numbers = f"{line.standing:12,.2f}{line.metered:12,.2f}{line.total:12,.2f}{fleet.part(line.name):7.1f} %"
        print(f"  {line.name:14}{numbers}   {expected[line.name]}")
    print(f"  with their share of the fabric: {fleet.dearest[1]:,.2f} (busiest) to {fleet.cheapest[1]:,.2f} USD each")


def _print_growth(fleets: Sequence[Fleet]) -> None:
    print("\nUSD a month a project, as the fleet grows")
    print(f"  {'organizations':14}" + "".join(f"{fleet.organizations:>12}" for fleet in fleets))
    for layer in LAYERS:
        print(f"  {layer:14}" + "".join(f"{fleet.of(layer) / fleet.projects:12.4f}" for fleet in fleets))


def _keep(fleets: Sequence[Fleet], given: Mapping[str, Any], book: PriceBook) -> None:
    found = [
        {
            "organizations": fleet.organizations,
            "projects": fleet.projects,
            "environments": fleet.environments,
            "total": round(float(fleet.total), 2),
            "layers": {line.name: round(float(line.total), 2) for line in fleet.lines},
            "parts": {line.name: round(float(fleet.part(line.name)), 1) for line in fleet.lines},
        }
        for fleet in fleets
    ]
    RESULTS.parent.mkdir(exist_ok=True)
    about = {"currency": book.currency, "price_book": f"{book.name} {book.date}", "profile": str(given["date"])}
    RESULTS.write_text(json.dumps({**about, "fleets": found}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
