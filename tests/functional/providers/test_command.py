"""The `command` package, with real commands."""

from __future__ import annotations

import asyncio
import os
import select
import types
from pathlib import Path
from typing import Any

import pytest

from stackyard import errors
from stackyard.model.resources import Resource
from stackyard.model.values import Archive
from stackyard.providers import base, command
from stackyard.providers.command import processes

TYPE = "command:local:Command"
URN = "urn:pulumi:dev::p::command:local:Command::greet"


@pytest.fixture
async def provider(tmp_path: Path) -> command.CommandProvider:
    made = command.CommandProvider()
    await made.configure(
        base.Settings(environ={"PATH": os.environ["PATH"], "FROM": "settings"}, directory=str(tmp_path))
    )
    return made


async def create(provider: command.CommandProvider, timeout: float = 0, **inputs: Any) -> base.Made:
    return await provider.create(base.CreateRequest(URN, TYPE, inputs, timeout=timeout))


async def test_a_command_gets_its_environment_input_and_directory(
    provider: command.CommandProvider, tmp_path: Path
) -> None:
    (tmp_path / "sub").mkdir()
    script = 'printf "%s %s %s %s\\n\\n" "$FROM" "$OWN" "$(cat)" "$(basename $(pwd))"; echo oops >&2'
    made = await create(provider, create=script, environment={"OWN": "input"}, stdin="typed", dir="sub")
    assert made.outputs["stdout"] == "settings input typed sub\n"
    assert made.outputs["stderr"] == "oops"
    assert made.id.startswith("greet")
    assert len(made.id) == len("greet") + 8


async def test_the_interpreter_runs_the_command(provider: command.CommandProvider) -> None:
    made = await create(provider, create="print(6 * 7)", interpreter=["python3", "-c"])
    assert made.outputs["stdout"] == "42"


async def test_an_update_sees_the_previous_output(provider: command.CommandProvider) -> None:
    inputs = {"create": "echo one", "update": 'echo "$PULUMI_COMMAND_STDOUT two"'}
    made = await create(provider, **inputs)
    old = Resource(URN, TYPE, True, id=made.id, inputs=inputs, outputs=made.outputs)
    updated = await provider.update(base.UpdateRequest(URN, TYPE, old, inputs))
    silent = {**inputs, "addPreviousOutputInEnv": False}
    without = await provider.update(base.UpdateRequest(URN, TYPE, old, silent))
    assert updated.outputs["stdout"] == "one two"
    assert without.outputs["stdout"] == " two"
    assert updated.id == made.id


async def test_a_delete_runs_once_with_the_recorded_output(provider: command.CommandProvider, tmp_path: Path) -> None:
    inputs = {"create": "echo me", "delete": 'echo "$PULUMI_COMMAND_STDOUT" >> gone'}
    made = await create(provider, **inputs)
    await provider.delete(
        base.DeleteRequest(Resource(URN, TYPE, True, id=made.id, inputs=inputs, outputs=made.outputs))
    )
    assert (tmp_path / "gone").read_text() == "me\n"


async def test_a_failure_shows_the_output_but_never_the_command(provider: command.CommandProvider) -> None:
    with pytest.raises(errors.ProviderError) as caught:
        await create(provider, create="echo why; exit 3 # canary", stdin="canary", environment={"A": "canary"})
    assert "exited with status 3" in str(caught.value)
    assert "why" in str(caught.value)
    assert "canary" not in str(caught.value)


async def test_a_failure_keeps_quiet_when_logging_is_off(provider: command.CommandProvider) -> None:
    with pytest.raises(errors.ProviderError) as caught:
        await create(provider, create="echo canary; exit 1", logging="none")
    assert "canary" not in str(caught.value)


async def test_a_missing_directory_is_explained(provider: command.CommandProvider) -> None:
    with pytest.raises(errors.ProviderError, match="could not start"):
        await create(provider, create="true", dir="nowhere")


