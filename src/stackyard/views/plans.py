"""A plan as people read it: a sign for each resource, its changed properties, what forces a replacement."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Final

from stackyard.model import paths, urns, values
from stackyard.model.plans import Change, Op, Plan, PropertyChange, Step, count
from stackyard.model.resources import Resource
from stackyard.model.urns import URN
from stackyard.model.values import Properties, Secret, Value
from stackyard.views import marks, property_values
from stackyard.views.painting import PLAIN, Painter, clean, pad, width
from stackyard.views.property_values import ABSENT

HIDDEN: Final = "[hidden]"
FORCES: Final = "forces replacement"
SIMULATED: Final = "simulated"
_PARTS_OF_A_REPLACEMENT: Final = {Op.CREATE_REPLACEMENT, Op.DELETE_REPLACED, Op.READ_REPLACEMENT, Op.IMPORT_REPLACEMENT}
_QUIET: Final = {Op.SAME, Op.READ, Op.REFRESH, Op.READ_DISCARD, Op.REMOVE_PENDING_REPLACE}


@dataclasses.dataclass(frozen=True, slots=True)
class Options:
    """`unchanged` shows resources that stay as they are; `details` the properties that change, and with `whole` all
    those of new resources and the outputs of new stacks; `columns` is the width aimed at.
    """

    unchanged: bool = False
    details: bool = True
    whole: bool = True
    columns: int = 100


def render(
    plan: Plan, painter: Painter = PLAIN, *, cloud: str = "", engine: str = "", options: Options = Options()
) -> list[str]:
    """The lines of a plan: header, resources as a tree, outputs, totals. Secrets are never among them."""
    lines = [_header(plan, painter, cloud, engine)]
    lines += _resources(plan, painter, options)
    lines += _outputs(plan, painter, options)
    return [*lines, *_totals(plan, painter)]


def summary(plan: Plan, painter: Painter = PLAIN) -> str:
    """The totals on one line: `+2 create  ~1 update  =3 unchanged`, or `no changes`."""
    numbers = {op.value: number for op, number in _counts(plan).items()}
    outputs = ["outputs change"] if not plan.changes and plan.outputs_changed else []
    if not plan.changes and not outputs:
        same = f" ({numbers.get(Op.SAME, 0)} unchanged)" if numbers.get(Op.SAME) else ""
        return painter.paint(f"no changes{same}", "dim")
    return "  ".join([part for part in [marks.counts(numbers, painter, preview=True), *outputs] if part])


def _counts(plan: Plan) -> dict[Op, int]:
    """Steps by operation; the replacement of a resource whose REPLACE step is missing counts by its creation."""
    totals = count(plan.steps)
    whole = {step.urn for step in plan.steps if step.op is Op.REPLACE}
    parts = {step.urn for step in plan.steps if step.op in _PARTS_OF_A_REPLACEMENT - {Op.DELETE_REPLACED}}
    for op in (Op.READ_REPLACEMENT, Op.IMPORT_REPLACEMENT):
        totals.pop(op, None)
    extra = len(parts - whole)
    if extra:
        totals[Op.REPLACE] = totals.get(Op.REPLACE, 0) + extra
    return totals


def _header(plan: Plan, painter: Painter, cloud: str, engine: str) -> str:
    about = ", ".join(
        part for part in (f"cloud {cloud}" if cloud else "", f"engine {engine}" if engine else "") if part
    )
    title = painter.paint(f"{marks.heading(plan.operation, True)} {clean(plan.stack)}", "bold")
    return f"{title} {painter.paint(f'({about})', 'dim')}" if about else title


@dataclasses.dataclass(slots=True)
class _Entry:
    """One resource of the tree. `step` is None for a parent that is only there to carry its children."""

    urn: str
    type: str
    step: Step | None = None
    sign: str = ""
    style: str = ""
    word: str = ""
    children: list[_Entry] = dataclasses.field(default_factory=list)


def _resources(plan: Plan, painter: Painter, options: Options) -> list[str]:
    roots = _tree(plan, options)
    rows = [(depth, entry) for root in roots for depth, entry in _flat(root, 0)]
    if not rows:
        return []
    signs = max(len(entry.sign) for _, entry in rows)
    types = min(48, max(2 * depth + width(entry.type) for depth, entry in rows))
    names = min(40, max(width(URN(entry.urn).name) for _, entry in rows))
    lines: list[str] = []
    for depth, entry in rows:
        indent = "  " * depth
        sign = painter.paint(pad(entry.sign, signs), entry.style)
        text = f" {sign} {pad(indent + clean(entry.type), types)}  {pad(clean(URN(entry.urn).name), names)}"
        lines.append(f"{text}  {_remarks(entry, painter)}".rstrip())
        if options.details and entry.step is not None:
            lines += _details(entry.step, painter, " " * (signs + 4) + indent, options)
    return lines


def _remarks(entry: _Entry, painter: Painter) -> str:
    if entry.step is None:
        return ""
    resource = entry.step.new or entry.step.old
    words = [painter.paint(entry.word, entry.style)]
    if entry.step.simulated:
        words.append(painter.paint(SIMULATED, "yellow"))
    if resource is not None and resource.protect:
        words.append(painter.paint("protected", "cyan"))
    if entry.step.op is Op.DELETE and resource is not None and resource.retain_on_delete:
        words.append(painter.paint("retained in the cloud", "cyan"))
    changed = {change.path for change in entry.step.changes}
    unnamed = [reason for reason in entry.step.reasons if reason not in changed]
    if unnamed:
        words.append(painter.paint(f"{FORCES}: {', '.join(map(clean, unnamed))}", "magenta"))
    return "  ".join(words)


def _tree(plan: Plan, options: Options) -> list[_Entry]:
    """The steps that are shown, each below its parent when the parent has one; the root stack is not drawn."""
    shown = _shown_steps(plan, options)
    everything = {step.urn: step for step in plan.steps}
    entries: dict[str, _Entry] = {}
    roots: list[_Entry] = []

    def place(urn: str, entry: _Entry) -> None:
        step = everything.get(urn)
        resource = (step.new or step.old) if step else None
        parent = resource.parent if resource else ""
        if not parent or parent not in everything or everything[parent].type == urns.STACK_TYPE:
            roots.append(entry)
            return
        if parent not in entries:
            entries[parent] = _Entry(parent, everything[parent].type)
            place(parent, entries[parent])
        entries[parent].children.append(entry)

    for step in shown:
        sign, style, word = _looks(step, plan)
        if step.urn in entries:
            entry = entries[step.urn]
            entry.step, entry.sign, entry.style, entry.word = step, sign, style, word
            continue
        entries[step.urn] = _Entry(step.urn, step.type, step, sign, style, word)
        place(step.urn, entries[step.urn])
    return roots


def _flat(root: _Entry, depth: int) -> Iterator[tuple[int, _Entry]]:
    yield depth, root
    for child in root.children:
        yield from _flat(child, depth + 1)


def _shown_steps(plan: Plan, options: Options) -> list[Step]:
    """One step a resource: the REPLACE of a replacement, or its creation when there is none."""
    whole = {step.urn for step in plan.steps if step.op is Op.REPLACE}
    created = {step.urn for step in plan.steps if step.op is Op.CREATE_REPLACEMENT}
    shown = []
    for step in plan.steps:
        part = step.op in _PARTS_OF_A_REPLACEMENT and step.urn in whole
        trailing = step.op is Op.DELETE_REPLACED and step.urn in created
        quiet = step.op in _QUIET and not options.unchanged and not (step.op is Op.REFRESH and step.changes)
        if not (part or trailing or quiet or step.internal or step.type == urns.STACK_TYPE):
            shown.append(step)
    return shown


def _looks(step: Step, plan: Plan) -> tuple[str, str, str]:
    mark = marks.MARKS[step.op]
    if step.op in {Op.REPLACE, Op.CREATE_REPLACEMENT}:
        parts = [other.op for other in plan.steps if other.urn == step.urn]
        deleted_first = Op.DELETE_REPLACED in parts and Op.CREATE_REPLACEMENT in parts
        deleted_first = deleted_first and parts.index(Op.DELETE_REPLACED) < parts.index(Op.CREATE_REPLACEMENT)
        return ("-+" if deleted_first else "+-"), mark.style, "replace, deleted first" if deleted_first else "replace"
    return mark.sign, mark.style, mark.plan


def _details(step: Step, painter: Painter, indent: str, options: Options) -> list[str]:
    if step.op is Op.DELETE:
        return []
    if step.op in {Op.CREATE, Op.IMPORT} or (step.old is None and step.new is not None):
        return _whole(step.new, painter, indent, options) if options.whole else []
    lines = []
    for change in sorted(step.changes, key=lambda one: one.path):
        lines += _changed(step, change, painter, indent, options)
    return lines


def _whole(resource: Resource | None, painter: Painter, indent: str, options: Options) -> list[str]:
    if resource is None:
        return []
    inputs = {name: value for name, value in resource.inputs.items() if not name.startswith("__") and value is not None}
    lines = []
    for name, value in sorted(inputs.items()):
        shown = HIDDEN if _is_hidden(resource, (name,)) else value
        lines += _property("+", "green", clean(name), _block(shown, options.columns), painter, indent)
    return lines


def _block(value: Value, columns: int) -> list[str]:
    return [HIDDEN] if value is HIDDEN else property_values.lines(value, columns)


def _is_hidden(resource: Resource | None, path: paths.Path) -> bool:
    return resource is not None and any(paths.matches(paths.parse(text), path) for text in resource.hide_diff)


def _property(
    sign: str, style: str, name: str, block: list[str], painter: Painter, indent: str, remark: str = ""
) -> list[str]:
    first, *rest = block
    lines = [f"{indent}{painter.paint(sign, style)} {name}: {first}{remark}"]
    return [*lines, *(f"{indent}  {line}" for line in rest)]


def _changed(step: Step, change: PropertyChange, painter: Painter, indent: str, options: Options) -> list[str]:
    path = paths.parse(change.path)
    sign, style = marks.CHANGES[change.change]
    forces = change.forces or change.path in step.reasons
    remark = "   " + painter.paint(FORCES, "magenta") if forces else ""
    if _is_hidden(step.new, path):
        return _property(sign, style, clean(change.path), [HIDDEN], painter, indent, remark)
    old, new = (_value_of(resource, path) for resource in (step.old, step.new))
    if isinstance(old, Secret) or isinstance(new, Secret):
        old, new = (value if value is ABSENT else Secret(None) for value in (old, new))
    return _difference(change.change, clean(change.path), old, new, painter, indent, remark, options.columns)


def _value_of(resource: Resource | None, path: paths.Path) -> Value:
    """Of the inputs; of the outputs where the inputs have nothing there."""
    if resource is None:
        return ABSENT
    found = property_values.at(resource.inputs, path)
    return property_values.at(resource.outputs, path) if found is ABSENT else found


def _difference(
    change: Change, name: str, old: Value, new: Value, painter: Painter, indent: str, remark: str, columns: int
) -> list[str]:
    sign, style = marks.CHANGES[change]
    if change is Change.ADD or old is ABSENT:
        block = _block(new, columns) if new is not ABSENT else [property_values.UNKNOWN_TEXT]
    elif change is Change.DELETE or new is ABSENT:
        block = _block(old, columns)
    else:
        before, after = property_values.lines(old, columns), property_values.lines(new, columns)
        if len(before) > 1 or len(after) > 1:
            block = [*before[:-1], f"{before[-1]} =>", *after]
        else:
            block = [f"{before[0]} => {after[0]}"]
    return _property(sign, style, name, block, painter, indent, remark)


def _outputs(plan: Plan, painter: Painter, options: Options) -> list[str]:
    lines: list[str] = []
    if not options.whole and not plan.old_outputs:
        names = ", ".join(clean(name) for name in sorted(plan.outputs))
        return [f"{painter.paint('Outputs:', 'bold')} {names}"] if names else []
    for name, change in _output_changes(plan.old_outputs, plan.outputs):
        old, new = plan.old_outputs.get(name, ABSENT), plan.outputs.get(name, ABSENT)
        if values.has_secret(old) or values.has_secret(new):
            old, new = (_sealed(value, other) for value, other in ((old, new), (new, old)))
        lines += _difference(change, clean(name), old, new, painter, "    ", "", options.columns)
    return [painter.paint("Outputs:", "bold"), *lines] if lines else []


def _sealed(value: Value, other: Value) -> Value:
    """A value whose other side is secret as a whole is as secret; parts keep their own marks."""
    whole = isinstance(value, Secret) or isinstance(other, Secret)
    return Secret(None) if whole and value is not ABSENT else value


def _output_changes(old: Properties, new: Properties) -> Iterator[tuple[str, Change]]:
    for name in sorted({*old, *new}):
        if name not in old:
            yield name, Change.ADD
        elif name not in new:
            yield name, Change.DELETE
        elif not values.equal(old[name], new[name]):
            yield name, Change.UPDATE


def _totals(plan: Plan, painter: Painter) -> list[str]:
    lines = [f"{painter.paint('Resources:', 'bold')} {summary(plan, painter)}"]
    shown = [*(step.new for step in plan.steps if step.new and step.is_change)]
    if any(values.has_unknown(resource.inputs) for resource in shown) or values.has_unknown(plan.outputs):
        lines.append(painter.paint(f"{property_values.UNKNOWN_TEXT} = known after apply", "dim"))
    if any(step.simulated and step.is_change for step in plan.steps):
        lines.append(painter.paint(f"{SIMULATED} = recorded only, nothing runs behind it", "yellow"))
    return lines
