"""A stack takes configuration, variables and files from its environments; its own file wins."""

from __future__ import annotations

import dataclasses
import stat
from pathlib import Path

import pytest

from stackyard import errors
from stackyard.config import explaining, exporting, resolution
from stackyard.config.environments import handing, sealing
from stackyard.config.explaining import Explanation
from stackyard.config.resolution import ResolvedConfig
from stackyard.errors import Position
from stackyard.graph import configuration
from stackyard.graph.evaluation.state import Hidden
from stackyard.model.estates import Project, Stack
from stackyard.model.names import StackName
from stackyard.secrets.opening import Opener

OPENER = Opener({"PULUMI_CONFIG_PASSPHRASE": "abc123"})
BASE = """\
values:
  region: eu-west-1
  pulumiConfig:
    aws:region: ${region}
    net:
      cidr: 10.0.0.0/8
      zones: 2
    tone: loud
  environmentVariables:
    REGION: ${region}
    COUNT: 3
  files:
    CONF: "{}"
"""


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """The stack cfg/dev of an estate with the environment `base`, which the manifest gives it."""
    (tmp_path / "app").mkdir()
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / "base.yaml").write_text(BASE)
    (tmp_path / "app" / "Pulumi.yaml").write_text("name: cfg\nruntime: python\nconfig:\n  tone: quiet\n")
    project = Project("cfg", tmp_path / "app", config={"tone": "quiet"}, position=Position("app/Pulumi.yaml", 1, 7))
    name = StackName("organization", "cfg", "dev")
    given = (("base", Position("stackyard.yaml", 3, 9)),)
    return Stack(name, project, tmp_path / "app" / "Pulumi.dev.yaml", environments=given)


def resolved(stack: Stack, text: str = "") -> ResolvedConfig:
    if text:
        stack.config_path.write_text(text)
    return resolution.resolve(stack, OPENER)


def explained(found: ResolvedConfig) -> dict[str, Explanation]:
    return {each.key: each for each in explaining.explain(found)}


def test_environments_stand_over_the_project_and_under_the_stack_file(stack: Stack) -> None:
    found = resolved(stack, "config:\n  cfg:net: {zones: 3}\n")
    assert found.values == {"aws:region": "eu-west-1", "cfg:net": '{"cidr":"10.0.0.0/8","zones":3}', "cfg:tone": "loud"}
    assert handing.variables(found.variables) == {"REGION": "eu-west-1", "COUNT": "3"}


def test_a_null_in_the_stack_file_takes_a_part_away(stack: Stack) -> None:
    assert resolved(stack, "config:\n  cfg:net: {zones: null, x: null}\n").values["cfg:net"] == (
        '{"cidr":"10.0.0.0/8","x":null}'
    )


def test_a_stack_file_names_environments_after_the_manifest(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "environments" / "more.yaml").write_text("values: {pulumiConfig: {tone: soft}}")
    assert resolved(stack, "environment:\n  - more\n").values["cfg:tone"] == "soft"
    in_place = "environment:\n  imports: [more]\n  values: {pulumiConfig: {tone: in place}}\n"
    assert resolved(stack, in_place).values["cfg:tone"] == "in place"


def test_the_explanation_says_who_gave_and_what_was_overridden(stack: Stack) -> None:
    found = explained(resolved(stack, "config:\n  aws:region: eu-west-1\n  cfg:net: {zones: 3}\n"))
    region, zones, cidr, tone = (found[key] for key in ("aws:region", "cfg:net.zones", "cfg:net.cidr", "cfg:tone"))
    assert str(region.origin) == "app/Pulumi.dev.yaml:2:3"
    assert region.is_repeated
    assert [str(each.origin) for each in region.over] == ["environments/base.yaml:4:5"]
    assert (str(zones.origin), zones.over[0].value, zones.is_repeated) == ("app/Pulumi.dev.yaml:3:13", "2", False)
    assert str(cidr.origin) == "environments/base.yaml:6:7"
    assert [(each.value, str(each.origin)) for each in tone.over] == [("quiet", "app/Pulumi.yaml:4:3")]


def test_values_that_several_files_say_are_found(stack: Stack, tmp_path: Path) -> None:
    other = dataclasses.replace(stack, name=StackName("organization", "cfg", "prod"), environments=())
    other = dataclasses.replace(other, config_path=tmp_path / "app" / "Pulumi.prod.yaml")
    both = {
        "cfg/dev": explaining.explain(resolved(stack)),
        "cfg/prod": explaining.explain(resolved(other, "config:\n  tone: loud\n")),
    }
    [again] = explaining.repetitions(both)
    assert again.key == "cfg:tone"
    assert [str(place) for place in again.places] == ["app/Pulumi.prod.yaml:2:3", "environments/base.yaml:8:5"]
    assert again.stacks == ("cfg/dev", "cfg/prod")


