"""What a preview knows of a resource that a program exports as a whole.

The SDK marks such an output, and calls unknown in it whatever no provider told, in each preview anew. Of a resource
that was exported before, that is null or absent in the record, and no change.
"""

from __future__ import annotations

from typing import Final

from stackyard.model.values import UNKNOWN, Value

MARK: Final = "@isPulumiResource"


def told(exported: Value, recorded: Value) -> Value:
    """`exported` without the marks, and in marked objects without unknowns where the record has nothing."""
    if isinstance(exported, list):
        old = recorded if isinstance(recorded, list) else []
        return [told(item, old[index] if index < len(old) else None) for index, item in enumerate(exported)]
    if not isinstance(exported, dict):
        return exported
    before = recorded if isinstance(recorded, dict) else {}
    found = {name: told(item, before.get(name)) for name, item in exported.items() if name != MARK}
    if MARK not in exported or not before:
        return found
    empty = {name for name, item in found.items() if item is UNKNOWN and before.get(name) is None}
    return {
        name: None if name in empty else item for name, item in found.items() if name in before or name not in empty
    }
