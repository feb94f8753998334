"""Cost as people read it: a table of a report, the lines of a preview; and the same as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

from stackyard.cost import rows
from stackyard.cost.budgets import Finding, Verdict
from stackyard.cost.deltas import Delta
from stackyard.cost.prices import PriceBook
from stackyard.cost.reports import Line, Report
from stackyard.views import tables
from stackyard.views.painting import PLAIN, Painter, clean, plural

_SMALLEST: Final = Decimal("0.0001")
_CENT: Final = Decimal("0.01")
_SHOWN: Final = 60


def amount(value: Decimal) -> str:
    """`1,234.50`; below a cent four digits after the point, and `<0.0001` rather than a nothing that is not."""
    size = abs(value)
    if value == 0 or size >= _CENT:
        return f"{value:,.2f}"
    if size >= _SMALLEST:
        return f"{value:.4f}"
    return "<0.0001" if value > 0 else ">-0.0001"


def money(value: Decimal, currency: str) -> str:
    """`33.85 USD`."""
    return f"{amount(value)} {currency}"


def render(report: Report, painter: Painter = PLAIN, columns: int = 0) -> list[str]:
    """The lines of a report: the table, the total, what has no price, what is approximate, the prices' origin."""
    lines = [painter.paint(_title(report), "bold")]
    lines += _table(report, painter, columns) if report.lines else ["nothing was charged for"]
    lines += [_total(report, painter)]
    return [*lines, *_remarks(report, painter), *budgets(report.budgets, report.book.currency, painter)]


def _total(report: Report, painter: Painter) -> str:
    currency = report.book.currency
    rate = "" if report.period.is_over else f"; what stands now costs {money(report.monthly, currency)} a month"
    return f"{painter.paint('Total:', 'bold')} {money(report.total, currency)}{rate}"


def _title(report: Report) -> str:
    until = "" if report.period.is_over else f", up to {report.period.end:%Y-%m-%d %H:%M} UTC"
    return f"Cost of {report.period.name} by {report.by}{until} ({report.book.currency})"


def _table(report: Report, painter: Painter, columns: int) -> list[str]:
    whole = report.total
    shown = report.lines[:_SHOWN]
    wanted = {
        str(report.by).upper(): True,
        "STANDING": True,
        "METERED": True,
        "SHARE OF FABRIC": any(line.allocated for line in report.lines),
        "TOTAL": True,
        "PART": True,
        "A MONTH": not report.period.is_over,
    }
    keep = [index for index, is_wanted in enumerate(wanted.values()) if is_wanted]
    header = [list(wanted)[index] for index in keep]
    cells = [[_cells(line, whole)[index] for index in keep] for line in shown]
    lines = tables.render(header, cells, painter, right=range(1, len(keep)), columns=columns)
    hidden = len(report.lines) - len(shown)
    return [*lines, *([painter.paint(f"… and {hidden} more", "dim")] if hidden else [])]


def _cells(line: Line, whole: Decimal) -> list[str]:
    part = f"{line.total / whole * 100:.1f} %" if whole else ""
    amounts = map(amount, (line.standing, line.metered, line.allocated, line.total))
    return [clean(line.name), *amounts, part, amount(line.monthly)]


def _remarks(report: Report, painter: Painter) -> Iterator[str]:
    for each in report.unpriced:
        yield painter.paint(f"no price: {plural(each.count, 'resource')} of {each.what} ({each.why})", "yellow")
    for each_note in (*report.notes, *(f"approximate: {about}" for about in report.approximate)):
        yield painter.paint(clean(each_note), "yellow")
    by_use = ", ".join(f"{count} {what}" for what, count in report.metered_by_use)
    if by_use:
        yield painter.paint(f"charged by use alone: {by_use}", "dim")
    yield painter.paint(f"free: {plural(report.free, 'resource')}", "dim")
    about = f"list prices of {report.book.name} of {report.book.date}, without free tiers and discounts"
    recalled = sorted({row.price.key for row in report.rows if row.price.basis == "recalled"})
    doubt = f"; recalled, not looked up again: {', '.join(recalled)}" if recalled else ""
    yield painter.paint(f"{about}{doubt}", "dim")


