"""Several stacks change in one act: killed at any write, all have changed or none has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from stackyard import errors
from stackyard.model.checkpoints import Checkpoint
from stackyard.model.names import StackName
from stackyard.model.resources import Resource
from stackyard.model.values import Secret
from stackyard.secrets import passphrase
from stackyard.secrets.opening import Opener
from stackyard.state import intents, regrouping, stacks, together
from stackyard.state.base import LockInfo
from stackyard.state.memory import MemoryBackend
from stackyard.state.regrouping import Assignment

SHOP, CORE = StackName("organization", "shop", "dev"), StackName("organization", "core", "dev")
SALT = "v1:4iF78gb0nF0=:v1:Co6IbTWYs/UdrjgY:FSrAWOFZnj9ealCUDdJL7LrUKXX9BA=="
OPENER = Opener({"PULUMI_CONFIG_PASSPHRASE": "abc123"})
TABLE = "urn:pulumi:dev::shop::a:b:Table::t"


class Killed(BaseException):
    """The process is no more."""


class Killing(MemoryBackend):
    """A store whose process dies before its Nth write."""

    def __init__(self) -> None:
        super().__init__()
        self.left = 10**6

    def _write(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed

    async def save(self, stack: StackName, data: bytes, lock: LockInfo) -> None:
        self._write()
        await super().save(stack, data, lock)

    async def delete(self, stack: StackName, lock: LockInfo) -> None:
        self._write()
        await super().delete(stack, lock)

    async def intend(self, name: str, data: bytes, locks: Mapping[StackName, LockInfo]) -> None:
        self._write()
        await super().intend(name, data, locks)

    async def forget(self, name: str) -> None:
        self._write()
        await super().forget(name)


@pytest.fixture(scope="module")
def salts() -> Mapping[StackName, str]:
    """A key for each stack."""
    return {SHOP: passphrase.PassphraseManager.made(lambda: "abc123").salt, CORE: SALT}


async def opened(backend: MemoryBackend, salts: Mapping[StackName, str]) -> together.Together:
    return await together.open_together(
        backend, [SHOP, CORE], lambda name: stacks.open_for_writing(backend, name, OPENER, salt=salts[name])
    )


async def filled(backend: MemoryBackend, salts: Mapping[StackName, str], copies: Path) -> None:
    root = regrouping.root_of(SHOP)
    table = Resource(TABLE, "a:b:Table", True, "t-1", parent=root.urn, inputs={"password": Secret("canary")})
    both = await opened(backend, salts)
    await both.commit({SHOP: Checkpoint("", (root, table))}, "filling", copies)
    await both.close()


async def moved(
    backend: MemoryBackend, salts: Mapping[StackName, str], copies: Path, *, ends: bool, **more: Any
) -> None:
    both = await opened(backend, salts)
    after = regrouping.regrouped(both.checkpoints, [Assignment(SHOP, TABLE, CORE)]).after
    await both.commit({SHOP: None if ends else after[SHOP], CORE: after[CORE]}, "moving", copies, **more)
    await both.close()


async def where(backend: MemoryBackend) -> Sequence[StackName]:
    found = [(name, await stacks.read(backend, name, OPENER)) for name in (SHOP, CORE)]
    return [
        name
        for name, state in found
        if state
        for each in state.resources
        if each.inputs == {"password": Secret("canary")}
    ]


async def test_a_secret_is_encrypted_anew_with_the_other_stacks_key(
    salts: Mapping[StackName, str], tmp_path: Path
) -> None:
    backend = MemoryBackend()
    await filled(backend, salts, tmp_path)
    before = await backend.load(SHOP)
    await moved(backend, salts, tmp_path / "kept", ends=False)
    core = await backend.load(CORE)
    assert before is not None
    assert core is not None
    assert SALT.encode() in core
    assert b"canary" not in core
    assert await where(backend) == [CORE]
    (copy,) = (tmp_path / "kept").glob("*/shop.dev.json")
    assert copy.read_bytes() == before
    assert copy.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize("first", [SHOP, CORE])
async def test_killed_before_any_write_all_have_changed_or_none(
    salts: Mapping[StackName, str], tmp_path: Path, ends: bool, first: StackName
) -> None:
    seen = set()
    for nth in range(4):
        backend = Killing()
        await filled(backend, salts, tmp_path)
        backend.left = nth
        with pytest.raises(Killed):
            await moved(backend, salts, tmp_path, ends=ends)
        backend.left = 10**6
        for name in (SHOP, CORE):
            await backend.break_locks(name)
        told = await where(backend)
        assert told == ([SHOP] if nth == 0 else [CORE])
        for name in sorted([SHOP, CORE], key=lambda each: each != first):
            try:
                state = await stacks.open_for_writing(backend, name, OPENER, salt=salts[name])
            except errors.StateError as ended:
                assert (name, ends) == (SHOP, True)
                seen.add(str(ended).partition(":")[0])
            else:
                seen.update(note.partition(" ")[0] for note in state.notes)
                await state.close()
            assert await backend.holder(name) is None
        assert await where(backend) == told
        assert await backend.intents() == {}
        assert (await backend.load(SHOP) is None) == (ends and nth > 0)
    assert seen == ({"shop/dev has ended"} if ends and first == SHOP else {"finished"})


async def test_whoever_asks_for_it_finishes_every_act(salts: Mapping[StackName, str], tmp_path: Path) -> None:
    backend, file, aside = Killing(), tmp_path / "Pulumi.dev.yaml", tmp_path / "aside"
    await filled(backend, salts, tmp_path)
    file.touch()
    backend.left = 1
    with pytest.raises(Killed):
        await moved(backend, salts, tmp_path, ends=True, renamed={SHOP: (file, aside)})
    backend.left = 10**6
    with pytest.raises(errors.LockedError):
        await intents.finish(backend)
    for name in (SHOP, CORE):
        await backend.break_locks(name)
    (told,) = await intents.finish(backend)
    assert told.endswith("had begun: moving")
    assert (await where(backend), await backend.intents()) == ([CORE], {})
    assert (file.exists(), aside.exists()) == (False, True)
    assert await intents.finish(backend) == ()


async def test_a_mover_that_lost_a_lock_decides_nothing(salts: Mapping[StackName, str], tmp_path: Path) -> None:
    backend = MemoryBackend()
    await filled(backend, salts, tmp_path)
    both = await opened(backend, salts)
    after = regrouping.regrouped(both.checkpoints, [Assignment(SHOP, TABLE, CORE)]).after
    await backend.break_locks(CORE)
    with pytest.raises(errors.FencedError):
        await both.commit(after, "moving", tmp_path)
    assert await backend.intents() == {}
    assert await where(backend) == [SHOP]


async def test_no_lock_stays_when_one_stack_cannot_be_opened(salts: Mapping[StackName, str]) -> None:
    backend = MemoryBackend()
    await backend.lock(SHOP)
    with pytest.raises(errors.LockedError):
        await opened(backend, salts)
    assert await backend.holder(CORE) is None
