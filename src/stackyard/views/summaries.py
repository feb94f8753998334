"""What a run came to: a table of its stacks, then one line of totals."""

from __future__ import annotations

from typing import Final

from stackyard.model.updates import Outcome
from stackyard.views import marks, tables
from stackyard.views.painting import Painter, clean, duration, plural
from stackyard.views.progress import Progress, StackProgress

_ROWS: Final = 40


def lines(progress: Progress, painter: Painter, columns: int) -> list[str]:
    """The table (failures last, where the eye is; long runs fold stacks without changes) and the totals."""
    done = [stack for stack in progress.stacks.values() if stack.outcome is not None]
    folded = len(done) > _ROWS
    shown = [stack for stack in done if not folded or stack.failed or stack.changed]
    if folded and len(shown) > _ROWS:
        notable = [stack for stack in shown if stack.failed]
        shown = [*[stack for stack in shown if not stack.failed][: max(0, _ROWS - len(notable))], *notable]
    shown = sorted(shown, key=lambda stack: (stack.failed, stack.outcome is Outcome.SKIPPED))
    result = _table(shown, painter, columns, progress.preview) if shown else []
    hidden = len(done) - len(shown)
    if hidden:
        result.append(painter.paint(f"… and {plural(hidden, 'more stack')}", "dim"))
    return [*result, *([""] if result else []), *totals(progress, painter)]


def _table(shown: list[StackProgress], painter: Painter, columns: int, preview: bool) -> list[str]:
    rows, styles = [], []
    for stack in shown:
        sign, style = marks.OUTCOMES[stack.outcome or Outcome.SUCCEEDED]
        counts = marks.short_counts(stack.counts, Painter())
        remark = stack.error or stack.reason or (f"{stack.simulated} simulated" if stack.simulated else "")
        seconds = duration(stack.seconds) if stack.seconds else ""
        rows.append((f"{sign} {stack.name}", counts, seconds, _first_line(remark)))
        styles.append((style, "", "dim", "red" if stack.failed else "dim"))
    header = ("  STACK", "PLAN" if preview else "DONE", "TIME", "")
    return tables.render(header, rows, painter, right=(2,), styles=styles, columns=columns)


def _first_line(text: str) -> str:
    return clean(text.strip().partition("\n")[0])


def totals(progress: Progress, painter: Painter) -> list[str]:
    """`Updated 12 stacks in 3.4s: 11 succeeded, 1 failed`, then `+30 created  ~2 updated` if there were steps."""
    by_outcome: dict[Outcome, int] = {}
    for stack in progress.stacks.values():
        if stack.outcome is not None:
            by_outcome[stack.outcome] = by_outcome.get(stack.outcome, 0) + 1
    parts = [
        painter.paint(f"{by_outcome[outcome]} {outcome}", marks.OUTCOMES[outcome][1])
        for outcome in Outcome
        if by_outcome.get(outcome)
    ]
    unfinished = progress.total - sum(by_outcome.values())
    parts += [f"{unfinished} not started"] if unfinished else []
    head = f"{marks.past(progress.operation, progress.preview)} {plural(progress.total, 'stack')}"
    seconds = f" in {duration(progress.seconds)}" if progress.seconds else ""
    numbers = marks.counts(progress.totals, painter, preview=progress.preview)
    line = f"{painter.paint(head, 'bold')}{seconds}: {', '.join(parts) or 'nothing to do'}"
    return [line, *([numbers] if numbers else [])]
