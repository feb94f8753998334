"""The state of every service: where its pieces lie in ministack's modules, and what of each the disk has."""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from . import encoding, layouts
from .journals import Record
from .layouts import GONE, MAIN
from .tracking import EVERY, Touch, Tracked

_PREFIX = "ministack.services."
_VARIABLE = ("", "variable")  # the key of a plain variable kept as a store of one entry
_TRIES = 20  # a look takes microseconds, and so does a thread's change
_log = logging.getLogger("stackyard.state")


class State:
    """Every scoped dictionary of every imported service, by a name such as `sqs._queues`."""

    def __init__(self) -> None:
        self._stores: dict[str, Any] = {}
        self._modules = 0
        self._known: dict[str, dict[Any, dict[Any, dict[Any, int]]]] = {}
        self._encoder = encoding.Encoder()

    def changes(self, touched: Iterable[Touch]) -> list[Record]:
        """The records that bring the disk up to date with what was touched; they count as written from then on."""
        self._find_stores()
        records: list[Record] = []
        modules: set[str] = set()
        for tracked, key in touched:
            owner = tracked.owner
            if owner is None:
                continue
            modules.add(owner[0].partition(".")[0])
            for each in self._keys(tracked, owner) if key is EVERY else (key,):
                records += self._entry(owner[0], each) if len(owner) == 1 else self._inside(tracked, owner, each)
        for module in modules & layouts.VARIABLES.keys():
            for variable in layouts.VARIABLES[module]:
                records += self._variable(module, variable)
        return self._with_long(records)

    def entries(self) -> list[tuple[str, Any]]:
        """The name and key of everything there is."""
        self._find_stores()
        return [(name, key) for name, store in self._stores.items() for key in list(store._data)]

    def refreshed(self, entries: Iterable[tuple[str, Any]]) -> list[Record]:
        """`changes` for entries that nobody is known to have touched."""
        records: list[Record] = []
        for name, key in entries:
            records += self._entry(name, key)
        return self._with_long(records)

    def whole(self, entries: Iterable[tuple[str, Any]]) -> list[Record]:
        """Every record of `entries`, for a snapshot."""
        records: list[Record] = []
        for name, key in entries:
            data = self._stores[name]._data
            if key in data:
                for first, rest, value in _layout(name).everything(dict.__getitem__(data, key)):
                    data_bytes = self._encoder.encode((name, key, first, rest), value)
                    records.append(("P", name, key, first, rest, data_bytes))
        return self._with_long(records)

    def variables(self) -> list[Record]:
        """Every plain variable, for a snapshot."""
        pairs = [(module, variable) for module, names in layouts.VARIABLES.items() for variable in names]
        return self._with_long([
            ("P", f"{module}.{variable}", _VARIABLE, *MAIN, self._encoder.encode(None, value))
            for module, variable in pairs
            if (value := _value_of(module, variable)) is not None
        ])  # fmt: skip

    def forget_long(self) -> None:
        """A new generation begins: strings of older ones are no longer on disk."""
        self._encoder.forget()

    def restore(self, records: Iterable[Record]) -> int:
        """Put what `records` say into ministack, importing the services it needs; returns how many entries."""
        long: dict[bytes, Any] = {}
        found: dict[str, dict[Any, dict[Any, dict[Any, bytes]]]] = {}
        for record in records:
            _replay(record, found, long)
        services = sorted({name.partition(".")[0] for name, entries in found.items() if entries})
        for service in services:
            importlib.import_module(_PREFIX + service)
        self._find_stores()
        count = sum(self._put(name, entries, long) for name, entries in found.items())
        self._encoder.know(long)
        for service in services:
            self._settle(service)
        return count

    def _settle(self, service: str) -> None:
        """Let a service do to the restored state what it does to a state that it reads itself.

        Some clear everything first and put back only the part that they would have saved: the rest is put back here.
        """
        module: Any = sys.modules[_PREFIX + service]
        load = getattr(module, "load_persisted_state", None)
        if load is None or not hasattr(module, "get_state"):
            return
        before = {name: dict(store._data) for name, store in self._stores.items() if name.startswith(f"{service}.")}
        load(module.get_state())
        for name, entries in before.items():
            data = self._stores[name]._data
            for key in entries.keys() - data.keys():
                data[key] = entries[key]

    def _put(self, name: str, entries: dict[Any, Any], long: dict[bytes, Any]) -> int:
        layout = _layout(name)
        for key, chunks in entries.items():
            value = layout.joined({
                first: {rest: encoding.decode(data, long) for rest, data in group.items()}
                for first, group in chunks.items()
            })  # fmt: skip
            if key == _VARIABLE:
                module, _, variable = name.partition(".")
                setattr(sys.modules[_PREFIX + module], variable, value)
            elif name in self._stores:
                self._stores[name]._data[key] = value
            else:
                _log.error("nothing is called %s any more: one of its entries was dropped", name)
                continue
            self._known.setdefault(name, {})[key] = {
                first: {rest: hash(data) for rest, data in group.items()} for first, group in chunks.items()
            }
        return len(entries)

    def _find_stores(self) -> None:
        if len(sys.modules) == self._modules:
            return
        self._modules = len(sys.modules)
        kinds = _kinds()
        known = {id(store) for store in self._stores.values()}
        for module_name in sorted(name for name in sys.modules if name.startswith(_PREFIX)):
            for attribute, value in list(vars(sys.modules[module_name]).items()):
                if isinstance(value, kinds) and id(value) not in known:
                    known.add(id(value))
                    self._adopt(f"{module_name.removeprefix(_PREFIX)}.{attribute}", value)

    def _adopt(self, name: str, store: Any) -> None:
        if not isinstance(store._data, Tracked):
            store._data = Tracked(store._data)
        store._data.owner = (name,)
        self._stores[name] = store

    def _keys(self, tracked: Tracked, owner: tuple[Any, ...]) -> list[Any]:
        """The keys that a dictionary has or had."""
        entries = self._known.get(owner[0], {})
        if len(owner) == 1:
            return list(dict.fromkeys([*tracked, *entries]))
        chunks = entries.get(owner[1], {})
        before = [first[1] for first in chunks if first != ""] if len(owner) == 2 else chunks.get(("c", owner[2]), ())
        return list(dict.fromkeys([*tracked, *before]))

    def _entry(self, name: str, key: Any) -> list[Record]:
        data, layout = self._stores[name]._data, _layout(name)
        known = self._known.setdefault(name, {})
        if key not in data:
            layout.forget((name, key))
            return [("X", name, key)] if known.pop(key, None) is not None else []
        there = known.setdefault(key, {})
        value = dict.__getitem__(data, key)
        return self._steadily(name, key, there, lambda: layout.changes((name, key), value, there))

    def _inside(self, tracked: Tracked, owner: tuple[Any, ...], inner: Any) -> list[Record]:
        name, key = owner[:2]
        data, layout = self._stores[name]._data, _layout(name)
        if key not in data:
            return []
        there = self._known.setdefault(name, {}).setdefault(key, {})
        value = dict.__getitem__(data, key)
        return self._steadily(name, key, there, lambda: layout.inner(value, tracked, inner, there))

    def _steadily(
        self, name: str, key: Any, there: dict[Any, dict[Any, int]], changes: Callable[[], Iterator[layouts.Change]]
    ) -> list[Record]:
        """The records of `changes`; tried again when a thread changes the value while it is looked at."""
        for last in (False,) * _TRIES + (True,):
            try:
                pieces = [
                    (first, rest, piece if piece is GONE else self._encoder.encode((name, key, first, rest), piece))
                    for first, rest, piece in changes()
                ]
            except RuntimeError:
                if last:
                    raise
                _layout(name).forget((name, key))
            else:
                break
        return list(_compared(name, key, there, pieces))

    def _variable(self, module: str, variable: str) -> Iterator[Record]:
        value = _value_of(module, variable)
        if value is None:
            return
        name, data = f"{module}.{variable}", self._encoder.encode(None, value)
        group = self._known.setdefault(name, {}).setdefault(_VARIABLE, {}).setdefault("", {})
        if group.get("") != (mark := hash(data)):
            group[""] = mark
            yield "P", name, _VARIABLE, *MAIN, data

    def _with_long(self, records: list[Record]) -> list[Record]:
        fresh, self._encoder.fresh = self._encoder.fresh, []
        return [("L", digest, string) for digest, string in fresh] + records


