"""Dynamic resources: the provider is code of the program's own, run by the SDK's host. Here in Python."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

import pytest

from stackyard import errors
from stackyard.model.resources import Resource
from stackyard.model.values import UNKNOWN
from stackyard.providers import base
from stackyard.providers.catalog import Catalog
from stackyard.providers.dynamic import hosts
from tests.functional import running

PROGRAM = """
import pulumi, shouting
from pulumi.dynamic import CheckFailure, CheckResult, CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

class Notes(ResourceProvider):
    def configure(self, request):
        self.file = request.config.require("file")

    def check(self, old, new):
        failures = [] if new["text"] else [CheckFailure("text", "must not be empty")]
        return CheckResult(new, failures)

    def diff(self, id, old, new):
        return DiffResult(old["text"] != new["text"], ["text"] if new["text"].startswith("new") else [])

    def create(self, inputs):
        return CreateResult(inputs["text"], self.write(inputs))

    def update(self, id, old, new):
        return UpdateResult(self.write(new))

    def delete(self, id, outputs):
        open(self.file, "a").write("deleted " + id + "\\n")

    def write(self, inputs):
        if inputs["text"] == "bad":
            raise ValueError("bad is refused")
        open(self.file, "a").write(inputs["text"] + "\\n")
        return {**inputs, "loud": shouting.shout(inputs["text"])}

class Note(Resource):
    loud: pulumi.Output[str]

    def __init__(self, name, text):
        super().__init__(Notes(), name, {"text": text, "loud": None})

note = Note("note", pulumi.Config().get("text") or "")
pulumi.export("loud", note.loud)
"""
URN = "urn:pulumi:dev::notes::pulumi-python:dynamic:Resource::note"


@pytest.fixture
def estate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One stack on `aws`, which it does not call: so no cloud has to be started."""
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "test")
    (tmp_path / "notes").mkdir()
    (tmp_path / "stackyard.yaml").write_text('organization: acme\nstacks: {"*/*": {cloud: aws}}\n', encoding="utf-8")
    (tmp_path / "notes" / "Pulumi.yaml").write_text("name: notes\nruntime: python\n", encoding="utf-8")
    (tmp_path / "notes" / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    (tmp_path / "notes" / "shouting.py").write_text("def shout(text):\n    return text.upper()\n", encoding="utf-8")
    return tmp_path


def run(estate: Path, verb: str, text: str) -> running.Result:
    settings = f"config:\n  notes:text: {text}\n  notes:file: {estate / 'written'}\n"
    (estate / "notes" / "Pulumi.dev.yaml").write_text(settings, encoding="utf-8")
    (estate / "state").mkdir(exist_ok=True)
    yes = ["--yes"] if verb != "preview" else []
    return running.run(estate, verb, *yes, "--json", "--backend", (estate / "state").as_uri())


def written(estate: Path) -> list[str]:
    file = estate / "written"
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def test_the_code_of_the_program_makes_changes_replaces_and_deletes(estate: Path) -> None:
    assert run(estate, "preview", "one").done().counts == {"create": 2}
    assert written(estate) == []
    run(estate, "up", "one").done()
    assert written(estate) == ["one"]
    assert run(estate, "up", "one").done().counts == {}
    assert run(estate, "up", "two").done().counts == {"update": 1}
    outputs = running.run(estate, "output", "notes/dev", "--json", "--backend", (estate / "state").as_uri()).done()
    assert outputs.documents[-1]["outputs"] == {"loud": "TWO"}
    assert run(estate, "up", "new").done().counts == {"replace": 1}
    run(estate, "destroy", "new").done()
    assert written(estate) == ["one", "two", "new", "deleted one", "deleted new"]


def test_what_the_code_refuses_is_told_in_its_words(estate: Path) -> None:
    assert "text: must not be empty" in run(estate, "preview", '""').stdout
    result = run(estate, "up", "bad")
    assert result.exit_code
    assert "bad is refused" in result.stdout
    assert written(estate) == []


@pytest.fixture
def settings(tmp_path: Path) -> base.Settings:
    return base.Settings(environ={"PATH": os.environ["PATH"]}, directory=str(tmp_path), project="notes")


async def test_a_host_ends_when_its_input_does(settings: base.Settings) -> None:
    """So it ends with us, even when we are killed: the pipe closes then."""
    arguments, environ = hosts.command("pulumi-python", settings)
    host = await hosts.Host.start(arguments, settings.directory, environ)
    try:
        address = await host.address()
        socket = Path(address.removeprefix("unix:"))
        assert socket.is_socket()
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700, "nobody else gives it code to run"
        host._process.stdin.close()  # type: ignore[union-attr]
        async with asyncio.timeout(30):
            await host._process.wait()
    finally:
        await host.close()
    assert not socket.parent.exists()


async def test_a_host_that_does_not_start_says_why(settings: base.Settings) -> None:
    host = await hosts.Host.start(
        ["sh", "-c", "echo 'no such thing' >&2; exit 3"], settings.directory, settings.environ
    )
    with pytest.raises(errors.ProviderError, match=r"ended: no such thing"):
        await host.address()
    await host.close()
    with pytest.raises(errors.ProviderError, match="cannot be started"):
        await hosts.Host.start(["/nonexistent"], settings.directory, {})


async def test_code_that_is_no_code_and_a_host_that_is_gone(settings: base.Settings) -> None:
    catalog = Catalog()
    try:
        provider = await catalog.get("pulumi-python", settings)
        inputs = {"text": "a", "__provider": "bm90IGNvZGU="}
        with pytest.raises(errors.ProviderError):
            await provider.create(base.CreateRequest(URN, "t", inputs))
        assert (await provider.create(base.CreateRequest(URN, "t", inputs, preview=True))).id is UNKNOWN
        assert (await provider.find(base.CreateRequest(URN, "t", inputs))).presence is base.Presence.UNSURE
        await provider._host.close()  # type: ignore[attr-defined]
        with pytest.raises(errors.UncertainError):
            await provider.delete(base.DeleteRequest(Resource(URN, "t", True, id="i", outputs=inputs)))
        with pytest.raises(errors.Unsupported):
            await provider.read(base.ReadRequest(URN, "t", "i"))
    finally:
        await catalog.close()
