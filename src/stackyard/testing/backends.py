"""What every `state.base.Backend` must do: subclass `BackendConformance` and give a `backend` fixture.

The fixture yields an empty backend. A subclass is a test class of its own, so that a failure names it.
"""

from __future__ import annotations

import asyncio

import pytest

from stackyard import errors
from stackyard.model.names import StackName
from stackyard.state.base import Backend

DEV = StackName("organization", "shop", "dev")
OTHER = StackName("organization", "shop", "other")


class CheckpointConformance:
    """The contract of `state.base.Checkpoints`, and that nobody waits to read."""

    async def test_a_stack_that_was_never_saved_is_not_there(self, backend: Backend) -> None:
        assert await backend.load(DEV) is None
        assert list(await backend.list()) == []
        assert list(await backend.entries(DEV)) == []
        assert list(await backend.history(DEV)) == []
        assert await backend.holder(DEV) is None

    async def test_what_was_saved_is_loaded_and_listed(self, backend: Backend) -> None:
        for stack in (OTHER, DEV):
            lock = await backend.lock(stack)
            await backend.save(stack, b"one", lock)
            await backend.save(stack, b"two", lock)
            await backend.unlock(stack, lock)
        assert await backend.load(DEV) == b"two"
        assert list(await backend.list()) == [DEV, OTHER]

    async def test_a_deleted_stack_is_gone_with_its_history(self, backend: Backend) -> None:
        lock = await backend.lock(DEV)
        await backend.save(DEV, b"state", lock)
        await backend.append(DEV, lock, [b"1"])
        await backend.record(DEV, b"{}", b"state", lock)
        await backend.delete(DEV, lock)
        await backend.unlock(DEV, lock)
        assert await backend.load(DEV) is None
        assert list(await backend.list()) == []
        assert list(await backend.history(DEV)) == []
        assert list(await backend.entries(DEV)) == []

    @pytest.mark.parametrize("name", ["..", ".", "", "a/b", "../../etc", "a\0b", "x" * 101])
    async def test_names_that_leave_the_store_are_refused(self, backend: Backend, name: str) -> None:
        for stack in (StackName("organization", "shop", name), StackName("organization", name, "dev")):
            with pytest.raises(errors.StateError):
                await backend.load(stack)
            with pytest.raises(errors.StateError):
                await backend.lock(stack)

    async def test_readers_do_not_wait_for_the_lock(self, backend: Backend) -> None:
        lock = await backend.lock(DEV)
        await backend.save(DEV, b"state", lock)
        async with asyncio.timeout(5):
            assert await backend.load(DEV) == b"state"
            assert list(await backend.list()) == [DEV]
            await backend.history(DEV)
            await backend.entries(DEV)


class LockConformance:
    """The contract of `state.base.Locks`."""

    async def test_one_of_many_gets_the_lock(self, backend: Backend) -> None:
        results = await asyncio.gather(*(backend.lock(DEV) for _ in range(8)), return_exceptions=True)
        taken = [result for result in results if not isinstance(result, BaseException)]
        refused = [result for result in results if isinstance(result, errors.LockedError)]
        assert (len(taken), len(refused)) == (1, 7)
        assert str(taken[0].pid) in str(refused[0])
        assert "stackyard cancel shop/dev" in refused[0].hint

    async def test_locks_are_by_stack(self, backend: Backend) -> None:
        await backend.lock(DEV)
        await backend.lock(OTHER)

    async def test_the_holder_is_known_until_it_unlocks(self, backend: Backend) -> None:
        lock = await backend.lock(DEV)
        holder = await backend.holder(DEV)
        assert holder is not None
        assert (holder.id, holder.fence, holder.pid) == (lock.id, lock.fence, lock.pid)
        await backend.unlock(DEV, lock)
        assert await backend.holder(DEV) is None

    async def test_the_fence_grows_with_each_holder(self, backend: Backend) -> None:
        fences = []
        for _ in range(3):
            lock = await backend.lock(DEV)
            fences.append(lock.fence)
            await backend.unlock(DEV, lock)
        assert fences == sorted(set(fences))

    async def test_a_writer_whose_lock_was_broken_is_fenced_off(self, backend: Backend) -> None:
        lock = await backend.lock(DEV)
        await backend.save(DEV, b"before", lock)
        broken = await backend.break_locks(DEV)
        assert [holder.id for holder in broken] == [lock.id]
        successor = await backend.lock(DEV)
        for effect in (
            backend.save(DEV, b"late", lock),
            backend.append(DEV, lock, [b"late"]),
            backend.record(DEV, b"late", b"late", lock),
            backend.delete(DEV, lock),
            backend.renew(DEV, lock),
        ):
            with pytest.raises(errors.FencedError):
                await effect
        assert await backend.load(DEV) == b"before"
        assert list(await backend.entries(DEV)) == []
        await backend.renew(DEV, successor)

    async def test_unlocking_what_is_not_ours_any_more_does_nothing(self, backend: Backend) -> None:
        lock = await backend.lock(DEV)
        await backend.break_locks(DEV)
        successor = await backend.lock(DEV)
        await backend.unlock(DEV, lock)
        await backend.renew(DEV, successor)


