"""Programs in Go, built and run for real against a monitor in memory. They stand on the SDK alone."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stackyard.errors import Position
from stackyard.languages.base import Exit, Program
from stackyard.languages.golang import GoLanguage
from stackyard.model.registrations import Goal
from stackyard.model.values import UNKNOWN, Secret
from stackyard.testing.monitors import EchoMonitor
from tests.functional.languages import remotes

MODULE = "module core\n\ngo 1.22\n\nrequire github.com/pulumi/pulumi/sdk/v3 v3.200.0\n"
HEAD = """package main

import (
\t"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
\t"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

type Pet struct {
\tpulumi.CustomResourceState
\tLength pulumi.IntOutput `pulumi:"length"`
}

var _ = config.Get

func main() {
\tpulumi.Run(func(ctx *pulumi.Context) error {
"""
FIRST = HEAD.count("\n") + 1

Run = Callable[..., Any]


@pytest.fixture(scope="session")
def module() -> Path:
    """A folder with go.mod and go.sum, its modules downloaded; skips the test where they cannot be had."""
    if shutil.which("go") is None:
        pytest.skip("Go is not installed")
    folder = remotes.cache() / "go-3.200.0"
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "go.mod").write_text(MODULE, encoding="utf-8")
        (folder / "main.go").write_text(HEAD + "\t\treturn nil\n\t})\n}\n", encoding="utf-8")
        made = subprocess.run(
            ["go", "mod", "tidy"], cwd=folder, capture_output=True, text=True, timeout=300, check=False
        )
        if made.returncode:
            pytest.skip(f"the modules of Go cannot be had: {made.stderr.strip()[-200:]}")
        (folder / "done").touch()
    return folder


@pytest.fixture
def write(tmp_path: Path, module: Path) -> Callable[..., Program]:
    """Write a program, its body given, and describe it."""

    def build(body: str, **fields: Any) -> Program:
        for name in ("go.mod", "go.sum"):
            shutil.copy(module / name, tmp_path)
        text = HEAD + textwrap.indent(textwrap.dedent(body).strip("\n"), "\t\t") + "\n\t})\n}\n"
        (tmp_path / "main.go").write_text(text, encoding="utf-8")
        environ = {name: value for name, value in os.environ.items() if name in ("HOME", "PATH")}
        given = {"project": "core", "stack": "dev", "organization": "acme", "environ": environ, **fields}
        return Program(directory=tmp_path, **given)

    return build


@pytest.fixture
def run(write: Callable[..., Program]) -> Run:
    language = GoLanguage(folder=remotes.cache() / "go-builds")

    async def go(body: str, monitor: EchoMonitor | None = None, **fields: Any) -> tuple[Exit, EchoMonitor]:
        monitor = monitor or EchoMonitor(project="core", preview=bool(fields.get("dry_run")))
        async with asyncio.timeout(400):
            return await language.run(write(body, **fields), monitor), monitor

    return go


async def test_resources_configuration_secrets_and_references(run: Run) -> None:
    body = """
    settings := config.New(ctx, "")
    other, err := pulumi.NewStackReference(ctx, "acme/base/dev", nil)
    if err != nil {
        return err
    }
    var pet Pet
    zone := other.GetOutput(pulumi.String("zone"))
    inputs := pulumi.Map{"length": pulumi.Int(settings.RequireInt("length")), "zone": zone}
    err = ctx.RegisterResource("random:index/randomPet:RandomPet", "pet", inputs, &pet, pulumi.Protect(true))
    if err != nil {
        return err
    }
    ctx.Export("name", pet.ID())
    ctx.Export("token", settings.RequireSecret("token"))
    ctx.Export("where", pulumi.String(ctx.Organization()+"/"+ctx.Project()+"/"+ctx.Stack()))
    return nil
    """
    read = {"outputs": {"zone": "z1"}, "secretOutputNames": [], "name": "acme/base/dev"}
    fields = {"config": {"core:length": "3", "core:token": "hush"}, "secret_keys": ("core:token",)}
    monitor = EchoMonitor(project="core", computed={"pulumi:pulumi:StackReference": read})
    ended, _ = await run(body, monitor, **fields)
    assert ended == Exit(True)
    pet = monitor.goal("pet")
    assert (pet.type, pet.inputs, pet.protect) == (
        "random:index/randomPet:RandomPet",
        {"length": 3, "zone": "z1"},
        True,
    )
    assert monitor.stack_outputs == {"name": "id-1", "token": Secret("hush"), "where": "acme/core/dev"}
    assert [each.id for each in monitor.reads] == ["acme/base/dev"]
    assert monitor.finished == 1
    assert not monitor.dry_run_was_read
    # The same program again, as a preview: nothing is built, and what is not made yet is unknown.
    preview = EchoMonitor(project="core", preview=True, computed={"pulumi:pulumi:StackReference": read})
    ended, _ = await run(body, preview, dry_run=True, **fields)
    assert ended == Exit(True)
    assert preview.stack_outputs["name"] is UNKNOWN
    assert not preview.dry_run_was_read


async def test_errors_panics_and_what_the_compiler_says(run: Run, tmp_path: Path) -> None:
    body = """
    settings := config.New(ctx, "")
    if settings.Get("how") == "error" {
        return fmt.Errorf("no luck")
    }
    if settings.Get("how") == "exit" {
        os.Exit(7)
    }
    var all map[string]int
    all["x"] = 1
    return nil
    """
    ended, _ = await run(body)
    file = str(tmp_path / "main.go")
    told = [(ended.message, ended.position), *((each.message, each.position) for each in ended.others)]
    assert told == [
        ("undefined: fmt", Position(file, FIRST + 2, 14)),
        ("undefined: os", Position(file, FIRST + 5, 7)),
    ]
    body = body.replace("fmt.Errorf", "errors.New").replace("os.Exit", "syscall.Exit")
    imports = '"errors"\n\t"syscall"\n\t"github.com/pulumi/pulumi/sdk/v3/go/pulumi"'

    def imported(text: str) -> str:
        return text.replace('"github.com/pulumi/pulumi/sdk/v3/go/pulumi"', imports, 1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{__name__}.HEAD", imported(HEAD))
        failed, monitor = await run(body, config={"core:how": "error"})
        assert (failed.ok, failed.message) == (False, "no luck")
        assert not [entry for entry in monitor.entries if "unhandled" in entry.message]
        left, _ = await run(body, config={"core:how": "exit"})
        assert (left.ok, left.message) == (False, "the program ended with exit code 7")
        panicked, _ = await run(body)
        assert panicked.message == "panic: assignment to entry in nil map"
        assert panicked.position == Position(file, FIRST + 2 + 8)


async def test_what_the_monitor_refuses_ends_the_program_with_its_words(run: Run) -> None:
    monitor = EchoMonitor(project="core")

    async def refuse(goal: Goal) -> None:
        if goal.name == "pet":
            raise ValueError("no pets allowed")

    monitor.before_register = refuse
    ended, _ = await run(
        """
        var pet Pet
        asks := ctx.DryRun
        _ = asks
        return ctx.RegisterResource("random:index/randomPet:RandomPet", "pet", nil, &pet)
        """,
        monitor,
    )
    assert not ended.ok
    assert "no pets allowed" in ended.message
    assert "rpc error" not in ended.message
    assert monitor.dry_run_was_read


async def test_a_given_binary_is_run_and_a_missing_one_is_told(tmp_path: Path) -> None:
    binary = tmp_path / "program"
    binary.write_text("#!/bin/sh\necho $PULUMI_PROJECT $PULUMI_DRY_RUN\n", encoding="utf-8")
    binary.chmod(0o755)
    monitor = EchoMonitor()
    environ = {"PATH": os.environ["PATH"]}
    program = Program("core", "dev", "acme", tmp_path, environ=environ, options={"binary": "program"}, dry_run=True)
    assert await GoLanguage().run(program, monitor) == Exit(True)
    assert monitor.lines("stdout") == ["core true"]
    assert monitor.dry_run_was_read, "nobody knows what a given binary asks"
    ended = await GoLanguage().run(Program("core", "dev", "acme", tmp_path, options={"binary": "none"}), monitor)
    assert (ended.ok, ended.message.startswith("there is no program none")) == (False, True)
    ended = await GoLanguage().run(Program("core", "dev", "acme", tmp_path, environ={"PATH": "/nonexistent"}), monitor)
    assert "install Go" in ended.message
