"""What programs say twice is counted once for each further time, whatever its layout."""

from __future__ import annotations

from pathlib import Path

from stackyard.estate import discovery
from stackyard.graph import duplication
from stackyard.graph.duplication import Duplication, Share

PROGRAM = """\
import pulumi_aws as aws

def names(stage):
    first = stage + "-a"
    return [first]

bucket = aws.s3.Bucket("logs", force_destroy=True)
role = aws.iam.Role("reader", assume_role_policy="{}")
"""
# The same bucket in another layout, the same function, another role.
OTHER = """\
import pulumi_aws as aws
# A comment.
def names(stage):
    first = stage + "-a"

    return [first]

storage = aws.s3.Bucket(
    "logs",
    force_destroy=True,
)
role = aws.iam.Role("writer", assume_role_policy="{}")
here = open("logs", mode="r")
"""


def project(root: Path, name: str, text: str, config: str = "") -> None:
    (root / name / "tests").mkdir(parents=True)
    (root / name / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n")
    (root / name / "__main__.py").write_text(text)
    (root / name / "tests" / "test_it.py").write_text(PROGRAM)
    if config:
        (root / name / "Pulumi.dev.yaml").write_text(f"config:\n{config}")


def measured(root: Path) -> dict[str, Duplication]:
    (root / "stackyard.yaml").write_text("{}\n")
    return {each.name: each for each in duplication.measure(discovery.discover(root).estate)}


def test_what_two_programs_say_is_counted(tmp_path: Path) -> None:
    project(tmp_path, "a", PROGRAM, "  a:size: 3\n  aws:region: eu-west-1\n  own: x\n")
    project(tmp_path, "b", OTHER, "  size: 3\n  aws:region: eu-west-1\n  own: y\n")
    found = measured(tmp_path)
    assert found["a"] == Duplication("a", Share(2, 0), Share(3, 0), Share(3, 0))
    assert found["b"] == Duplication("b", Share(2, 1), Share(4, 4), Share(3, 2))
    assert found["all"] == Duplication("all", Share(4, 1), Share(7, 4), Share(6, 2))


def test_shared_modules_and_environments_say_things_once(tmp_path: Path) -> None:
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages" / "shared.py").write_text(PROGRAM)
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / "base.yaml").write_text("values: {r: 1, pulumiConfig: {a:size: 3, b:size: '${r}'}}")
    project(tmp_path, "a", "import shared\n")
    project(tmp_path, "b", "import shared\n")
    found = measured(tmp_path)
    assert found["environments"].config == Share(1, 0)
    assert found["all"] == Duplication("all", config=Share(1, 0))


def test_secrets_and_sources_that_cannot_be_read_count_for_nothing(tmp_path: Path) -> None:
    project(tmp_path, "a", "def (", "  p: {secure: abc}\n")
    project(tmp_path, "b", "def (", "  p: {secure: abc}\n")
    assert measured(tmp_path)["all"] == Duplication("all")
