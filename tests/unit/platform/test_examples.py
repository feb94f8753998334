"""Every example is a sound program: it registers resources and exports, before and after its change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.platform.recording import record_folder

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:pulumi_aws", "ignore:.*deprecated:UserWarning")
ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples"
# Whole estates, some in other languages: their lives are tests of their own, and their pages are longer.
ESTATES = {"micro_stacks", "micro_stacks_python", "monolith", "storefront"}
SMALL = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir() and path.name not in ESTATES)
PROJECTS = sorted(
    file.parent.relative_to(EXAMPLES).as_posix() for name in SMALL for file in (EXAMPLES / name).rglob("Pulumi.yaml")
)
OUTPUTS: dict[str, dict[str, Any]] = {"data": {"table": {"name": "t", "arn": "arn:t"}, "bucket_arn": "arn:b"}}


def changed(project: str) -> dict[str, str]:
    """The configuration that the example's functional test changes."""
    folder, _, member = project.partition("/")
    case = yaml.safe_load((ROOT / f"tests/functional/examples/cases/{folder}.yaml").read_text())
    if member and case["change"].get("stack", "").split("/")[0] != member:
        return {}
    return {key: str(value) for key, value in case["change"]["config"].items()}


@pytest.mark.parametrize("project", PROJECTS)
def test_an_example_registers_resources_and_exports_values(project: str) -> None:
    recording = record_folder(EXAMPLES / project, "dev", outputs=OUTPUTS)
    assert recording.resources
    assert recording.exports


@pytest.mark.parametrize("project", PROJECTS)
def test_an_example_says_something_else_after_its_change(project: str) -> None:
    before = record_folder(EXAMPLES / project, "dev", outputs=OUTPUTS)
    after = record_folder(EXAMPLES / project, "dev", outputs=OUTPUTS, config=changed(project))
    differs = {str(each) for each in before.resources} != {str(each) for each in after.resources}
    assert differs == bool(changed(project))


@pytest.mark.parametrize("folder", SMALL)
def test_an_example_is_explained_in_five_lines(folder: str) -> None:
    lines = (EXAMPLES / folder / "README.md").read_text().splitlines()
    assert lines[0].startswith("# ")
    assert len(lines) <= 6
