"""Edits keep what was written around them, and do what the CLI's `config` verbs do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackyard import errors
from stackyard.config import editing, resolution
from stackyard.model.estates import Stack
from stackyard.secrets.opening import Opener
from tests.unit.config.test_resolution import MANAGER, SALT, stack

OPENER = Opener({"PULUMI_CONFIG_PASSPHRASE": "abc123"}, salt=SALT)
COMMENTED = """\
# The development stack.
encryptionsalt: "{salt}"

config:
  # how many
  cfg:size: 3   # not more
  # where
  aws:region: 'eu-west-1'

  cfg:tags:
    - a   # first
    - b
  cfg:last: x
  # the end
""".replace("{salt}", SALT)


def text(made: Stack) -> str:
    return made.config_path.read_text()


def value(made: Stack, key: str) -> str:
    return resolution.resolve(made, OPENER).values[key]


def test_a_changed_value_changes_its_line_only(tmp_path: Path) -> None:
    made = stack(tmp_path, COMMENTED)
    assert editing.set_value(made, "last", "new", OPENER) == "cfg:last"
    assert text(made) == COMMENTED.replace("cfg:last: x", "cfg:last: new")
    editing.set_value(made, "size", "4", OPENER)
    assert text(made) == COMMENTED.replace("cfg:last: x", "cfg:last: new").replace("size: 3 ", 'size: "4"').replace(
        '"4"  ', '"4" '
    )


def test_a_removed_value_takes_only_its_lines(tmp_path: Path) -> None:
    made = stack(tmp_path, COMMENTED)
    assert editing.remove(made, "size")
    assert text(made) == COMMENTED.replace("  cfg:size: 3   # not more\n", "")
    assert editing.remove(made, "tags")
    assert editing.remove(made, "last")
    assert "# the end" in text(made)
    assert not editing.remove(made, "last")


def test_new_keys_have_their_full_name(tmp_path: Path) -> None:
    made = stack(tmp_path, COMMENTED)
    editing.set_value(made, "fresh", "1", OPENER)
    editing.set_value(made, "aws:profile", "dev", OPENER)
    assert value(made, "cfg:fresh") == "1"
    assert 'cfg:fresh: "1"' in text(made)
    assert "aws:profile: dev" in text(made)
    assert all(line in text(made) for line in COMMENTED.splitlines())


def test_keys_are_found_however_they_are_spelled(tmp_path: Path) -> None:
    made = stack(tmp_path, "config:\n  a: 1\n  cfg:config:b: 2\n")
    editing.set_value(made, "cfg:a", "x", OPENER)
    editing.set_value(made, "b", "zz", OPENER)
    assert text(made) == "config:\n  a: x\n  cfg:config:b: zz\n"


def test_a_file_is_made_and_the_first_secret_brings_the_salt(tmp_path: Path) -> None:
    made = stack(tmp_path)
    editing.set_value(made, "a", "1", OPENER)
    assert text(made) == 'config:\n  cfg:a: "1"\n'
    editing.set_value(made, "b", "canary", OPENER, secret=True)
    assert text(made).startswith(f"encryptionsalt: {SALT}\nconfig:\n")
    assert "canary" not in text(made)
    assert editing.get_value(made, "b", OPENER) == ("canary", True)
    assert editing.get_value(made, "a", OPENER) == ("1", False)
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["Pulumi.dev.yaml", "Pulumi.yaml"]


def test_a_file_keeps_its_own_salt(tmp_path: Path) -> None:
    other = "v1:fozI5u6B030=:v1:F+6ZduKKd8G0/V7L:PGMFeIzwobWRKmEAzUdaQHqC5mMRIQ=="
    made = stack(tmp_path, f"encryptionsalt: {other}\n")
    editing.set_value(made, "a", "x", Opener({"PULUMI_CONFIG_PASSPHRASE": "password"}, salt=SALT), secret=True)
    assert other in text(made)
    assert SALT not in text(made)


def test_a_wrong_passphrase_changes_nothing(tmp_path: Path) -> None:
    made = stack(tmp_path, COMMENTED)
    with pytest.raises(errors.SecretsError):
        editing.set_value(made, "a", "x", Opener({"PULUMI_CONFIG_PASSPHRASE": "wrong"}), secret=True)
    assert text(made) == COMMENTED


def test_paths_reach_into_values(tmp_path: Path) -> None:
    made = stack(tmp_path, COMMENTED)
    for key, new in (("tags[0]", "z"), ("tags[2]", "c"), ("deep.list[0].flag", "true"), ('deep["a.b"]', "007")):
        editing.set_value(made, key, new, OPENER, is_path=True)
    assert value(made, "cfg:tags") == '["z","b","c"]'
    assert value(made, "cfg:deep") == '{"a.b":"007","list":[{"flag":true}]}'
    assert "- z   # first" in text(made)
    editing.set_value(made, "deep.secret", "canary", OPENER, secret=True, is_path=True)
    assert editing.get_value(made, "deep.secret", OPENER, is_path=True) == ("canary", True)
    assert editing.get_value(made, "deep.list[0]", OPENER, is_path=True)[0] == '{"flag":true}'
    assert editing.remove(made, "deep.list[0].flag", is_path=True)
    assert not editing.remove(made, "deep.nowhere", is_path=True)
    assert editing.get_value(made, "deep.list", OPENER, is_path=True)[0] == "[{}]"


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("tags.a", "is a list"),
        ("tags[7]", "would leave a gap"),
        ("tags[0].deeper", "plain value"),
        ("map[0]", "is a mapping"),
        ("empty.secure", "encrypted value"),
        ("a:b:c:d", "not a configuration key"),
        ("tags[", "malformed"),
    ],
)
def test_places_that_cannot_be_set(tmp_path: Path, key: str, message: str) -> None:
    before = "config:\n  cfg:tags: [a]\n  cfg:map: {a: 1}\n  cfg:empty: {}\n"
    made = stack(tmp_path, before)
    with pytest.raises(errors.ConfigError, match=message):
        editing.set_value(made, key, "x", OPENER, is_path=True)
    assert text(made) == before


def test_a_plain_value_gives_way_to_a_path(tmp_path: Path) -> None:
    made = stack(tmp_path, "config:\n  cfg:a: plain\n")
    editing.set_value(made, "a.b", "1", OPENER, is_path=True)
    assert value(made, "cfg:a") == '{"b":1}'


def test_values_of_the_fleet_and_the_project_can_be_read(tmp_path: Path) -> None:
    made = stack(tmp_path, "", "  size: {type: integer, default: 3}\n", fleet={"tenant": "acme"})
    assert editing.get_value(made, "size", OPENER) == ("3", False)
    assert editing.get_value(made, "tenant", OPENER) == ("acme", False)
    with pytest.raises(errors.ConfigError, match="no configuration value") as caught:
        editing.get_value(made, "nothing", OPENER)
    assert "config set --on cfg/dev" in caught.value.hint
    with pytest.raises(errors.ConfigError, match="no configuration value"):
        editing.get_value(made, "size.deeper", OPENER, is_path=True)


def test_the_last_key_takes_config_with_it(tmp_path: Path) -> None:
    made = stack(tmp_path, "config:\n  cfg:a: 1\n")
    assert editing.remove(made, "a")
    assert text(made) == ""
    editing.set_value(made, "a", "1", OPENER)
    assert value(made, "cfg:a") == "1"


@pytest.mark.parametrize("content", ["config:\n  a: [\n", "config:\n  a: 1\n  a: 2\n", "- x\n"])
def test_faulty_files_are_not_edited(tmp_path: Path, content: str) -> None:
    made = stack(tmp_path, content)
    with pytest.raises(errors.DiagnosedError):
        editing.set_value(made, "b", "1", OPENER)
    assert text(made) == content


@pytest.mark.parametrize(
    "content",
    [
        "config:\n    cfg:a:\n        - x\n        - y\n    cfg:b: 1\n",
        "config:\n  cfg:a:\n  - x\n  - y\n  cfg:b: 1\n",
        "config: {cfg:a: [x, y], cfg:b: 1}\n",
        "config:\n  cfg:a: &anchor {x: 1}\n  cfg:c: *anchor\n  cfg:b: 1\n",
    ],
)
def test_every_style_is_kept(tmp_path: Path, content: str) -> None:
    made = stack(tmp_path, content)
    editing.set_value(made, "b", "text", OPENER)
    assert text(made) == content.replace("cfg:b: 1", "cfg:b: text")


def test_a_failed_write_leaves_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = stack(tmp_path, COMMENTED)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", fail)
    with pytest.raises(OSError, match="No space"):
        editing.set_value(made, "a", "1", OPENER)
    assert text(made) == COMMENTED
    assert len(list(tmp_path.iterdir())) == 2


TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)


@settings(max_examples=150)
@given(
    TEXTS
    | st.sampled_from(["yes", "1_000", "0b1", "2020-01-01", "null", "~", "- a", "a: b", "#x", "a #b", "a\n", "\n"])
)
def test_any_text_comes_back(tmp_path_factory: pytest.TempPathFactory, written: str) -> None:
    made = stack(tmp_path_factory.mktemp("s"), "config:\n  cfg:other: 1 # kept\n")
    editing.set_value(made, "a", written, OPENER)
    found = resolution.resolve(made, OPENER).values
    assert found == {"cfg:a": written, "cfg:other": "1"}
    assert "cfg:other: 1 # kept" in text(made)


def test_what_the_cli_encrypted_can_be_read(tmp_path: Path) -> None:
    made = stack(tmp_path, f"encryptionsalt: {SALT}\nconfig:\n  cfg:a:\n    secure: {MANAGER.encrypt('x')}\n")
    assert editing.get_value(made, "a", OPENER) == ("x", True)
