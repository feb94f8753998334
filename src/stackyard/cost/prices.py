"""Price books: dated list prices, each with its unit and where it was read. The files are in `books/`.

Units are those of the FOCUS specification (attribute UnitFormat): `Hours`, `GB-Months`, `1000000 Requests`.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from stackyard import errors
from stackyard.estate import documents
from stackyard.estate.documents import Node
from stackyard.model import diagnostics
from stackyard.model.diagnostics import Diagnostic

FORMAT: Final = 1
FOLDER: Final = Path(__file__).parent / "books"
DEFAULT: Final = "aws-us-east-1"
HOURS_A_MONTH: Final = Decimal(730)
"""What is taken for a month where no calendar month is meant, as price lists do."""
_CATEGORIES: Final = """
AI and Machine Learning, Analytics, Business Applications, Compute, Databases, Developer Tools, Multicloud, Identity,
Integration, Internet of Things, Management and Governance, Media, Migration, Mobile, Networking, Security, Storage,
Web, Other
"""
CATEGORIES: Final = frozenset(name.strip() for name in _CATEGORIES.split(","))
_UNIT: Final = re.compile(r"(?:(?P<count>[1-9][0-9]*) )?(?P<what>[A-Za-z]+(?:-(?P<time>Hours|Months|Seconds))?)")
_BASES: Final = {"published", "article", "recalled"}
_BOOK_KEYS: Final = {"version", "name", "provider", "region", "region_name", "currency", "date", "services"}
_SHARED: Final = {"service", "category", "source", "read", "basis", "confirmed_by"}
_PRICE_KEYS: Final = _SHARED | {"unit", "price", "about"}


@dataclasses.dataclass(frozen=True, slots=True)
class Price:
    """One list price: `amount` of the book's currency for one `unit`.

    `basis` is `published` (read on `source`), `article` (found in `confirmed_by`) or `recalled`; `read` is when.
    """

    key: str
    amount: Decimal
    unit: str
    about: str
    service: str
    category: str
    source: str
    read: datetime.date
    basis: str
    confirmed_by: str = ""

    @property
    def per(self) -> int:
        """How many counted things one unit is: 1000000 for `1000000 Requests`."""
        match = _UNIT.fullmatch(self.unit)
        return int(match["count"] or 1) if match else 1

    @property
    def time(self) -> str:
        """`Hours`, `Months` or `Seconds` when the price is for time; else empty."""
        match = _UNIT.fullmatch(self.unit)
        return "Hours" if self.unit == "Hours" else (match["time"] or "") if match else ""

    def monthly(self, quantity: Decimal) -> Decimal:
        """What `quantity` of it costs when it stands for a month of 730 hours. Raises ValueError for other units."""
        if self.time not in ("Hours", "Months"):
            raise ValueError(f"{self.key} is priced by {self.unit}, which does not stand")
        return self.amount * quantity * (HOURS_A_MONTH if self.time == "Hours" else 1)


@dataclasses.dataclass(frozen=True, slots=True)
class PriceBook:
    """The prices of one region of one provider on one day."""

    name: str
    provider: str
    region: str
    region_name: str
    currency: str
    date: datetime.date
    prices: Mapping[str, Price]

    def price(self, key: str) -> Price | None:
        """The price of that name; None when the book has none."""
        return self.prices.get(key)

    @property
    def recalled(self) -> tuple[str, ...]:
        """The prices that were neither read at their source nor found in an article."""
        return tuple(sorted(key for key, price in self.prices.items() if price.basis == "recalled"))


def load(name: str = DEFAULT, folders: tuple[Path, ...] = ()) -> PriceBook:
    """The book of that name: `<name>.yaml` in the first of `folders` that has it, else the product's own.

    Raises DiagnosedError with every fault of the file, UsageError when there is no such book.
    """
    for folder in (*folders, FOLDER):
        path = folder / f"{name}.yaml"
        if path.is_file():
            return read(path.read_text(encoding="utf-8"), str(path))
    known = sorted({path.stem for folder in (*folders, FOLDER) for path in folder.glob("*.yaml")})
    raise errors.UsageError(f"there is no price book {name!r}", hint=f"there are: {', '.join(known)}")


def read(text: str, path: str) -> PriceBook:
    """The book that `text` says; `path` is how faults name it. Raises DiagnosedError with every fault."""
    document = documents.parse(text, path)
    reader = _Reader(path)
    reader.faults += document.diagnostics
    book = None if document.root is None else reader.book(document.root)
    if document.root is None and not reader.faults:
        reader.faults.append(diagnostics.error("the price book is empty", position=errors.Position(path, 1)))
    if reader.faults or book is None:
        raise errors.DiagnosedError(reader.faults)
    return book


class _Reader:
    def __init__(self, path: str) -> None:
        self.path = path
        self.faults: list[Diagnostic] = []

    def fault(self, node: Node, message: str, hint: str = "") -> None:
        self.faults.append(diagnostics.error(message, hint=hint, position=node.position))

    def book(self, root: Node) -> PriceBook | None:
        fields = self._mapping(root, _BOOK_KEYS, "a price book")
        if "version" in fields and fields["version"].scalar != FORMAT:
            self.fault(fields["version"], f"version {fields['version'].text} of price books is not known: it is 1")
            return None
        for key in sorted(_BOOK_KEYS - fields.keys() - {"region_name"}):
            self.fault(root, f"a price book needs {key!r}")
        currency = self._text(fields, "currency")
        if currency and not re.fullmatch(r"[A-Z]{3}", currency):
            self.fault(fields["currency"], f"{currency!r} is not a currency code such as USD (ISO 4217)")
        prices = self._prices(fields["services"]) if "services" in fields else {}
        names = {key: self._text(fields, key) for key in ("name", "provider", "region", "region_name")}
        return PriceBook(**names, currency=currency, date=self._date(fields.get("date")), prices=prices)

    def _prices(self, services: Node) -> dict[str, Price]:
        found: dict[str, Price] = {}
        for node in self._mapping(services, None, "services").values():
            fields = self._mapping(node, _SHARED | {"prices"}, "a service")
            shared = {key: value for key, value in fields.items() if key in _SHARED}
            for key, value in self._mapping(fields.get("prices", node), None, "prices").items():
                if key in found:
                    self.fault(value, f"{key} has a price already")
                price = self._price(key, value, shared)
                if price is not None:
                    found[key] = price
        return found

    def _price(self, key: str, node: Node, shared: Mapping[str, Node]) -> Price | None:
        own = self._mapping(node, _PRICE_KEYS, f"the price {key}")
        fields = {**shared, **own}
        if missing := sorted(_PRICE_KEYS - fields.keys() - {"confirmed_by"}):
            self.fault(node, f"the price {key} lacks {', '.join(missing)}", "here or at its service")
            return None
        texts = {name: self._text(fields, name) for name in _SHARED - {"read"} | {"unit", "about"}}
        if texts["basis"] == "recalled":
            texts["confirmed_by"] = ""
        before = len(self.faults)
        for fault, at in self._wrong(texts):
            self.fault(fields[at], f"the price {key}: {fault}")
        amount, date = self._amount(fields["price"]), self._date(fields["read"])
        if len(self.faults) > before or amount is None:
            return None
        return Price(key, amount=amount, read=date, **texts)

    def _wrong(self, texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        if not _UNIT.fullmatch(texts["unit"]):
            yield f"{texts['unit']!r} is not a unit such as Hours, GB-Months or 1000000 Requests", "unit"
        if texts["category"] not in CATEGORIES:
            yield f"{texts['category']!r} is not a ServiceCategory of FOCUS", "category"
        if texts["basis"] not in _BASES:
            yield f"basis is one of {', '.join(sorted(_BASES))}", "basis"
        if not texts["source"].startswith("https://"):
            yield "source is the address of the page that sets the price", "source"
        if texts["basis"] == "article" and not texts["confirmed_by"].startswith("https://"):
            yield "an article is named by its address in confirmed_by", "basis"

    def _amount(self, node: Node) -> Decimal | None:
        try:
            amount = Decimal(node.text)
        except InvalidOperation:
            amount = Decimal(-1)
        if node.kind not in ("integer", "number", "string") or not amount.is_finite() or amount < 0:
            self.fault(node, "a price is a number of 0 or more")
            return None
        return amount

    def _date(self, node: Node | None) -> datetime.date:
        if node is not None:
            try:
                return datetime.date.fromisoformat(node.text)
            except ValueError:
                self.fault(node, f"{node.text!r} is not a date such as 2026-11-21")
        return datetime.date.min

    def _text(self, fields: Mapping[str, Node], key: str) -> str:
        node = fields.get(key)
        if node is None:
            return ""
        if node.kind in ("mapping", "list", "null"):
            self.fault(node, f"{key} is text")
            return ""
        return node.text

    def _mapping(self, node: Node, known: set[str] | None, what: str) -> dict[str, Node]:
        if node.fields is None:
            self.fault(node, f"{what} is a mapping, not a {node.kind}")
            return {}
        if known is not None:
            for key in node.fields.keys() - known:
                position = node.keys.get(key, node.position)
                message = f"{what} has no key {key!r}"
                self.faults.append(
                    diagnostics.error(message, hint=f"it has: {', '.join(sorted(known))}", position=position)
                )
        return dict(node.fields)