def _compared(
    name: str, key: Any, there: dict[Any, dict[Any, int]], pieces: Iterable[tuple[Any, Any, Any]]
) -> Iterator[Record]:
    """The records for the encoded `pieces` that differ from what is `there`, which is brought up to date."""
    for first, rest, data in pieces:
        group = there.get(first)
        if data is GONE:
            if group is not None and (rest is EVERY or rest in group):
                _drop(there, first, rest)
                yield "D", name, key, first, None if rest is EVERY else (rest,)
            continue
        group = there.setdefault(first, {})
        if group.get(rest) != (mark := hash(data)):
            group[rest] = mark
            yield "P", name, key, first, rest, data


def _replay(record: Record, found: dict[str, Any], long: dict[bytes, Any]) -> None:
    match record:
        case ("L", digest, string):
            long[digest] = string
        case ("P", name, key, first, rest, data):
            found.setdefault(name, {}).setdefault(key, {}).setdefault(first, {})[rest] = data
        case ("D", name, key, first, rest):
            _drop(found.get(name, {}).get(key, {}), first, EVERY if rest is None else rest[0])
        case ("X", name, key):
            found.get(name, {}).pop(key, None)


def _drop(chunks: dict[Any, dict[Any, Any]], first: Any, rest: Any) -> None:
    group = chunks.get(first, {})
    if rest is not EVERY:
        group.pop(rest, None)
    if rest is EVERY or not group:
        chunks.pop(first, None)


def _layout(name: str) -> layouts.Layout:
    return layouts.BY_STORE.get(name, layouts.WHOLE)


def _value_of(module: str, variable: str) -> Any:
    return getattr(sys.modules.get(_PREFIX + module), variable, None)


def _kinds() -> tuple[type, ...]:
    responses: Any = importlib.import_module("ministack.core.responses")
    return responses.AccountScopedDict, responses.AccountRegionScopedDict