async def test_files_are_collected(provider: command.CommandProvider, tmp_path: Path) -> None:
    script = "mkdir -p a/b; echo x > a/b/x.txt; echo s > a/secret.txt; echo y > y.txt"
    made = await create(provider, create=script, assetPaths=["**.txt", "!**secret.*"], archivePaths=["*.txt"])
    assert sorted(made.outputs["assets"]) == ["a/b/x.txt", "y.txt"]
    assert made.outputs["assets"]["y.txt"].path == str(tmp_path / "y.txt")
    assert isinstance(made.outputs["archive"], Archive)
    assert list(made.outputs["archive"].assets or {}) == ["y.txt"]


class Family:
    """A fifo in which a command writes the ids of two processes, and handles that tell when they have ended."""

    def __init__(self, folder: Path) -> None:
        os.mkfifo(folder / "pids")
        self._fifo = os.open(folder / "pids", os.O_RDWR)
        self._handles: list[int] = []

    async def meet(self, command: asyncio.Task[Any]) -> None:
        """Wait until both are there; a command that ends before fails the test, and holds nobody up."""
        told = asyncio.create_task(asyncio.to_thread(os.read, self._fifo, 100))
        await asyncio.wait({told, command}, return_when=asyncio.FIRST_COMPLETED)
        if not told.done():
            os.write(self._fifo, b"-")  # for the thread, which cannot be cancelled
            await told
            pytest.fail(f"the command ended too early: {command}")
        self._handles = [os.pidfd_open(int(pid)) for pid in told.result().split()]

    async def wait_for_the_end(self) -> None:
        for handle in self._handles:
            ended, _, _ = await asyncio.to_thread(select.select, [handle], [], [], 10)
            assert ended, "a process outlived its command"
            os.close(handle)
        os.close(self._fifo)


class Limit(asyncio.Timeout):
    """A limit of time that tells when it has begun."""

    def __init__(self, when: float | None) -> None:
        super().__init__(when)
        self.entered = asyncio.Event()

    async def __aenter__(self) -> Limit:
        await super().__aenter__()
        self.entered.set()
        return self


STUBBORN = "sh -c 'trap \"\" TERM; echo $PPID $$ > pids; sleep 60; sleep 60'; true"
ORPHANING = f"{STUBBORN} & exec sleep 60"


@pytest.mark.parametrize("script", [STUBBORN, ORPHANING])
async def test_a_cancelled_command_takes_its_children_with_it(
    provider: command.CommandProvider, tmp_path: Path, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_GRACE", 0.1)
    family = Family(tmp_path)
    task = asyncio.create_task(create(provider, create=script))
    await family.meet(task)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await family.wait_for_the_end()


async def test_a_command_that_takes_too_long_is_killed_with_its_children(
    provider: command.CommandProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_GRACE", 0.1)
    limit = Limit(None)
    timed = {**vars(asyncio), "timeout": lambda seconds: limit}
    monkeypatch.setattr(processes, "asyncio", types.SimpleNamespace(**timed))  # there only: others set limits, too
    family = Family(tmp_path)
    task = asyncio.create_task(create(provider, 2, create=STUBBORN))
    await family.meet(task)
    await limit.entered.wait()
    limit.reschedule(asyncio.get_running_loop().time())
    with pytest.raises(errors.ProviderError, match="longer than 2 s"):
        await task
    await family.wait_for_the_end()


async def test_run_answers_with_its_output_and_refuses_with_a_reason(provider: command.CommandProvider) -> None:
    found = await provider.invoke("command:local:run", {"command": "echo now"})
    assert found.outputs["stdout"] == "now"
    assert found.outputs["command"] == "echo now"
    failed = await provider.invoke("command:local:run", {"command": "exit 9"})
    assert "status 9" in failed.failures[0].reason
    assert (await provider.invoke("command:local:run", {})).failures[0].property == "command"
