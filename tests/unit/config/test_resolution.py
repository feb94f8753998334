"""What a stack's files come to: the values the CLI would give, and every fault at its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from stackyard import errors
from stackyard.config import resolution, stack_files
from stackyard.config.resolution import ResolvedConfig
from stackyard.errors import Position
from stackyard.model.estates import Project, Stack
from stackyard.model.names import StackName
from stackyard.secrets.opening import Opener
from stackyard.secrets.passphrase import PassphraseManager

SALT = "v1:4iF78gb0nF0=:v1:Co6IbTWYs/UdrjgY:FSrAWOFZnj9ealCUDdJL7LrUKXX9BA=="
OPENER = Opener({"PULUMI_CONFIG_PASSPHRASE": "abc123"})
MANAGER = PassphraseManager(SALT, lambda: "abc123")


def stack(folder: Path, text: str = "", project: str = "", fleet: dict[str, str] | None = None) -> Stack:
    """A stack `dev` of a project `cfg` whose `config:` is the YAML in `project`."""
    (folder / "Pulumi.yaml").write_text(f"name: cfg\nruntime: python\nconfig:\n{project}")
    if text:
        (folder / "Pulumi.dev.yaml").write_text(text)
    made = Project("cfg", folder, config=yaml.safe_load(project) or {}, position=Position("app/Pulumi.yaml", 1, 7))
    name = StackName("organization", "cfg", "dev")
    return Stack(name, made, folder / "Pulumi.dev.yaml", fleet_entry="acme" if fleet else "", fleet_config=fleet or {})


def resolved(folder: Path, text: str = "", project: str = "", **options: Any) -> ResolvedConfig:
    return resolution.resolve(stack(folder, text, project, **options), OPENER)


def faults(folder: Path, text: str = "", project: str = "", **options: Any) -> list[str]:
    with pytest.raises(errors.DiagnosedError) as caught:
        resolved(folder, text, project, **options)
    assert all(d.stack == "cfg/dev" for d in caught.value.diagnostics)
    return [str(d) for d in caught.value.diagnostics]


# What `pulumi config --json` says of these texts, where it and we agree.
AS_THE_CLI = {
    "yes": "yes",
    "on": "on",
    "0123": "83",
    "0o17": "15",
    "0x1F": "31",
    "1.50": "1.5",
    "1e3": "1000",
    "12345678901234567890": "12345678901234567890",
    "123456789012345678901234567890": "1.2345678901234568e+29",
    '"0123"': "0123",
    "+5": "5",
    "True": "true",
    "1e30": "1e+30",
    "0.00001": "0.00001",
    "''": "",
    "~": "",
    "1.0": "1",
    "[]": "[]",
    "[1, 1.5, yes, true, x, null, 1e3, 1e30]": '[1,1.5,"yes",true,"x",null,1000,1e+30]',
    '{z: 1, a: "<&>", 1: 2, true: 3}': '{"1":2,"a":"\\u003c\\u0026\\u003e","true":3,"z":1}',
    "|\n    multi\n    line\n": "multi\nline\n",
}


@pytest.mark.parametrize(("written", "value"), AS_THE_CLI.items(), ids=lambda text: repr(text)[:30])
def test_values_are_what_the_cli_gives(tmp_path: Path, written: str, value: str) -> None:
    assert resolved(tmp_path, f"config:\n  cfg:a: {written}\n").values == {"cfg:a": value}


def test_keys_have_a_namespace_or_are_the_projects(tmp_path: Path) -> None:
    found = resolved(tmp_path, "config:\n  a: 1\n  cfg:config:b: 2\n  aws:region: eu-west-1\n")
    assert found.values == {"cfg:a": "1", "cfg:b": "2", "aws:region": "eu-west-1"}
    assert found.origins["aws:region"] == Position("app/Pulumi.dev.yaml", 4, 3)


def test_a_stack_without_a_file_has_the_projects_defaults(tmp_path: Path) -> None:
    project = """\
  size: {type: integer, default: 3}
  name: plain
  list: [1, 2]
  aws:region: eu-west-1
  deep: {type: object, default: {a: 1}}
