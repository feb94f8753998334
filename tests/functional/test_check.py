"""check: everything at once, each with its place; and the platform and the examples of this repository are sound."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.functional import running

ROOT = Path(__file__).parents[2]
SOUND = ["platform", *sorted(f"examples/{path.name}" for path in (ROOT / "examples").iterdir() if path.is_dir())]


@pytest.mark.parametrize("estate", SOUND)
def test_what_we_ship_is_sound(estate: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / estate, tmp_path / "estate", ignore=shutil.ignore_patterns(".stackyard", "node_modules"))
    done = running.run(tmp_path / "estate", "check", "--json").done()
    assert done.documents[-1]["diagnostics"] == []


def project(root: Path, name: str, program: str, *, extra: str = "", stack: str = "dev", config: str = "") -> None:
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n{extra}")
    (folder / f"Pulumi.{stack}.yaml").write_text(config)
    (folder / "__main__.py").write_text(f"import pulumi\n{program}\n")


def reads(target: str, key: str = "") -> str:
    taken = f"\nref.require_output('{key}')" if key else ""
    return f"ref = pulumi.StackReference('organization/{target}'){taken}"


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    (tmp_path / "stackyard.yaml").write_text(
        "layers:\n  - {name: low, paths: [low]}\n  - {name: high, paths: [high, low-er]}\n"
    )
    return tmp_path


def found(estate: Path, *select: str) -> list[tuple[str, str, str]]:
    """Severity, place and message of what check tells."""
    done = running.run(estate, "check", *select, "--json")
    told = done.documents[-1]["diagnostics"]
    assert done.exit_code == (1 if any(each["severity"] == "error" for each in told) else 0)
    places = [each["position"] or {"path": "", "line": 0} for each in told]
    return [(e["severity"], f"{p['path']}:{p['line']}", e["message"]) for e, p in zip(told, places, strict=True)]


def test_everything_is_told_at_once(estate: Path) -> None:
    project(estate, "low", reads("high/dev", "gone"), extra="mian: app\n", config="confg: {}\n")
    project(estate, "high", reads("high/prod"))
    project(estate, "ring", reads("round/dev"))
    project(estate, "round", reads("ring/dev") + "\nimport os\npulumi.StackReference(os.environ['X'])")
    told = {(severity, place): message for severity, place, message in found(estate)}
    assert sorted(told) == [
        ("error", "low/__main__.py:2"),
        ("error", "low/__main__.py:3"),
        ("error", "ring/__main__.py:2"),
        ("warning", "high/__main__.py:2"),
        ("warning", "low/Pulumi.dev.yaml:1"),
        ("warning", "low/Pulumi.yaml:3"),
        ("warning", "round/__main__.py:4"),
    ]
    assert "which is above it" in told["error", "low/__main__.py:2"]
    assert "'gone' of high/dev" in told["error", "low/__main__.py:3"]
    assert "in a circle" in told["error", "ring/__main__.py:2"]
    assert "no such stack" in told["warning", "high/__main__.py:2"]
    assert "'confg' is no key" in told["warning", "low/Pulumi.dev.yaml:1"]
    assert "cannot tell which stack" in told["warning", "round/__main__.py:4"]


def test_a_file_that_cannot_be_read_does_not_hide_the_rest(estate: Path) -> None:
    project(estate, "low", reads("high/dev", "gone"))
    project(estate, "high", "")
    (estate / "broken").mkdir()
    (estate / "broken" / "Pulumi.yaml").write_text("name: [\n")
    places = [place for severity, place, _ in found(estate) if severity == "error"]
    assert "low/__main__.py:3" in places
    assert any(place.startswith("broken/Pulumi.yaml") for place in places)


def test_names_that_are_easily_mistaken_are_told(estate: Path) -> None:
    project(estate, "low", "", stack="QA")
    project(estate, "low_er", "", stack="qa")
    project(estate, "low-er", "", stack="QA")
    messages = [message for _, _, message in found(estate)]
    assert any("'low-er'" in each and "'low_er'" in each for each in messages)
    assert any("'QA'" in each and "'qa'" in each for each in messages)


def test_a_selection_is_checked_alone(estate: Path) -> None:
    project(estate, "low", "")
    project(estate, "high", reads("low/dev", "gone"))
    assert len(found(estate)) == 1
    assert found(estate, "low") == []
    assert len(found(estate, "high")) == 1
