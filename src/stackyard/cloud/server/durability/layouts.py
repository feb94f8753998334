"""How a value is divided into records, so that one message, object or item written is one record written.

A record's place in its value is `(first, rest)`; the value itself, without what is divided off, is at `MAIN`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from .tracking import EVERY, Partitioned, Tracked

MAIN = ("", "")
GONE: Any = type("Gone", (), {"__repr__": lambda _self: "GONE"})()
Change = tuple[Any, Any, Any]
"""`(first, rest, value)`; a value GONE takes the record away, with rest EVERY all records of `first`."""
Chunks = dict[Any, dict[Any, Any]]


class Layout(Protocol):
    """One way to divide a value."""

    def changes(self, owner: tuple[Any, ...], value: Any, known: Mapping[Any, Any]) -> Iterator[Change]:
        """What of the entry `owner` (store, key) may differ from the disk, whose records are `known`."""

    def inner(self, value: Any, tracked: Tracked, key: Any, known: Mapping[Any, Any]) -> Iterator[Change]:
        """The same for one touched key of a tracked dictionary that is, or was, inside the value."""

    def everything(self, value: Any) -> Iterator[Change]:
        """Every record of the value, for a snapshot."""

    def joined(self, chunks: Chunks) -> Any:
        """The value, from its decoded records."""

    def forget(self, owner: tuple[Any, ...]) -> None:
        """The entry is gone."""


class Whole:
    """A value that is one record."""

    def changes(self, _owner: tuple[Any, ...], value: Any, _known: Mapping[Any, Any]) -> Iterator[Change]:
        yield (*MAIN, value)

    def inner(self, _value: Any, _tracked: Tracked, _key: Any, _known: Mapping[Any, Any]) -> Iterator[Change]:
        return iter(())

    def everything(self, value: Any) -> Iterator[Change]:
        yield (*MAIN, value)

    def joined(self, chunks: Chunks) -> Any:
        return chunks[""][""]

    def forget(self, _owner: tuple[Any, ...]) -> None:
        """Nothing is remembered."""


class Children(Whole):
    """A value with one large dictionary `field`: a record for each of its entries. `dropped` can be made again."""

    def __init__(self, field: str, *, kind: type[Tracked] = Tracked, dropped: frozenset[str] = frozenset()) -> None:
        self._field = field
        self._kind = kind
        self._left_out = dropped | {field}

    def changes(self, owner: tuple[Any, ...], value: Any, known: Mapping[Any, Any]) -> Iterator[Change]:
        yield (*MAIN, {name: item for name, item in value.items() if name not in self._left_out})
        child = value.get(self._field)
        if isinstance(child, Tracked) and child.owner == owner:
            return
        fresh = self._kind()
        for key, item in dict(child or {}).items():
            dict.__setitem__(fresh, key, Tracked(item) if self._kind is Partitioned else item)
        value[self._field] = fresh
        for first in [first for first in known if first != "" and _unwrapped(first) not in fresh]:
            yield first, EVERY, GONE
        for key in list(fresh):
            yield from self._child(owner, fresh, key, known)
        fresh.owner = owner  # not before: a look that is broken off must begin again

    def inner(self, value: Any, tracked: Tracked, key: Any, known: Mapping[Any, Any]) -> Iterator[Change]:
        child, owner = value.get(self._field), tracked.owner
        if owner is None:
            return
        if tracked is child:
            yield from self._child(owner, tracked, key, known)
        elif len(owner) == 3 and isinstance(child, Partitioned) and dict.get(child, owner[2]) is tracked:
            yield ("c", owner[2]), key, dict.get(tracked, key, GONE)

    def _child(self, owner: tuple[Any, ...], child: Tracked, key: Any, known: Mapping[Any, Any]) -> Iterator[Change]:
        if key not in child:
            yield ("c", key), EVERY, GONE
        elif self._kind is Partitioned:
            yield from self._partition((*owner, key), dict.__getitem__(child, key), known)
        else:
            yield ("c", key), "", dict.__getitem__(child, key)

    def _partition(self, owner: tuple[Any, ...], part: Tracked, known: Mapping[Any, Any]) -> Iterator[Change]:
        if part.owner is not None:
            return
        first = ("c", owner[-1])
        for inner in [inner for inner in known.get(first, ()) if inner not in part]:
            yield first, inner, GONE
        for inner in list(part):
            yield first, inner, dict.__getitem__(part, inner)
        part.owner = owner

    def everything(self, value: Any) -> Iterator[Change]:
        yield (*MAIN, {name: item for name, item in value.items() if name not in self._left_out})
        for key, item in list(dict.items(value.get(self._field) or {})):
            for inner, piece in list(dict.items(item)) if self._kind is Partitioned else [("", item)]:
                yield ("c", key), inner, piece

    def joined(self, chunks: Chunks) -> Any:
        value = dict(chunks[""][""])
        pairs = ((first[1], rest) for first, rest in chunks.items() if first != "")
        value[self._field] = {key: rest if self._kind is Partitioned else rest[""] for key, rest in pairs}
        return value


class Messages(Whole):
    """A queue: a record for each message. `mark` is what of a message changes while it waits."""

    def __init__(self, field: str, name: str, mark: Callable[[Any], Any]) -> None:
        self._field, self._name, self._mark = field, name, mark
        self._marks: dict[tuple[Any, ...], dict[Any, Any]] = {}

    def changes(self, owner: tuple[Any, ...], value: Any, known: Mapping[Any, Any]) -> Iterator[Change]:
        yield (*MAIN, {name: item for name, item in value.items() if name != self._field})
        before, now = self._marks.get(owner, {}), {}
        for message in list(value.get(self._field) or ()):
            identity, mark = message[self._name], self._mark(message)
            now[identity] = mark
            if before.get(identity) != mark:
                yield "m", identity, message
        for identity in [identity for identity in known.get("m", ()) if identity not in now]:
            yield "m", identity, GONE
        self._marks[owner] = now

    def everything(self, value: Any) -> Iterator[Change]:
        yield (*MAIN, {name: item for name, item in value.items() if name != self._field})
        yield from (("m", message[self._name], message) for message in list(value.get(self._field) or ()))

    def joined(self, chunks: Chunks) -> Any:
        return {**chunks[""][""], self._field: list(chunks.get("m", {}).values())}

    def forget(self, owner: tuple[Any, ...]) -> None:
        self._marks.pop(owner, None)


class Streams(Whole):
    """A log group: a record for each stream, and one for each run of events appended to it."""

    def __init__(self) -> None:
        # Of each stream, what was written: its fields, the number of its events, and the last of them.
        self._written: dict[tuple[Any, ...], dict[Any, tuple[dict[str, Any], int, Any]]] = {}

    def changes(self, owner: tuple[Any, ...], value: Any, known: Mapping[Any, Any]) -> Iterator[Change]:
        yield (*MAIN, {name: item for name, item in value.items() if name != "streams"})
        streams = dict(value.get("streams") or {})
        written, there = self._written.setdefault(owner, {}), known.get("s", ())
        for name, stream in streams.items():
            fields = {field: item for field, item in stream.items() if field != "events"}
            before = written.get(name)
            # A group may have thousands of streams: what is as it was is not even encoded.
            if before is None or name not in there or before[0] != fields or _is_deep(fields):
                yield "s", name, fields
            events = list(stream.get("events") or ())
            yield from self._appended(name, before, events, ("e", name) in known)
            written[name] = (fields, len(events), events[-1] if events else None)
        for name in [name for name in there if name not in streams]:
            written.pop(name, None)
            yield "s", name, GONE
            yield ("e", name), EVERY, GONE

    def _appended(self, name: Any, before: Any, events: list[Any], on_disk: bool) -> Iterator[Change]:
        count, last = before[1:] if before is not None and on_disk else (0, None)
        # After a restart nothing is remembered of what was written in which runs: it is written once more.
        if on_disk and (before is None or len(events) < count or (count and events[count - 1] is not last)):
            yield ("e", name), EVERY, GONE
            count = 0
        if len(events) > count:
            yield ("e", name), count, events[count:]

    def everything(self, value: Any) -> Iterator[Change]:
        yield from Streams().changes((), value, {})

    def joined(self, chunks: Chunks) -> Any:
        streams = {}
        for name, stream in chunks.get("s", {}).items():
            runs = chunks.get(("e", name), {})
            streams[name] = {**stream, "events": [event for start in sorted(runs) for event in runs[start]]}
        return {**chunks[""][""], "streams": streams}

    def forget(self, owner: tuple[Any, ...]) -> None:
        self._written.pop(owner, None)


class Appended(Whole):
    """A list that grows at its end: a record for each run of what was appended."""

    def __init__(self) -> None:
        self._written: dict[tuple[Any, ...], tuple[int, Any]] = {}

    def changes(self, owner: tuple[Any, ...], value: Any, known: Mapping[Any, Any]) -> Iterator[Change]:
        # After a restart nothing is remembered of what was written in which runs: it is written once more.
        count, last = self._written.get(owner, (0, None)) if "e" in known else (0, None)
        if not count or len(value) < count or value[count - 1] is not last:
            yield from ((first, EVERY, GONE) for first in list(known))
            count = 0
        fresh = list(value[count:])
        if fresh:
            yield "e", count, fresh
            self._written[owner] = (count + len(fresh), fresh[-1])

    def everything(self, value: Any) -> Iterator[Change]:
        yield "e", 0, list(value)

    def joined(self, chunks: Chunks) -> Any:
        runs = chunks.get("e", {})
        whole = chunks.get("", {}).get("", [])  # as journals before this layout have it
        return [*whole, *(item for start in sorted(runs) for item in runs[start])]

    def forget(self, owner: tuple[Any, ...]) -> None:
        self._written.pop(owner, None)


def _is_deep(fields: Mapping[str, Any]) -> bool:
    """Whether something in it may change in place, and then equals what it was."""
    return any(isinstance(item, dict | list | set) for item in fields.values())


def _unwrapped(first: Any) -> Any:
    return first[1] if isinstance(first, tuple) else first


WHOLE: Layout = Whole()
BY_STORE: dict[str, Layout] = {
    "s3._buckets": Children("objects"),
    "dynamodb._tables": Children("items", kind=Partitioned, dropped=frozenset({"_index_members"})),
    "sqs._queues": Messages(
        "messages", "id", lambda m: (id(m), m.get("visible_at"), m.get("receive_count"), m.get("receipt_handle"))
    ),
    "cloudwatch_logs._log_groups": Streams(),
    "cloudwatch._metrics": Appended(),
}
# Plain variables of a service that belong to its state.
VARIABLES: dict[str, tuple[str, ...]] = {
    "cognito": ("_authorization_codes", "_refresh_tokens", "_revoked_tokens", "_auth_codes"),
    "ec2": ("_default_initialized_scopes",),
}
