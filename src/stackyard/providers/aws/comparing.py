"""Compares a type's properties by meaning: JSON documents, lists without order, empties, computed parts."""

from __future__ import annotations

import json
from typing import Any

from stackyard.model import paths, values
from stackyard.model.values import UNKNOWN, Properties, Value
from stackyard.providers.aws import documents
from stackyard.providers.aws.kinds import Kind


def is_empty(value: Value) -> bool:
    """Whether a value is as good as absent."""
    return value is None or (isinstance(value, str | list | dict) and not value)


def is_zero(value: Value) -> bool:
    """Whether a value means the same as leaving it out, as in Terraform: empty, false or 0."""
    return is_empty(value) or value is False or (isinstance(value, int | float) and value == 0)


def same(kind: Kind, key: str, left: Value, right: Value) -> bool:
    """Whether two values of the top-level property `key` mean the same. An unknown equals nothing."""
    if values.has_unknown(left) or values.has_unknown(right):
        return False
    left, right = canonical(kind, (key,), left), canonical(kind, (key,), right)
    if (is_empty(left) and is_empty(right)) or (None in (left, right) and is_zero(left) and is_zero(right)):
        return True
    if values.equal(left, right):
        return True
    return not is_empty(left) and not is_empty(right) and kind.same(key, left, right)


def canonical(kind: Kind, path: paths.Path, value: Value) -> Value:
    """`value` with unordered lists sorted, and without members of objects that say nothing."""
    if isinstance(value, dict):
        given = {name: item for name, item in value.items() if not str(name).startswith("__")}
        parts = {name: canonical(kind, (*path, name), item) for name, item in given.items()}
        dropped = is_zero if _is_object(kind, path) else is_none
        return {name: item for name, item in parts.items() if not dropped(item)}
    if isinstance(value, str) and _names(kind.documents, path):
        return documents.meaning(value)
    if isinstance(value, list):
        items = [canonical(kind, (*path, "*"), item) for item in value]
        return sorted(items, key=_sort_key) if is_set(kind, path) else items
    return value


def is_none(value: Value) -> bool:
    """Whether there is no value."""
    return value is None


def _sort_key(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def is_set(kind: Kind, path: paths.Path) -> bool:
    """Whether the list at `path` has no order."""
    return _names(kind.sets, path)


def _names(declared: tuple[str, ...], path: paths.Path) -> bool:
    """Whether one of the declared paths is `path`."""
    return any(len(p) == len(path) and paths.matches(p, path) for p in map(paths.parse, declared))


def align(kind: Kind, old: Properties, new: Properties, outputs: Properties) -> Properties:
    """`old` inputs made comparable with `new` ones: what means the same is made equal.

    An input that is new to the record is compared with the recorded output, if there is one.
    """
    defaulted = set(new.get("__defaults") or ())
    base = {key: value for key, value in old.items() if key in new or key not in kind.computed}
    for key, value in new.items():
        if key not in base and key in outputs and not is_empty(outputs[key]):
            base[key] = outputs[key]
        if key not in base and key in defaulted:
            base[key] = value
        if key == _name(kind) and key in defaulted and key not in old and key in outputs:
            base[key] = value
    for key in base.keys() & new.keys():
        base[key] = _given(kind, (key,), base[key], new[key])
    for key in {*base, *new}:
        if not key.startswith("__") and same(kind, key, base.get(key), new.get(key)):
            base[key] = new.get(key)
    return base


def unfilled(kind: Kind, inputs: Properties) -> Properties:
    """`inputs` as outputs of what is not made yet: members that the cloud will fill in (`computed`) are UNKNOWN."""
    filled: Any = inputs
    for path in map(paths.parse, kind.computed):
        if len(path) > 1:
            filled = _opened(filled, path)
    return dict(filled)


def _opened(value: Value, path: paths.Path) -> Value:
    first, rest = path[0], path[1:]
    if isinstance(value, list) and first == "*" and rest:
        return [_opened(item, rest) for item in value]
    if not isinstance(value, dict) or first == "*":
        return value
    name = str(first)
    if rest:
        return {**value, name: _opened(value[name], rest)} if name in value else value
    return value if name in value else {**value, name: UNKNOWN}


def _given(kind: Kind, path: paths.Path, old: Value, new: Value) -> Value:
    """`old` without the members that the cloud filled in (`computed`) and that `new` does not give."""
    if isinstance(old, dict) and isinstance(new, dict):
        names = [name for name in old if name in new or not _names(kind.computed, (*path, name))]
        return {name: _given(kind, (*path, name), old[name], new.get(name)) for name in names}
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [_given(kind, (*path, "*"), *pair) for pair in zip(_ordered(kind, path, new, old), new, strict=True)]
    return old


def _ordered(kind: Kind, path: paths.Path, configured: list[Value], actual: list[Value]) -> list[Value]:
    return _matched(kind, path, configured, actual) if is_set(kind, path) else actual


def _name(kind: Kind) -> str:
    return kind.naming.property if kind.naming else ""


def settle(kind: Kind, key: str, configured: Value, actual: Value) -> Value:
    """The value to record: `actual`, in the spelling and order of `configured` where they mean the same."""
    if configured is None:
        return actual
    if same(kind, key, configured, actual):
        return configured
    if is_set(kind, (key,)) and isinstance(configured, list) and isinstance(actual, list):
        return _matched(kind, (key,), configured, actual) if len(configured) == len(actual) else actual
    return actual


def project(kind: Kind, path: paths.Path, configured: Value, actual: Value) -> Value:
    """`actual` cut down to what `configured` says: the input that a refresh records.

    Members of objects that the program did not give are the cloud's business; maps and lists count whole.
    """
    if isinstance(configured, dict) and isinstance(actual, dict):
        if not _is_object(kind, path):
            return actual
        return {
            k: project(kind, (*path, k), v, actual.get(k)) for k, v in configured.items() if k in actual or is_empty(v)
        }
    if isinstance(configured, list) and isinstance(actual, list) and len(configured) == len(actual):
        pairs = zip(configured, _ordered(kind, path, configured, actual), strict=True)
        return [project(kind, (*path, "*"), mine, theirs) for mine, theirs in pairs]
    return configured if is_empty(configured) and is_empty(actual) else actual


def _matched(kind: Kind, path: paths.Path, configured: list[Value], actual: list[Value]) -> list[Value]:
    """`actual` in the order of the elements of `configured` that they agree with; the others fill the gaps."""
    left = list(actual)
    placed: list[Value] = []
    for mine in configured:
        wanted = canonical(kind, (*path, "*"), mine)
        hit = next(
            (
                i
                for i, item in enumerate(left)
                if values.equal(canonical(kind, (*path, "*"), project(kind, (*path, "*"), mine, item)), wanted)
            ),
            None,
        )
        placed.append(_GAP if hit is None else left.pop(hit))
    rest = iter(left)
    return [next(rest) if item is _GAP else item for item in placed]


_GAP = object()


def _is_object(kind: Kind, path: paths.Path) -> bool:
    """Whether the schema says object (not map) at `path`."""
    type_: Any = kind.schema.inputs.get(str(path[0]), kind.schema.outputs.get(str(path[0])))
    for part in path[1:]:
        if not isinstance(type_, list):
            return False
        type_ = kind.schema.members(type_, inputs=True).get(str(part)) if type_[0] == "object" else type_[1]
    return isinstance(type_, list) and type_[0] == "object"
