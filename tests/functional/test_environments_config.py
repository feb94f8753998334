"""Environments reach the program: as configuration, as variables, as files that are gone afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackyard.cloud.client import EmbeddedCloud
from tests.functional import running
from tests.functional.running import run

pytestmark = pytest.mark.cloud
PROGRAM = """\
import os
import pulumi

config = pulumi.Config()
pulumi.export("size", config.require_int("size"))
pulumi.export("password", config.require_secret("password"))
pulumi.export("colour", os.environ["COLOUR"])
pulumi.export("profile", os.environ.get("AWS_PROFILE", "none"))
pulumi.export("endpoint", os.environ["AWS_ENDPOINT_URL"])
pulumi.export("path", os.environ["SETTINGS"])
with open(os.environ["SETTINGS"]) as file:
    pulumi.export("settings", file.read())
"""
BASE = """\
values:
  colour: green
  pulumiConfig:
    size: 3
    password:
      fn::secret: hunter2
  environmentVariables:
    COLOUR: ${colour}
    AWS_PROFILE: somebody
    AWS_ENDPOINT_URL: http://192.0.2.1
  files:
    SETTINGS:
      fn::toJSON: { colour: "${colour}" }
"""


@pytest.fixture
def estate(tmp_path: Path, embedded_cloud: EmbeddedCloud) -> Path:
    """An estate with one stack, app/QA, whose values come from the environment `base`."""
    (tmp_path / "stackyard.yaml").write_text('stacks: { "app/*": { environment: [base] } }\n')
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "Pulumi.yaml").write_text("name: app\nruntime: python\n")
    (tmp_path / "app" / "Pulumi.QA.yaml").write_text("config: {}\n")
    (tmp_path / "app" / "__main__.py").write_text(PROGRAM)
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / "base.yaml").write_text(BASE)
    (tmp_path / ".stackyard").mkdir()
    (tmp_path / ".stackyard" / "cloud").symlink_to(embedded_cloud.folder)
    return tmp_path


def test_a_program_gets_values_variables_and_files(estate: Path, embedded_cloud: EmbeddedCloud) -> None:
    run(estate, "config", "encrypt").done()
    assert "hunter2" not in (estate / "environments" / "base.yaml").read_text()
    done = run(estate, "up", "--yes", "--json").done()
    assert "hunter2" not in done.stdout + done.stderr
    found = running.outputs(estate)
    assert (found["size"], found["password"], found["colour"]) == (3, "hunter2", "green")
    assert found["settings"] == '{"colour":"green"}'
    assert not Path(found["path"]).exists()
    # What reaches the cloud is Stackyard's to say.
    assert found["profile"] == "none"
    assert found["endpoint"] == embedded_cloud.environ("111122223333")["AWS_ENDPOINT_URL"]


def test_a_fault_stops_the_stack_at_its_place(estate: Path) -> None:
    (estate / "environments" / "base.yaml").write_text("values: {pulumiConfig: {size: '${sise}'}}\n")
    failed = run(estate, "preview", "--json")
    assert failed.exit_code != 0
    told = [each["diagnostic"] for each in failed.documents if each["kind"] == "diagnostic"]
    [fault] = [each for each in told if "sise" in each["message"]]
    assert (fault["position"]["path"], fault["position"]["line"]) == ("environments/base.yaml", 1)