"""
    found = resolved(tmp_path, "", project)
    assert found.values == {
        "cfg:size": "3",
        "cfg:name": "plain",
        "cfg:list": "[1,2]",
        "aws:region": "eu-west-1",
        "cfg:deep": '{"a":1}',
    }
    assert found.origins["cfg:name"] == Position("app/Pulumi.yaml", 5, 3)


def test_the_file_wins_over_the_fleet_and_the_fleet_over_the_project(tmp_path: Path) -> None:
    fleet = {"tenant": "acme", "size": "7", "aws:region": "eu-north-1"}
    found = resolved(tmp_path, "config:\n  cfg:size: 9\n", "  tenant: nobody\n  size: 1\n  other: x\n", fleet=fleet)
    assert found.values == {"cfg:tenant": "acme", "cfg:size": "9", "aws:region": "eu-north-1", "cfg:other": "x"}


def test_secrets_are_opened_and_named(tmp_path: Path) -> None:
    text, inner = MANAGER.encrypt("p<w>"), MANAGER.encrypt("deep")
    content = f"encryptionsalt: {SALT}\nconfig:\n  cfg:a:\n    secure: {text}\n  cfg:b: plain\n"
    content += f"  cfg:c:\n    list: [1, {{secure: {inner}}}]\n"
    found = resolved(tmp_path, content)
    assert found.values == {"cfg:a": "p<w>", "cfg:b": "plain", "cfg:c": '{"list":[1,"deep"]}'}
    assert found.secret_keys == ("cfg:a", "cfg:c")


def test_no_passphrase_is_asked_for_without_a_secret(tmp_path: Path) -> None:
    made = stack(tmp_path, f"encryptionsalt: {SALT}\nconfig:\n  cfg:b: plain\n")
    assert resolution.resolve(made, Opener({})).values == {"cfg:b": "plain"}


def test_a_wrong_passphrase_is_located(tmp_path: Path) -> None:
    made = stack(tmp_path, f"encryptionsalt: {SALT}\nconfig:\n  cfg:a: {{secure: {MANAGER.encrypt('canary')}}}\n")
    with pytest.raises(errors.SecretsError, match=r"app/Pulumi.dev.yaml:3:3.*`cfg:a`"):
        resolution.resolve(made, Opener({"PULUMI_CONFIG_PASSPHRASE": "wrong"}))
    with pytest.raises(errors.SecretsError, match="no passphrase") as caught:
        resolution.resolve(made, Opener({}))
    assert "PULUMI_CONFIG_PASSPHRASE" in caught.value.hint


def test_a_wrong_passphrase_is_told_together_with_the_other_faults(tmp_path: Path) -> None:
    content = f"encryptionsalt: {SALT}\nconfig:\n  cfg:a: {{secure: {MANAGER.encrypt('x')}}}\n"
    made = stack(tmp_path, content, "  b: {type: string}\n  a: {type: string}\n")
    with pytest.raises(errors.DiagnosedError) as caught:
        resolution.resolve(made, Opener({}))
    messages = [d.message for d in caught.value.diagnostics]
    assert len(messages) == 2
    assert "`b`" in messages[0]
    assert "`cfg:a`" in messages[1]


def test_a_secret_without_a_key_says_so(tmp_path: Path) -> None:
    with pytest.raises(errors.SecretsError, match="encryptionsalt"):
        resolved(tmp_path, "config:\n  a: {secure: v1:a:b}\n")
    with pytest.raises(errors.SecretsError, match="awskms"):
        resolved(tmp_path, "secretsprovider: awskms://alias/x\nconfig:\n  a: {secure: v1:a:b}\n")


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    project = """\
  needed: {type: string}
  count: {type: integer}
  flag: {type: boolean}
  tags: {type: array, items: {type: string}}
  deep: {type: object}
  hidden: {type: string, secret: true}
  strange: {type: number}
  both: {default: 1, value: 2}
  wrong: {type: integer, default: x}
  bare: {type: array}
  aws:region: {type: string, value: x}
"""
    text = """\
config:
  cfg:count: 1.5
  cfg:flag: maybe
  cfg:tags: [1]
  cfg:deep: text
  cfg:hidden: shown
  a:b:c:d: 1
