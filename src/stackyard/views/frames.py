"""Composes one frame of the live screen from the state of a run. Pure: the same state gives the same lines."""

from __future__ import annotations

from typing import Final

from stackyard.model.plans import Op
from stackyard.model.updates import Outcome
from stackyard.model.urns import STACK_TYPE, URN
from stackyard.views import marks
from stackyard.views.painting import Painter, clean, duration, fit, pad, width
from stackyard.views.progress import Progress, StackProgress

_SPINNER: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_WIDEST_NAME: Final = 44
_NARROWEST_BAR: Final = 10
_WIDEST_BAR: Final = 40
_NARROWEST: Final = 40
_LOWEST: Final = 4
_ROWS_FOR_LAYERS: Final = 8
_LAYER_CELLS: Final = 8


def compose(progress: Progress, painter: Painter, now: float, columns: int, rows: int) -> list[str]:
    """The lines of a frame: each at most `columns - 1` wide, at most `rows - 1` of them."""
    columns, rows = max(1, columns - 1), max(1, rows - 1)
    if columns < _NARROWEST or rows < _LOWEST:
        return [fit(f"{progress.finished}/{progress.total} {len(progress.failed)} failed", columns)]
    lines = [_bar(progress, painter, now, columns), _numbers(progress, painter, columns)]
    if len(progress.layers) > 1 and rows > _ROWS_FOR_LAYERS:
        lines.append(_layers(progress, painter, columns))
    failed, running, done = _shares(progress, rows - len(lines) - 1)
    names = _name_width(progress, failed, running, done, columns)
    if failed:
        lines += _failures(progress, painter, names, columns, failed)
    if running:
        lines += _running(progress, painter, now, names, columns, running)
    if done:
        lines += _done(progress, painter, names, columns, done)
    return lines[:rows]


