"""A stack, opened: append, commit, kill, take back, spill."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from stackyard import errors
from stackyard.model.journals import JournalEntry, Phase
from stackyard.model.names import StackName
from stackyard.model.plans import Op, Operation, Step
from stackyard.model.resources import Resource
from stackyard.model.updates import Outcome, Update
from stackyard.model.values import Secret
from stackyard.secrets import passphrase
from stackyard.secrets.opening import Opener
from stackyard.state import codec, properties, stacks
from stackyard.state.base import LockInfo
from stackyard.state.memory import MemoryBackend
from stackyard.state.stacks import Pin

DEV = StackName("organization", "shop", "dev")
SALT = "v1:4iF78gb0nF0=:v1:Co6IbTWYs/UdrjgY:FSrAWOFZnj9ealCUDdJL7LrUKXX9BA=="
OPENER = Opener({"PULUMI_CONFIG_PASSPHRASE": "abc123"}, salt=SALT)
KEYLESS = Opener({})
BASE = "urn:pulumi:dev::shop::"
ROOT = Resource(urn=f"{BASE}pulumi:pulumi:Stack::shop-dev", type="pulumi:pulumi:Stack", custom=False)


@pytest.fixture(autouse=True)
def _fast_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Derive each salt once for the whole module."""
    passphrase._derive("abc123", b"\xe2!{\xf1\xb8\x1b\x9d\x1d")


