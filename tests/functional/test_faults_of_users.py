"""What users get wrong: each fault gives one located, helpful message and its exit code; several show all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackyard.cloud.client import EmbeddedCloud
from tests.functional.running import Result, run

pytestmark = pytest.mark.cloud


class Estate:
    """An estate written file by file, on the session's cloud."""

    def __init__(self, root: Path, cloud: EmbeddedCloud) -> None:
        self.root = root
        (root / ".stackyard").mkdir(parents=True)
        (root / ".stackyard" / "cloud").symlink_to(cloud.folder)
        self.write("stackyard.yaml", "organization: acme\n")

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def project(self, name: str, program: str, stack_file: str = "config: {}\n") -> None:
        self.write(f"{name}/Pulumi.yaml", f"name: {name}\nruntime: python\n")
        self.write(f"{name}/Pulumi.dev.yaml", stack_file)
        self.write(f"{name}/__main__.py", program)

    def run(self, *arguments: str) -> Result:
        return run(self.root, *arguments)


@pytest.fixture
def estate(tmp_path: Path, embedded_cloud: EmbeddedCloud) -> Estate:
    return Estate(tmp_path / "estate", embedded_cloud)


def said(result: Result, *parts: str) -> None:
    """Every part is in what the command wrote."""
    text = result.stdout + result.stderr
    for part in parts:
        assert part in text, f"{part!r} is not in:\n{text}"


def test_a_bug_is_shown_at_its_line(estate: Estate) -> None:
    estate.project("bug", "import pulumi\n\ndef ratio(n):\n    return 1 / n\n\npulumi.export('x', ratio(0))\n")
    result = estate.run("preview")
    assert result.exit_code == 1
    said(result, "bug/__main__.py:4", "ZeroDivisionError: division by zero", "return 1 / n")


def test_a_missing_configuration_value_is_named(estate: Estate) -> None:
    estate.project("conf", "import pulumi\npulumi.export('x', pulumi.Config().require('zone'))\n")
    result = estate.run("preview")
    assert result.exit_code == 1
    said(result, "conf/__main__.py:2", "conf:zone", "config set")


def test_a_provider_error_is_located_and_has_the_resource_exit_code(estate: Estate) -> None:
    estate.project("prov", "import pulumi_aws as aws\n\nq = aws.sqs.Queue('q', delay_seconds=100000)\n")
    result = estate.run("up", "--yes")
    assert result.exit_code == 4
    said(result, "prov/__main__.py:3", "aws:sqs/queue:Queue", "error: q:")


def test_a_cycle_is_shown_with_its_edges(estate: Estate) -> None:
    for name, other in (("hen", "egg"), ("egg", "hen")):
        program = (
            f"import pulumi\nref = pulumi.StackReference('acme/{other}/dev')\npulumi.export('x', ref.get_output('x'))\n"
        )
        estate.project(name, program)
    result = estate.run("preview")
    assert result.exit_code == 1
    said(result, "cycle", "hen/dev", "egg/dev", "hen/__main__.py:2", "egg/__main__.py:2")


def test_a_duplicate_urn_is_shown_at_both_places(estate: Estate) -> None:
    estate.project("dup", "import pulumi_aws as aws\naws.sqs.Queue('q')\naws.sqs.Queue('q')\n")
    result = estate.run("preview")
    assert result.exit_code == 1
    said(result, "dup/__main__.py:3", "dup/__main__.py:2", "registered twice")


def test_a_wrong_passphrase_writes_nothing(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "right")
    estate.project("safe", "import pulumi\npulumi.export('x', pulumi.Config().require_secret('token'))\n")
    assert estate.run("config", "set", "token", "hunter2", "--secret").exit_code == 0
    estate.run("up", "--yes").done()
    state = estate.root / ".stackyard/.pulumi/stacks/safe/dev.json"
    before = state.read_bytes()
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "wrong")
    result = estate.run("up", "--yes")
    assert result.exit_code == 1
    said(result, "passphrase")
    assert "hunter2" not in result.stdout + result.stderr
    assert state.read_bytes() == before


def test_malformed_yaml_is_shown_at_its_line(estate: Estate) -> None:
    estate.project("yaml", "import pulumi\n", stack_file="config:\n  a: [1, 2\n  b: 3\n")
    result = estate.run("preview")
    assert result.exit_code == 1
    said(result, "yaml/Pulumi.dev.yaml:3")


def test_a_required_output_that_is_not_exported_names_both_places(estate: Estate) -> None:
    estate.project("core", "import pulumi\npulumi.export('name', 'x')\n")
    reading = "core = pulumi.StackReference('acme/core/dev')\npulumi.export('y', core.require_output('nmae'))\n"
    estate.project("edge", f"import pulumi\n{reading}")
    result = estate.run("preview")
    assert result.exit_code == 1
    said(result, "edge/__main__.py:3", "nmae", "core/__main__.py:2")


def test_several_faults_are_all_shown_at_once(estate: Estate) -> None:
    estate.project("one", "import pulumi\npulumi.export('x', undefined_name)\n")
    estate.project("two", "import pulumi\npulumi.Config().require('missing')\n")
    estate.project("three", "import pulumi_aws as aws\naws.sqs.Queue('q', colour='red')\n")
    estate.project("fine", "import pulumi\npulumi.export('x', 1)\n")
    result = estate.run("preview")
    assert result.exit_code == 1
    said(result, "one/__main__.py:2", "undefined_name", "two/__main__.py:2", "missing", "three/__main__.py:2", "colour")
    said(result, "fine/dev")


def test_several_faults_of_files_are_all_shown_at_once(estate: Estate) -> None:
    estate.write("a/Pulumi.yaml", "name: [\n")
    estate.write("b/Pulumi.yaml", "runtime: python\n")
    estate.write("stackyard.yaml", "organisation: acme\n")
    result = estate.run("ls")
    assert result.exit_code == 1
    said(result, "a/Pulumi.yaml:", "b/Pulumi.yaml", "stackyard.yaml:1", "organization")


def test_a_failed_stack_skips_its_dependents_only(estate: Estate) -> None:
    estate.project("core", "import pulumi\nraise RuntimeError('down')\n")
    estate.project("edge", "import pulumi\npulumi.StackReference('acme/core/dev')\n")
    estate.project("other", "import pulumi\npulumi.export('x', 1)\n")
    result = estate.run("up", "--yes")
    assert result.exit_code == 1
    said(result, "core/__main__.py:2", "RuntimeError: down", "edge/dev", "skipped")
    said(result, "other/dev")


def test_a_mistyped_verb_and_stack_suggest_what_was_meant(estate: Estate) -> None:
    estate.project("network", "import pulumi\n")
    verb = estate.run("preveiw")
    assert verb.exit_code == 1
    said(verb, "preview")
    stack = estate.run("preview", "netwrok")
    assert stack.exit_code == 1
    said(stack, "network")


def test_a_reference_that_only_a_run_can_tell_is_known_to_the_next_run(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPSTREAM", "zone")
    program = "import os, pulumi\nref = pulumi.StackReference(f\"acme/{os.environ['UPSTREAM']}/dev\")\n"
    estate.project("area", program + "pulumi.export('x', ref.require_output('name'))\n")
    estate.project("zone", "import pulumi\npulumi.export('name', 'z')\n")
    first = estate.run("preview", "-p", "1")
    assert first.exit_code == 1
    said(first, "acme/zone/dev does not exist")
    estate.run("preview", "-p", "1").done()
