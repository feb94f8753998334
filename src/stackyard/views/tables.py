"""Columns of text."""

from __future__ import annotations

from collections.abc import Sequence

from stackyard.views.painting import PLAIN, Painter, clean, fit, pad, width


def render(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    painter: Painter = PLAIN,
    *,
    right: Sequence[int] = (),
    styles: Sequence[Sequence[str]] = (),
    columns: int = 0,
) -> list[str]:
    """The lines of a table: two spaces between columns, no borders, no trailing space.

    `right` are the indexes of columns aligned to the right; `styles` gives a style for each cell of each row.
    With `columns`, the widest column is cut until a line fits.
    """
    cells = [[clean(cell) for cell in row] for row in rows]
    widths = [max(width(row[index]) for row in [list(header), *cells]) for index in range(len(header))]
    if columns and widths:
        _narrow(widths, columns)
    lines = [_line(header, widths, right, ["bold"] * len(header), painter)]
    for number, row in enumerate(cells):
        style = styles[number] if number < len(styles) else [""] * len(header)
        lines.append(_line(row, widths, right, style, painter))
    return lines


def _narrow(widths: list[int], columns: int) -> None:
    excess = sum(widths) + 2 * (len(widths) - 1) - columns
    while excess > 0:
        widest = max(range(len(widths)), key=lambda index: widths[index])
        others = sorted(widths, reverse=True)
        step = max(1, min(excess, widths[widest] - (others[1] if len(others) > 1 else 0)))
        if widths[widest] - step < 8:
            return
        widths[widest] -= step
        excess -= step


def _line(
    row: Sequence[str], widths: Sequence[int], right: Sequence[int], styles: Sequence[str], painter: Painter
) -> str:
    parts = []
    for index, (cell, columns) in enumerate(zip(row, widths, strict=True)):
        text = fit(cell, columns)
        is_last = index == len(widths) - 1 and index not in right
        padding = "" if is_last else pad("", columns - width(text))
        shown = painter.paint(text, styles[index])
        parts.append(padding + shown if index in right else shown + padding)
    return "  ".join(parts).rstrip()