class Failing(MemoryBackend):
    """A store that fails where it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.fails: set[str] = set()
        self.writes = 0

    def _maybe(self, what: str) -> None:
        if what in self.fails:
            raise OSError(28, "No space left on device")
        self.writes += 1

    async def save(self, stack: StackName, data: bytes, lock: LockInfo) -> None:
        self._maybe("save")
        await super().save(stack, data, lock)

    async def append(self, stack: StackName, lock: LockInfo, lines: Sequence[bytes]) -> None:
        self._maybe("append")
        await super().append(stack, lock, lines)

    async def record(self, stack: StackName, update: bytes, checkpoint: bytes, lock: LockInfo) -> None:
        self._maybe("record")
        await super().record(stack, update, checkpoint, lock)


def queue(name: str, **fields: Any) -> Resource:
    return Resource(urn=f"{BASE}a:b:Queue::{name}", type="a:b:Queue", custom=True, parent=ROOT.urn, **fields)


def made(number: int, resource: Resource) -> list[JournalEntry]:
    return [
        JournalEntry(number, Phase.BEGIN, Op.CREATE, resource=resource),
        JournalEntry(
            number, Phase.DONE, Op.CREATE, resource=resource.replaced(id="i") if resource.custom else resource
        ),
    ]


def update(*ops: Op) -> Update:
    steps = tuple(Step(op, "urn", "t") for op in ops)
    return Update("organization/shop/dev", Operation.UP, Outcome.SUCCEEDED, steps, seconds=2)


async def up(backend: MemoryBackend, *resources: Resource, opener: Opener = OPENER, **options: Any) -> stacks.OpenStack:
    state = await stacks.open_for_writing(backend, DEV, opener, **options)
    for number, resource in enumerate((ROOT, *resources), 1):
        for entry in made(number, resource):
            await state.append(entry)
    return state


async def killed(backend: MemoryBackend) -> None:
    await backend.break_locks(DEV)


async def test_an_update_is_saved_and_recorded() -> None:
    backend = MemoryBackend()
    state = await up(backend, queue("q", inputs={"a": Secret("canary")}), pin=Pin("embedded", "123456789012"))
    await state.commit(update(Op.CREATE, Op.CREATE))
    await state.close()
    data = await backend.load(DEV)
    assert data is not None
    assert b"canary" not in data
    checkpoint = await stacks.read(backend, DEV, OPENER)
    assert checkpoint is not None
    assert [r.urn for r in checkpoint.resources] == [ROOT.urn, queue("q").urn]
    assert checkpoint.resources[1].inputs == {"a": Secret("canary")}
    assert (checkpoint.cloud, checkpoint.account) == ("embedded", "123456789012")
    assert checkpoint.secrets_provider == {"type": "passphrase", "state": {"salt": SALT}}
    record = json.loads((await backend.history(DEV))[0])
    assert (record["kind"], record["result"], record["resourceChanges"]) == ("update", "succeeded", {"create": 2})
    assert record["endTime"] - record["startTime"] == 2
    assert await backend.holder(DEV) is None
    assert not await backend.entries(DEV)


async def test_a_stack_without_secrets_needs_no_passphrase() -> None:
    backend = MemoryBackend()
    state = await up(backend, queue("q"), opener=KEYLESS)
    await state.commit(None)
    await state.close()
    assert b"secrets_providers" not in (await backend.load(DEV) or b"")
    assert await stacks.read(backend, DEV, KEYLESS) is not None


async def test_a_stack_that_is_not_there_reads_as_none() -> None:
    assert await stacks.read(MemoryBackend(), DEV) is None
    assert await stacks.read_outputs(MemoryBackend(), DEV) is None


async def test_nothing_changed_writes_nothing() -> None:
    backend = Failing()
    state = await up(backend, queue("q", inputs={"a": Secret("x")}))
    await state.commit(None)
    await state.close()
    before, backend.writes = await backend.load(DEV), 0
    state = await stacks.open_for_writing(backend, DEV, OPENER)
    checkpoint = await state.commit(None)
    await state.close()
    assert backend.writes == 0
    assert await backend.load(DEV) == before
    assert len(checkpoint.resources) == 2


async def test_concurrent_entries_share_writes() -> None:
    backend = Failing()
    state = await stacks.open_for_writing(backend, DEV, OPENER)
    await asyncio.gather(*(state.append(entry) for n in range(1, 101) for entry in made(n, queue(f"q{n}"))))
    assert backend.writes <= 3
    assert len(await backend.entries(DEV)) == 201
    await state.close()


async def test_a_killed_run_is_read_and_then_taken_back() -> None:
    backend = MemoryBackend()
    state = await up(backend, queue("done", inputs={"a": Secret("s")}))
    await state.append(JournalEntry(9, Phase.BEGIN, Op.CREATE, resource=queue("half")))
    during = await stacks.read(backend, DEV)
    assert during is None
    await killed(backend)
    seen = await stacks.read(backend, DEV, OPENER)
    assert seen is not None
    assert [r.urn for r in seen.resources] == [ROOT.urn, queue("done").urn]
    assert [p.resource.urn for p in seen.pending] == [queue("half").urn]
    assert await backend.load(DEV) is None
    again = await stacks.open_for_writing(backend, DEV, OPENER)
    assert again.checkpoint.resources == seen.resources
    assert again.checkpoint.pending == seen.pending
    assert "1 operation left unfinished" in again.notes[-1]
    assert not await backend.entries(DEV)
    assert await backend.load(DEV) is not None
    await again.append(JournalEntry(1, Phase.RESOLVED, Op.CREATE, old=0))
    assert (await again.commit(None)).pending == ()
    await again.close()


async def test_a_run_killed_between_save_and_the_end_of_its_journal_is_not_replayed() -> None:
    backend = MemoryBackend()
    state = await up(backend, queue("q"))
    lines = list(await backend.entries(DEV))
    await state.commit(None)
    await backend.append(DEV, state.lock, lines)
    await killed(backend)
    again = await stacks.open_for_writing(backend, DEV, OPENER)
    assert len(again.checkpoint.resources) == 2
    assert again.notes == []


async def test_readers_see_the_state_before_while_an_update_runs() -> None:
    backend = MemoryBackend()
    state = await up(backend, queue("q"))
    await state.commit(None)
    await state.append(JournalEntry(9, Phase.DONE, Op.DELETE, old=1))
    seen = await stacks.read(backend, DEV)
    assert seen is not None
    assert len(seen.resources) == 2


async def test_a_wrong_passphrase_writes_nothing() -> None:
    backend = Failing()
    state = await up(backend, queue("q", inputs={"a": Secret("x")}))
    await state.commit(None)
    await state.close()
    before, backend.writes = await backend.load(DEV), 0
    with pytest.raises(errors.SecretsError):
        await stacks.open_for_writing(backend, DEV, Opener({"PULUMI_CONFIG_PASSPHRASE": "wrong"}))
    assert await backend.load(DEV) == before
    assert backend.writes == 0
    assert await backend.holder(DEV) is None


async def test_plain_outputs_need_no_key_and_secret_ones_stay_sealed() -> None:
    backend = MemoryBackend()
    outputs = {"plain": 1, "secret": Secret("x"), "deep": {"s": Secret(2), "p": 3}}
    state = await stacks.open_for_writing(backend, DEV, OPENER)
    await state.append(JournalEntry(1, Phase.DONE, Op.CREATE, resource=ROOT.replaced(outputs=outputs)))
    await state.commit(None)
    await state.close()
    found = await stacks.read_outputs(backend, DEV)
    assert found is not None
    assert found["plain"] == 1
    assert found["deep"]["p"] == 3
    assert properties.is_sealed(found["secret"])
    assert await stacks.read_outputs(backend, DEV, OPENER) == outputs


async def test_a_store_that_fails_at_the_end_spills_and_the_next_run_takes_it_back(tmp_path: Path) -> None:
    backend = Failing()
    state = await up(backend, queue("q", inputs={"a": Secret("canary")}), spill=tmp_path)
    backend.fails = {"save"}
    with pytest.raises(errors.SpilledError) as caught:
        await state.commit(update(Op.CREATE))
    assert caught.value.exit_code == 4
    (path,) = tmp_path.iterdir()
    assert str(path) in str(caught.value)
    assert "canary" not in path.read_text()
    await state.close()
    backend.fails = set()
    again = await stacks.open_for_writing(backend, DEV, OPENER, spill=tmp_path)
    assert [r.urn for r in again.checkpoint.resources] == [ROOT.urn, queue("q").urn]
    assert list(tmp_path.iterdir()) == []
    assert "took back" in again.notes[0]
    await again.close()


async def test_a_spill_that_somebody_else_took_back_from_the_journal_is_not_needed(tmp_path: Path) -> None:
    backend = Failing()
    state = await up(backend, queue("q"), spill=tmp_path)
    backend.fails = {"save"}
    with pytest.raises(errors.SpilledError):
        await state.commit(None)
    await state.close()
    backend.fails = set()
    elsewhere = await stacks.open_for_writing(backend, DEV, OPENER)
    await elsewhere.close()
    again = await stacks.open_for_writing(backend, DEV, OPENER, spill=tmp_path)
    assert again.checkpoint.resources == elsewhere.checkpoint.resources
    assert len(again.checkpoint.resources) == 2


async def test_a_spill_that_the_state_has_left_behind_asks_for_a_person(tmp_path: Path) -> None:
    backend = Failing()
    state = await stacks.open_for_writing(backend, DEV, OPENER, spill=tmp_path)
    backend.fails = {"append", "save"}
    with pytest.raises(errors.StateError, match="journal"):
        await state.append(made(1, ROOT)[1])
    with pytest.raises(errors.SpilledError):
        await state.commit(None)
    await state.close()
    backend.fails = set()
    other = await up(backend, queue("r"))
    await other.commit(None)
    await other.close()
    with pytest.raises(errors.StateError, match="spilled"):
        await stacks.open_for_writing(backend, DEV, OPENER, spill=tmp_path)
    assert await backend.holder(DEV) is None


async def test_results_that_the_journal_would_not_take_are_in_the_spill(tmp_path: Path) -> None:
    backend = Failing()
    state = await stacks.open_for_writing(backend, DEV, OPENER, spill=tmp_path)
    begin, done = made(1, ROOT)
    await state.append(begin)
    backend.fails = {"append", "save"}
    with pytest.raises(errors.StateError, match="journal"):
        await state.append(done)
    with pytest.raises(errors.StateError, match="journal"):
        await state.append(JournalEntry(2, Phase.BEGIN, Op.CREATE, resource=queue("never")))
    with pytest.raises(errors.SpilledError):
        await state.commit(None)
    await state.close()
    backend.fails = set()
    again = await stacks.open_for_writing(backend, DEV, OPENER, spill=tmp_path)
    assert [r.urn for r in again.checkpoint.resources] == [ROOT.urn]
    assert again.checkpoint.pending == ()


async def test_a_history_that_cannot_be_written_does_not_fail_the_update() -> None:
    backend = Failing()
    state = await up(backend)
    backend.fails = {"record"}
    await state.commit(update(Op.CREATE))
    assert "history" in state.notes[-1]


async def test_state_is_never_replaced_by_less() -> None:
    backend = MemoryBackend()
    state = await up(backend, queue("q"))
    await state.commit(None)
    before = await backend.load(DEV)
    await state.append(JournalEntry(9, Phase.DONE, Op.UPDATE, old=1))
    with pytest.raises(errors.IntegrityError, match="only 0 were removed"):
        await state.commit(None)
    assert await backend.load(DEV) == before


async def test_a_delete_makes_it_smaller() -> None:
    backend = MemoryBackend()
    state = await up(backend, queue("q"))
    await state.commit(None)
    await state.append(JournalEntry(9, Phase.DONE, Op.DELETE, old=1))
    assert len((await state.commit(None)).resources) == 1


async def test_a_state_that_is_not_sound_is_not_saved() -> None:
    backend = MemoryBackend()
    state = await stacks.open_for_writing(backend, DEV, OPENER)
    for entry in made(1, queue("orphan")):
        await state.append(entry)
    with pytest.raises(errors.IntegrityError, match="parent"):
        await state.commit(None)
    assert await backend.load(DEV) is None
    assert len(await backend.entries(DEV)) == 3


async def test_a_lost_lock_stops_the_writer() -> None:
    backend = MemoryBackend()
    state = await up(backend)
    await killed(backend)
    with pytest.raises(errors.FencedError):
        await state.append(made(9, queue("q"))[0])
    with pytest.raises(errors.FencedError):
        await state.commit(None)
    await state.close()


async def test_a_change_behind_our_back_is_not_overwritten(tmp_path: Path) -> None:
    backend = MemoryBackend()
    state = await up(backend, spill=tmp_path)
    await backend.save(DEV, codec.Codec().encode(state.checkpoint), state.lock)
    with pytest.raises(errors.SpilledError, match="without its lock"):
        await state.commit(None)


@pytest.mark.parametrize("pin", [Pin("aws", "123456789012"), Pin("embedded", "999999999999")])
async def test_another_place_is_refused(pin: Pin) -> None:
    backend = MemoryBackend()
    state = await up(backend, pin=Pin("embedded", "123456789012"))
    await state.commit(None)
    await state.close()
    with pytest.raises(errors.StateError, match="embedded/123456789012"):
        await stacks.open_for_writing(backend, DEV, OPENER, pin=pin)
    assert await backend.holder(DEV) is None


async def test_an_entry_that_cannot_be_encrypted_fails_alone() -> None:
    backend = MemoryBackend()
    state = await stacks.open_for_writing(backend, DEV, KEYLESS)
    good, bad = made(1, ROOT)[1], made(2, queue("q", inputs={"a": Secret("x")}))[0]
    results = await asyncio.gather(state.append(good), state.append(bad), return_exceptions=True)
    assert results[0] is None
    assert isinstance(results[1], errors.SecretsError)
    assert len((await state.commit(None)).resources) == 1


async def test_a_cancelled_wait_does_not_lose_the_entry() -> None:
    backend = MemoryBackend()
    state = await stacks.open_for_writing(backend, DEV, OPENER)
    task = asyncio.create_task(state.append(made(1, ROOT)[1]))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len((await state.commit(None)).resources) == 1