def test_secrets_are_encrypted_in_place_and_stay_secret(stack: Stack, tmp_path: Path) -> None:
    path = tmp_path / "environments" / "base.yaml"
    path.write_text(
        "values:\n  pulumiConfig: # kept\n    a: {fn::secret: 'it''s'} # one\n    b:\n      fn::secret: \"x\\ny\"\n"
        "    c: [{fn::secret: 1 2 }, {fn::secret: '$$5'}]\n    d: '${pulumiConfig.a}!'\n"
    )
    before = resolved(stack)
    assert len(before.notes) == 4
    done = sealing.encrypt(tmp_path, "base", OPENER)
    assert [each.line for each in done.secrets] == [3, 5, 6, 6]
    text = path.read_text()
    assert not any(plain in text for plain in ("it''s", "x\\ny", "1 2", "$$5"))
    assert "# kept" in text
    assert text.splitlines()[2].endswith("} # one")
    after = resolved(stack)
    assert after.values == before.values
    assert after.values["cfg:d"] == "it's!"
    assert after.secret_keys == ("cfg:a", "cfg:b", "cfg:c", "cfg:d")
    assert after.notes == ()
    assert sealing.encrypt(tmp_path, "base", OPENER).secrets == ()


def test_a_secret_on_several_lines_is_refused_and_the_file_left(stack: Stack, tmp_path: Path) -> None:
    path = tmp_path / "environments" / "base.yaml"
    path.write_text("values:\n  a:\n    fn::secret: |\n      two\n      lines\n  b: {fn::secret: x}\n")
    before = path.read_text()
    with pytest.raises(errors.ConfigError) as caught:
        sealing.encrypt(tmp_path, "base", OPENER)
    assert str(caught.value.position) == "environments/base.yaml:3:5"
    assert path.read_text() == before


def test_a_wrong_passphrase_is_told_at_the_secret(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "environments" / "base.yaml").write_text("values: {pulumiConfig: {a: {fn::secret: x}}}")
    sealing.encrypt(tmp_path, "base", OPENER)
    with pytest.raises(errors.SecretsError) as caught:
        resolution.resolve(stack, Opener({"PULUMI_CONFIG_PASSPHRASE": "wrong"}))
    assert "environments/base.yaml:1:" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pulumiConfig: [1]", "environments/base.yaml:1:10: error: pulumiConfig must be a mapping"),
        ("pulumiConfig: {'a:b:c': 1}", "'a:b:c' is not a configuration key"),
        ("environmentVariables: {1x: a}", "'1x' cannot be a variable's name"),
        ("environmentVariables: {X: [a]}", "environmentVariables.X must be text (use fn::toJSON)"),
        ('files: {X: "a\\0"}', "files.X holds a NUL character"),
    ],
)
def test_reserved_keys_are_checked(stack: Stack, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "environments" / "base.yaml").write_text(f"values: {{{text}}}")
    with pytest.raises(errors.DiagnosedError) as caught:
        resolved(stack)
    assert any(message in str(each) for each in caught.value.diagnostics), list(map(str, caught.value.diagnostics))


def test_a_missing_environment_is_told_where_it_was_named(stack: Stack) -> None:
    lost = dataclasses.replace(stack, environments=(("bass", Position("stackyard.yaml", 3, 9)),))
    with pytest.raises(errors.DiagnosedError) as caught:
        resolved(lost)
    [told] = map(str, caught.value.diagnostics)
    assert told.startswith("stackyard.yaml:3:9: error: there is no environment 'bass'")
    assert "did you mean 'base'?" in told


def test_files_are_private_and_go(stack: Stack) -> None:
    files = handing.TemporaryFiles()
    given = files.variables("cfg/dev", resolved(stack).files)
    path = Path(given["CONF"])
    assert path.read_text() == "{}"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert files.variables("cfg/dev", resolved(stack).files) == given
    files.remove()
    assert not path.parent.exists()


def test_the_graph_reads_environments_and_opens_no_secret(stack: Stack, tmp_path: Path) -> None:
    reading = configuration.Files()
    assert reading(stack, "cfg:tone") == "loud"
    (tmp_path / "environments" / "base.yaml").write_text(
        "values: {pulumiConfig: {a: {fn::secret: {ciphertext: 'x|y'}}}}"
    )
    with pytest.raises(Hidden):
        configuration.Files()(stack, "cfg:a")


def test_an_exported_file_says_the_same_without_environments(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "environments" / "base.yaml").write_text(
        BASE.replace("tone: loud", "tone: {fn::secret: {ciphertext: CIPHER}}").replace("CIPHER", repr(_sealed("hush")))
    )
    found = resolved(stack)
    text = exporting.stack_file(stack, found, OPENER)
    assert "hush" not in text
    alone = dataclasses.replace(stack, environments=())
    again = resolved(alone, text)
    assert (again.values, again.secret_keys) == (found.values, ("cfg:tone",))


def _sealed(text: str) -> str:
    manager = OPENER.new()
    return f"{manager.salt}|{manager.encrypt(text)}"