def budgets(found: Sequence[Finding], currency: str, painter: Painter = PLAIN) -> Iterator[str]:
    """One line for each budget that is not simply kept."""
    for each in found:
        if each.verdict is Verdict.WITHIN:
            continue
        style = "red" if each.verdict is Verdict.EXCEEDED else "yellow"
        percent = f"{each.percent:.0f} %" if each.percent.is_finite() else "all"
        spent = f"{amount(each.spent)} of {money(each.monthly, currency)}"
        call = f": {each.call}" if each.call else ""
        yield painter.paint(f"budget {each.verdict}: {each.organization} has spent {percent} ({spent}){call}", style)


def document(report: Report, *, with_rows: bool = True) -> dict[str, Any]:
    """A report as JSON carries it: amounts as text in plain notation, rows by FOCUS's columns."""
    found: dict[str, Any] = {
        "month": report.period.name,
        "until": report.period.end.isoformat(),
        "by": report.by.value,
        "currency": report.book.currency,
        "price_book": {"name": report.book.name, "date": str(report.book.date), "recalled": report.book.recalled},
        "total": rows.number(report.total),
        "monthly": rows.number(report.monthly),
        "lines": [_line(line) for line in report.lines],
        "unpriced": [{"what": each.what, "why": each.why, "count": each.count} for each in report.unpriced],
        "metered_by_use": dict(report.metered_by_use),
        "free": report.free,
        "notes": list(report.notes),
        "approximate": list(report.approximate),
        "budgets": [_budget(each) for each in report.budgets],
    }
    if with_rows:
        focused = [rows.focus(row, report.book, report.period) for row in report.rows]
        found["rows"] = [{key: rows.plain(value) for key, value in row.items()} for row in focused]
    return found


def _line(line: Line) -> dict[str, str]:
    parts = {
        name: rows.number(getattr(line, name)) for name in ("standing", "metered", "allocated", "total", "monthly")
    }
    return {"name": line.name, **parts}


def _budget(found: Finding) -> dict[str, Any]:
    return {
        "organization": found.organization,
        "monthly": rows.number(found.monthly),
        "spent": rows.number(found.spent),
        "verdict": found.verdict.value,
        "reached": found.reached,
        "suspend": found.suspend,
        "call": found.call,
    }


def changes(found: Sequence[Delta], currency: str, painter: Painter = PLAIN) -> list[str]:
    """The lines below a preview: one a stack, and their sum when there are several."""
    lines = [f"{clean(each.stack)}: {_change(each, currency, painter)}" for each in found]
    if len(found) > 1:
        whole = sum((each.amount for each in found), Decimal(0))
        lines.append(f"{painter.paint('Cost:', 'bold')} {_signed(whole, currency)} a month")
    elif lines:
        lines[0] = f"{painter.paint('Cost:', 'bold')} {lines[0]}"
    return lines


def _change(found: Delta, currency: str, painter: Painter) -> str:
    what = ", ".join(_counted(label, count) for label, count in found.what)
    parts = [f"{_signed(found.amount, currency)} a month: {clean(what)}"]
    if found.unknown:
        parts.append(painter.paint(f"depends on what is not known yet: {clean(', '.join(found.unknown))}", "yellow"))
    if found.unpriced:
        parts.append(painter.paint(f"no price for {clean(', '.join(found.unpriced))}", "yellow"))
    return "; ".join(parts)


def _signed(value: Decimal, currency: str) -> str:
    return f"{'+' if value > 0 else ''}{money(value, currency)}"


def _counted(label: str, count: int) -> str:
    if count == 0:
        return f"{label} changed"
    ending = "" if abs(count) == 1 else "es" if label.endswith("s") else "s"
    return f"{'less ' if count < 0 else ''}{abs(count)} {label}{ending}"


def change_document(found: Sequence[Delta], book: PriceBook) -> dict[str, Any]:
    """The same as JSON carries it."""
    whole = sum((each.amount for each in found), Decimal(0))
    return {
        "currency": book.currency,
        "price_book": f"{book.name} {book.date}",
        "monthly": rows.number(whole),
        "stacks": [
            {
                "stack": each.stack,
                "monthly": rows.number(each.amount),
                "what": dict(each.what),
                "unknown": list(each.unknown),
                "unpriced": list(each.unpriced),
            }
            for each in found
        ],
    }