"""
    found = faults(tmp_path, text, project)
    for expected in (
        "app/Pulumi.dev.yaml: error: missing configuration value `needed` (declared at app/Pulumi.yaml:4:3)",
        "app/Pulumi.dev.yaml:2:3: error: `count` must be of type integer",
        "app/Pulumi.dev.yaml:3:3: error: `flag` must be of type boolean",
        "app/Pulumi.dev.yaml:4:3: error: `tags` must be of type array<string>",
        "app/Pulumi.dev.yaml:5:3: error: `deep` must be of type object",
        "app/Pulumi.dev.yaml:6:3: error: `hidden` must be encrypted",
        "app/Pulumi.dev.yaml:7:3: error: 'a:b:c:d' is not a configuration key",
        "app/Pulumi.yaml:10:3: error: config `strange`: there is no type 'number'",
        "app/Pulumi.yaml:11:3: error: config `both`",
        "app/Pulumi.yaml:12:3: error: config `wrong`: its default is not of type integer",
        "app/Pulumi.yaml:13:3: error: config `bare`: an array needs `items:`",
        "app/Pulumi.yaml:14:3: error: config `aws:region`",
    ):
        assert any(line.startswith(expected) for line in found), expected
    assert len(found) == 12


@pytest.mark.parametrize(
    ("declared", "written"),
    [
        ("{type: string}", "5"),
        ("{type: integer}", '"5"'),
        ("{type: integer}", "5.0"),
        ("{type: boolean}", '"true"'),
        ("{type: boolean}", "false"),
        ("{type: object}", "{a: 1}"),
        ("{type: array, items: {type: array, items: {type: integer}}}", "[[1], []]"),
        ("{description: anything}", "x"),
    ],
)
def test_what_fits_its_type(tmp_path: Path, declared: str, written: str) -> None:
    assert "cfg:a" in resolved(tmp_path, f"config:\n  cfg:a: {written}\n", f"  a: {declared}\n").values


def test_a_default_of_a_secret_key_is_secret(tmp_path: Path) -> None:
    assert resolved(tmp_path, "", "  a: {type: string, secret: true, default: x}\n").secret_keys == ("cfg:a",)


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [" + ", ".join(["*" + chr(97 + i)] * 10) + "]\n" for i in range(9)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("config:\n  a: [1\n", "app/Pulumi.dev.yaml:3:1: error: malformed YAML"),
        ("config:\n  a: 1\n  a: 2\n", "app/Pulumi.dev.yaml:3:3: error: duplicate key"),
        ("config:\n  a: 1\n  cfg:a: 2\n", "app/Pulumi.dev.yaml:3:3: error: 'cfg:a' is the same key as on line 2"),
        ("config: [1]\n", "app/Pulumi.dev.yaml:1:9: error: config must be a mapping"),
        ("- 1\n", "app/Pulumi.dev.yaml:1:1: error: a stack file is a mapping"),
        ("encryptionsalt: 5\n", "app/Pulumi.dev.yaml:1:17: error: encryptionsalt must be text"),
        ("environment:\n  - prod\n", "app/Pulumi.dev.yaml:2:5: error: there is no environment 'prod'"),
        ("config:\n  a: .inf\n", "app/Pulumi.dev.yaml:2:3: error: `cfg:a`: inf"),
        (BOMB, "error: more than 100000 values"),
        ("config:\n  a: " + "[" * 200 + "]" * 200, "error: nested more than"),
        ("#" + "x" * (1 << 20), "app/Pulumi.dev.yaml: error: is larger than 1024 KiB"),
        ("config:\n  a: !!python/object/apply:os.system [x]\n", "error: unknown YAML tag"),
    ],
    ids=lambda text: repr(text)[:24],
)
def test_bad_files_are_located_faults(tmp_path: Path, text: str, message: str) -> None:
    assert any(message in line for line in faults(tmp_path, text))


def test_a_stack_file_that_is_a_link_is_refused(tmp_path: Path) -> None:
    made = stack(tmp_path)
    (tmp_path / "elsewhere").write_text("config: {a: 1}")
    made.config_path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(errors.DiagnosedError) as caught:
        resolution.resolve(made, OPENER)
    assert "symbolic link" in str(caught.value.diagnostics[0])


def test_the_text_of_a_value_is_json_of_it() -> None:
    assert json.loads(stack_files.text_of({"b": [1.5, None], "a": "x"})) == {"a": "x", "b": [1.5, None]}


def test_the_salt_of_an_estate_is_that_of_the_first_file_that_has_one(tmp_path: Path) -> None:
    without, with_salt = tmp_path / "a", tmp_path / "b"
    without.mkdir()
    with_salt.mkdir()
    made = [stack(without), stack(with_salt, f"encryptionsalt: {SALT}\n")]
    assert stack_files.estate_salt(made) == SALT
    assert stack_files.estate_salt(made[:1]) == ""