class JournalConformance:
    """The contract of `state.base.Journals`."""

    async def test_the_journal_keeps_its_order_until_the_next_save(self, backend: Backend) -> None:
        lock = await backend.lock(DEV)
        await backend.append(DEV, lock, [b"1", b"2"])
        await backend.append(DEV, lock, [b"3"])
        assert list(await backend.entries(DEV)) == [b"1", b"2", b"3"]
        assert list(await backend.entries(OTHER)) == []
        await backend.save(DEV, b"state", lock)
        assert list(await backend.entries(DEV)) == []

    async def test_the_journal_outlives_its_writer(self, backend: Backend) -> None:
        lock = await backend.lock(DEV)
        await backend.append(DEV, lock, [b"1"])
        await backend.unlock(DEV, lock)
        assert list(await backend.entries(DEV)) == [b"1"]


class HistoryConformance:
    """The contract of `state.base.Histories`."""

    async def test_history_is_newest_first(self, backend: Backend) -> None:
        lock = await backend.lock(DEV)
        await backend.save(DEV, b"state", lock)
        for number in range(3):
            await backend.record(DEV, b'{"n":%d}' % number, b"state", lock)
        assert list(await backend.history(DEV)) == [b'{"n":2}', b'{"n":1}', b'{"n":0}']

    async def test_the_past_is_oldest_first_and_begins_before_the_time_asked_for(self, backend: Backend) -> None:
        assert list(await backend.past(DEV, 0)) == []
        lock = await backend.lock(DEV)
        for number in range(3):
            await backend.record(DEV, b"{}", b"state %d" % number, lock)
        whole = list(await backend.past(DEV, 0))
        assert [data for _, data in whole] == [b"state 0", b"state 1", b"state 2"]
        times = [when for when, _ in whole]
        assert times == sorted(times)
        assert list(await backend.past(DEV, times[-1] + 1)) == whole[-1:]

    async def test_a_deleted_stack_is_told_of_by_its_past(self, backend: Backend) -> None:
        assert list(await backend.deleted(0)) == []
        lock = await backend.lock(DEV)
        for data in (b"full", b"empty"):
            await backend.save(DEV, data, lock)
            await backend.record(DEV, b"{}", data, lock)
        assert list(await backend.deleted(0)) == []
        await backend.delete(DEV, lock)
        assert list(await backend.deleted(0)) == [DEV]
        past = list(await backend.past(DEV, 0))
        assert b"full" in [data for _, data in past]
        assert past[-1][1] == b"", "its end"
        assert list(await backend.deleted(past[-1][0] + 1)) == []
        await backend.save(DEV, b"again", lock)
        await backend.record(DEV, b"{}", b"again", lock)
        assert list(await backend.deleted(0)) == []
        contents = [data for _, data in await backend.past(DEV, 0)]
        assert contents[-2:] == [b"", b"again"]
        assert b"full" in contents


class IntentConformance:
    """The contract of `state.base.Intents`."""

    async def test_an_act_over_several_stacks_is_kept_until_it_is_forgotten(self, backend: Backend) -> None:
        locks = {stack: await backend.lock(stack) for stack in (DEV, OTHER)}
        assert await backend.intents() == {}
        await backend.intend("act-2", b"two", locks)
        await backend.intend("act-1", b"one", locks)
        assert list((await backend.intents()).items()) == [("act-1", b"one"), ("act-2", b"two")]
        await backend.forget("act-2")
        await backend.forget("act-2")
        assert await backend.intents() == {"act-1": b"one"}
        assert list(await backend.list()) == []

    async def test_an_act_is_not_kept_when_a_lock_is_lost(self, backend: Backend) -> None:
        locks = {stack: await backend.lock(stack) for stack in (DEV, OTHER)}
        await backend.break_locks(OTHER)
        with pytest.raises(errors.FencedError):
            await backend.intend("act", b"one", locks)
        assert await backend.intents() == {}


class BackendConformance(
    CheckpointConformance, LockConformance, JournalConformance, HistoryConformance, IntentConformance
):
    """The contract of `state.base.Backend`, one sentence a test."""
