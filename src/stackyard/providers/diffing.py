"""Compares two property values and says what changed, path by path.

`__`-prefixed keys are internal and never compared (pulumi/pulumi sdk/go/common/resource/property_util.go).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stackyard.model import paths, values
from stackyard.model.plans import Change, PropertyChange
from stackyard.model.values import Properties, Secret, Value


def compare(
    old: Properties, new: Properties, *, ignore: Iterable[str] = (), forces: Iterable[str] = ()
) -> tuple[PropertyChange, ...]:
    """The changed leaves from `old` to `new`, in path order; an unknown in `new` is a change.

    `ignore` and `forces` are property paths (`*` allowed): what they name is left out, or marked as forcing
    a replacement.
    """
    ignored = [paths.parse(text) for text in ignore]
    forcing = [paths.parse(text) for text in forces]
    found = []
    for path, change in _differences(old, new, ()):
        if any(paths.matches(pattern, path) for pattern in ignored):
            continue
        forced = any(paths.overlaps(pattern, path) for pattern in forcing)
        found.append(PropertyChange(paths.render(path), change, forced))
    return tuple(found)


def _differences(old: Value, new: Value, path: paths.Path) -> Iterator[tuple[paths.Path, Change]]:
    old = old.value if isinstance(old, Secret) else old
    new = new.value if isinstance(new, Secret) else new
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            if key.startswith("__"):
                continue
            yield from _member(old, new, key, (*path, key))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            where = (*path, index)
            if index >= len(old):
                yield where, Change.ADD
            elif index >= len(new):
                yield where, Change.DELETE
            else:
                yield from _differences(old[index], new[index], where)
    elif not values.equal(old, new):
        yield path, Change.UPDATE


def _member(old: Properties, new: Properties, key: str, path: paths.Path) -> Iterator[tuple[paths.Path, Change]]:
    if key not in old:
        if new[key] is not None:
            yield path, Change.ADD
    elif key not in new:
        if old[key] is not None:
            yield path, Change.DELETE
    else:
        yield from _differences(old[key], new[key], path)
