"""Journal lines: what comes back, what is of the past, what is damaged."""

from __future__ import annotations

import pytest

from stackyard import errors
from stackyard.model.journals import JournalEntry, Phase
from stackyard.model.plans import Op
from stackyard.model.resources import Resource
from stackyard.model.values import UNKNOWN, Secret
from stackyard.state import journal
from stackyard.state.base import LockInfo
from stackyard.state.codec import Codec
from tests.unit.state.test_codec import Rot

LOCK = LockInfo("id", 3, "me", "here", 1, "now", took_over="somebody")
RESOURCE = Resource(
    urn="urn:pulumi:d::p::t:m:T::n", type="t:m:T", custom=True, inputs={"a": Secret("canary"), "b": UNKNOWN}
)
ENTRIES = [
    JournalEntry(1, Phase.BEGIN, Op.CREATE, resource=RESOURCE),
    JournalEntry(1, Phase.DONE, Op.CREATE, old=0, of=2, resource=RESOURCE.replaced(id="i")),
    JournalEntry(2, Phase.DONE, Op.DELETE, old=3),
]


def test_entries_come_back_and_secrets_do_not_show() -> None:
    manager = Rot()
    lines = [journal.header(b"state", LOCK), *(journal.encode(e, Codec(lambda: manager)) for e in ENTRIES)]
    assert all(b"canary" not in line and b"\n" not in line for line in lines)
    found = journal.since(lines, b"state")
    coder = Codec(lambda: manager)
    assert [journal.decode(raw, coder) for raw in found.entries] == ENTRIES
    assert found.writer == "me@here (pid 1) since now"


def test_the_provider_of_a_first_secret_travels_with_it() -> None:
    coder = Codec(Rot)
    provider = {"type": "passphrase", "state": {"salt": "s"}}
    lines = [journal.header(None, LOCK), journal.encode(ENTRIES[0], coder, provider)]
    assert journal.since(lines, None).provider == provider


def test_a_journal_of_another_checkpoint_is_not_replayed() -> None:
    lines = [journal.header(b"old", LOCK), journal.encode(ENTRIES[2], Codec())]
    assert not journal.since(lines, b"new")
    both = [*lines, journal.header(b"new", LOCK), journal.encode(ENTRIES[2], Codec())]
    assert len(journal.since(both, b"new").entries) == 1
    assert not journal.since(both, b"old")


def test_entries_without_a_header_belong_to_nothing() -> None:
    assert not journal.since([journal.encode(ENTRIES[2], Codec())], b"state")
    assert not journal.since([], b"state")


@pytest.mark.parametrize("line", [b"", b"{", b"[1]", b"\xff"])
def test_a_damaged_line_is_named(line: bytes) -> None:
    with pytest.raises(errors.StateError, match="here: line 2"):
        journal.since([journal.header(b"s", LOCK), line], b"s", "here")


def test_a_newer_journal_is_refused() -> None:
    with pytest.raises(errors.StateError, match="newer"):
        journal.since([b'{"journal":2,"base":""}'], b"s")


@pytest.mark.parametrize("raw", [{}, {"n": 1, "phase": "begin", "op": "explode"}, {"n": 1, "phase": 3, "op": "same"}])
def test_a_malformed_entry_is_an_error(raw: dict[str, object]) -> None:
    with pytest.raises(errors.StateError, match="malformed"):
        journal.decode(raw, Codec())
