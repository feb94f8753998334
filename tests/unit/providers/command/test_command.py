"""The parts of the `command` package that run nothing."""

from __future__ import annotations

import pytest

from stackyard import errors
from stackyard.model.resources import Resource
from stackyard.model.values import UNKNOWN
from stackyard.providers import base, command
from stackyard.providers.command import files

TYPE = "command:local:Command"


@pytest.mark.parametrize("type_", ["command:remote:Command", "command:remote:CopyToRemote", "command:remote:CopyFile"])
async def test_remote_commands_are_unsupported_and_say_what_to_do(type_: str) -> None:
    with pytest.raises(errors.Unsupported, match="no SSH connections") as caught:
        await command.CommandProvider().check(base.CheckRequest("urn", type_, "n", {}))
    assert TYPE in caught.value.hint


async def test_a_changed_trigger_replaces_unless_there_is_an_update_command() -> None:
    old = Resource("urn", TYPE, True, inputs={"create": "a", "triggers": [1]})
    replaced = await command.CommandProvider().diff(
        base.DiffRequest("urn", TYPE, old, {"create": "a", "triggers": [2]})
    )
    updated = await command.CommandProvider().diff(
        base.DiffRequest("urn", TYPE, old, {"create": "a", "update": "b", "triggers": [2]})
    )
    assert replaced.replaces == ("triggers[0]",)
    assert updated.replaces == ()
    assert updated.changes


async def test_a_resource_without_commands_knows_its_outputs_in_a_preview() -> None:
    made = await command.CommandProvider().create(base.CreateRequest("urn", TYPE, {"delete": "x"}, preview=True))
    assert made.outputs == {"delete": "x", "stdout": "", "stderr": ""}
    some = await command.CommandProvider().create(
        base.CreateRequest("urn", TYPE, {"create": "x", "assetPaths": ["*"]}, preview=True)
    )
    assert some.outputs["assets"] is UNKNOWN
    assert "archive" not in some.outputs


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("*.txt", "a.txt", "b/a.txt"),
        ("**.txt", "b/a.txt", "a.md"),
        ("src/**", "src/a/b", "lib/a"),
        ("a?c", "abc", "a/c"),
        ("[ab].py", "a.py", "c.py"),
        ("[!ab].py", "c.py", "a.py"),
        ("{one,two}.js", "two.js", "three.js"),
        ("a,b", "a,b", "a"),
        (r"\*", "*", "a"),
        ("a.b", "a.b", "axb"),
    ],
)
def test_globs(pattern: str, matching: str, other: str) -> None:
    assert files.compiled(pattern).fullmatch(matching)
    assert not files.compiled(pattern).fullmatch(other)


def test_a_malformed_glob_is_explained() -> None:
    with pytest.raises(ValueError, match="malformed glob"):
        files.compiled("{a,b")