def _shares(progress: Progress, rows: int) -> tuple[int, int, int]:
    """Rows for failures, for running stacks and for those done last: each gets what it needs while there is room.

    Running ones come first, but leave a third to failures; what is left shows the last ones done.
    """
    rows = max(0, rows)
    failed = min(len(progress.failed), max(1, rows // 3)) if progress.failed else 0
    running = min(len(progress.running), rows - failed)
    left = rows - failed - running
    return failed, running, max(0, min(len(progress.done), left - (1 if left > 1 else 0)))


def _name_width(progress: Progress, failed: int, running: int, done: int, columns: int) -> int:
    """Wide enough for every stack of the run, so that nothing jumps; never more than half the screen."""
    longest = max((len(name) for name in progress.stacks), default=0)
    return min(longest, _WIDEST_NAME, columns // 2)


def _bar(progress: Progress, painter: Painter, now: float, columns: int) -> str:
    title = marks.heading(progress.operation, progress.preview)
    elapsed = duration(now - progress.started) if progress.started else ""
    position = f"{progress.finished}/{progress.total}"
    room = columns - width(title) - len(elapsed) - len(position) - 6
    cells = min(_WIDEST_BAR, room)
    if cells < _NARROWEST_BAR:
        return fit(f"{title} {position} {elapsed}", columns)
    share = progress.finished / progress.total if progress.total else 0.0
    failed = round(cells * len(progress.failed) / progress.total) if progress.total else 0
    failed = max(failed, 1 if progress.failed else 0)
    good = max(0, min(cells, int(cells * share)) - failed)
    bar = painter.paint("━" * good, "green") + painter.paint("━" * failed, "red")
    bar += painter.paint("─" * (cells - good - failed), "dim")
    return f"{painter.paint(title, 'bold')} {bar} {position}  {painter.paint(elapsed, 'dim')}"


def _layers(progress: Progress, painter: Painter, columns: int) -> str:
    """`fabric ━━━━━━━━ 12/12  site ━━━───── 4/20`: the layers filling in, as many as fit."""
    line, used = "", 0
    for layer in progress.layers.values():
        name, position = clean(layer.name), f"{layer.finished}/{layer.total}"
        needed = width(name) + _LAYER_CELLS + len(position) + 2 + (3 if used else 0)
        if used + needed > columns:
            break
        full = _LAYER_CELLS * layer.finished // layer.total
        bad = min(full, -(-_LAYER_CELLS * layer.failed // layer.total))
        bar = painter.paint("━" * (full - bad), "green") + painter.paint("━" * bad, "red")
        bar += painter.paint("─" * (_LAYER_CELLS - full), "dim")
        line += f"{'   ' if used else ''}{name} {bar} {painter.paint(position, 'dim')}"
        used += needed
    return line


def _numbers(progress: Progress, painter: Painter, columns: int) -> str:
    waiting = progress.total - progress.finished - len(progress.running)
    parts = [(f"{len(progress.running)} running", "cyan"), (f"{waiting} waiting", "dim")]
    parts += [(f"{len(progress.failed)} failed", "bold red")] if progress.failed else []
    parts += [(f"{progress.skipped} skipped", "dim")] if progress.skipped else []
    for op in (Op.CREATE, Op.UPDATE, Op.REPLACE, Op.DELETE, Op.READ, Op.REFRESH, Op.SAME):
        if progress.totals.get(op):
            mark = marks.MARKS[op]
            word = mark.plan if progress.preview else mark.done
            parts.append((f"{mark.sign}{progress.totals[op]} {word}", mark.style))
    return _row(parts, painter, columns)


def _row(parts: list[tuple[str, str]], painter: Painter, columns: int) -> str:
    """Parts two spaces apart, as many as fit."""
    line, used = "", 0
    for text, style in parts:
        gap = 2 if used else 0
        if used + gap + width(text) > columns:
            break
        line += " " * gap + painter.paint(text, style)
        used += gap + width(text)
    return line


def _failures(progress: Progress, painter: Painter, names: int, columns: int, rows: int) -> list[str]:
    shown = progress.failed[-rows:]
    if len(progress.failed) > rows:
        shown = progress.failed[len(progress.failed) - rows + 1 :]
    lines = [_outcome(stack, painter, names, columns) for stack in shown]
    hidden = len(progress.failed) - len(shown)
    return [painter.paint(fit(f"✗ {hidden} more failed, listed above", columns), "red"), *lines] if hidden else lines


def _outcome(stack: StackProgress, painter: Painter, names: int, columns: int) -> str:
    sign, style = marks.OUTCOMES[stack.outcome or Outcome.SUCCEEDED]
    name = pad(fit(clean(stack.name), names), names)
    took = pad(duration(stack.seconds), 6, right=True) if stack.outcome is not Outcome.SKIPPED else " " * 6
    remark = clean((stack.error or stack.reason).strip().partition("\n")[0])
    room = columns - names - 12
    if stack.failed or (remark and not stack.counts):
        tail = painter.paint(fit(remark, room), "red" if stack.failed else "dim")
    else:
        tail = _row(_short(stack), painter, room)
    return f"{painter.paint(sign, style)} {name}  {painter.paint(took, 'dim')}  {tail}".rstrip()


def _short(stack: StackProgress) -> list[tuple[str, str]]:
    ops = [op for op in marks.MARKS if stack.counts.get(op)]
    parts = [(f"{marks.MARKS[op].sign}{stack.counts[op]}", marks.MARKS[op].style) for op in ops]
    return [*parts, *([(f"{stack.simulated} simulated", "yellow")] if stack.simulated else [])]


def _running(progress: Progress, painter: Painter, now: float, names: int, columns: int, rows: int) -> list[str]:
    stacks = list(progress.running.values())
    shown = stacks if len(stacks) <= rows else stacks[: rows - 1]
    spinner = _SPINNER[int(now * 10) % len(_SPINNER)]
    lines = [_active(stack, painter, now, spinner, names, columns) for stack in shown]
    hidden = len(stacks) - len(shown)
    return [*lines, painter.paint(f"{spinner} and {hidden} more running", "dim")] if hidden else lines


def _active(stack: StackProgress, painter: Painter, now: float, spinner: str, names: int, columns: int) -> str:
    name = pad(fit(clean(stack.name), names), names)
    took = pad(duration(now - stack.started), 6, right=True)
    room = columns - names - 12
    lead = f"{painter.paint(spinner, 'cyan')} {name}  {painter.paint(took, 'dim')}"
    return f"{lead}  {_steps(stack, painter, room)}".rstrip()


def _steps(stack: StackProgress, painter: Painter, room: int) -> str:
    """The oldest step under way with its resource, and how many others there are."""
    steps = [(urn, op) for urn, (op, _) in stack.active.items() if URN(urn).type != STACK_TYPE]
    if not steps:
        return _row([*_short(stack), ("program running", "dim")], painter, room)
    urn, op = steps[0]
    others = f"  and {len(steps) - 1} more" if len(steps) > 1 and room > 2 * _NARROWEST_BAR else ""
    mark = marks.MARKS[op]
    text = f"{clean(_short_type(URN(urn).type))} {clean(URN(urn).name)}"
    shown = fit(text, max(0, room - len(mark.sign) - 1 - len(others)))
    return f"{painter.paint(mark.sign, mark.style)} {shown}{painter.paint(others, 'dim')}"


def _short_type(type_: str) -> str:
    """`aws:s3/bucket:Bucket` → `aws:Bucket`, which is what fits."""
    package, _, rest = type_.partition(":")
    return f"{package}:{rest.rpartition(':')[2]}" if rest else type_


def _done(progress: Progress, painter: Painter, names: int, columns: int, rows: int) -> list[str]:
    shown = list(progress.done)[-rows:]
    return ["", *(_outcome(stack, painter, names, columns) for stack in reversed(shown))]
