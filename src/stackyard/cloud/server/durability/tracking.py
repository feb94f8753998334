"""Dictionaries that note which of their entries were read or changed, and by which request."""

from __future__ import annotations

import contextvars
import copy as copying
from collections.abc import Iterator
from types import ModuleType
from typing import Any

EVERY: Any = type("Every", (), {"__repr__": lambda _self: "EVERY"})()
Touch = tuple["Tracked", Any]


class Touches:
    """What one request, or everything outside requests, has touched.

    `made` are entries put in or taken out; `seen` are entries whose value was handed out, and may have been
    changed in place since.
    """

    __slots__ = ("closed", "made", "seen")

    def __init__(self) -> None:
        # Dictionaries, for their order: what was made first is written first, and is first after a restart.
        self.seen: dict[Touch, None] = {}
        self.made: dict[Touch, None] = {}
        self.closed = False

    def taken(self, *, seen: bool) -> dict[Touch, None]:
        """Give up what was noted so far; without `seen`, only what was put in or taken out."""
        made, self.made = self.made, {}
        read, self.seen = self.seen, {}
        return made | read if seen else made


BACKGROUND = Touches()
_CURRENT: contextvars.ContextVar[Touches] = contextvars.ContextVar("touches", default=BACKGROUND)


def begin() -> Touches:
    """Note the touches of the current task, and of tasks and threads it starts, apart from all others."""
    touches = Touches()
    _CURRENT.set(touches)
    return touches


def _touches() -> Touches:
    touches = _CURRENT.get()
    return BACKGROUND if touches.closed else touches


class Tracked(dict[Any, Any]):
    """A dictionary that notes touches. `owner` says where in the state it lies; None for one nobody keeps."""

    __slots__ = ("owner",)
    # By identity, so that a touch can name the dictionary itself.
    __hash__ = object.__hash__  # type: ignore[assignment]

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.owner: tuple[Any, ...] | None = None

    def __getitem__(self, key: Any) -> Any:
        _touches().seen[(self, key)] = None
        return super().__getitem__(key)

    def get(self, key: Any, default: Any = None) -> Any:
        _touches().seen[(self, key)] = None
        return super().get(key, default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        _touches().made[(self, key)] = None

    def __delitem__(self, key: Any) -> None:
        super().__delitem__(key)
        _touches().made[(self, key)] = None

    def pop(self, key: Any, *default: Any) -> Any:
        if key in self:
            _touches().made[(self, key)] = None
        return super().pop(key, *default)

    def popitem(self) -> tuple[Any, Any]:
        key, value = super().popitem()
        _touches().made[(self, key)] = None
        return key, value

    def setdefault(self, key: Any, default: Any = None) -> Any:
        touches = _touches()
        (touches.seen if key in self else touches.made)[(self, key)] = None
        return super().setdefault(key, default)

    def update(self, *given: Any, **named: Any) -> None:
        fresh = dict(*given, **named)
        super().update(fresh)
        _touches().made.update({(self, key): None for key in fresh})

    def clear(self) -> None:
        super().clear()
        _touches().made[(self, EVERY)] = None

    def values(self) -> Any:
        _touches().seen[(self, EVERY)] = None
        return super().values()

    def items(self) -> Any:
        _touches().seen[(self, EVERY)] = None
        return super().items()

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[Any, Any]:
        return copying.deepcopy(dict(self), memo)

    def __reduce_ex__(self, _protocol: Any) -> tuple[Any, ...]:
        return dict, (dict(self),)


class Partitioned(Tracked):
    """A dictionary of dictionaries, both levels tracked: a DynamoDB table's items by partition and sort key."""

    __slots__ = ()

    def __missing__(self, key: Any) -> Tracked:
        return self._part(key, {})

    def __setitem__(self, key: Any, value: Any) -> None:
        self._part(key, value)

    def setdefault(self, key: Any, default: Any = None) -> Any:
        return self[key] if key in self else self._part(key, default or {})

    def _part(self, key: Any, value: Any) -> Tracked:
        part = Tracked(value)
        super().__setitem__(key, part)
        return part


def track(module: ModuleType) -> None:
    """Make the scoped dictionaries of `ministack.core.responses` note their touches."""
    for kind in (module.AccountScopedDict, module.AccountRegionScopedDict):
        _track_kind(kind)


def _track_kind(kind: Any) -> None:
    def __init__(self: Any) -> None:
        self._data = Tracked()

    def mine(self: Any) -> Iterator[Any]:
        return (key for key in list(self._data) if self._is_mine(key))

    def items(self: Any) -> list[tuple[Any, Any]]:
        data = self._data
        return [(self._unscope(key), data[key]) for key in mine(self) if key in data]

    def values(self: Any) -> list[Any]:
        return [value for _key, value in items(self)]

    def to_dict(self: Any) -> dict[Any, Any]:
        return dict(self._data.items())

    kind.__init__, kind.items, kind.values, kind.to_dict = __init__, items, values, to_dict
