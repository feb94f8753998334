"""A hosted project is checked against its real repository: every fault has its place, and a remote down is no fault."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from stackyard.model.diagnostics import Diagnostic
from stackyard.tenancy import checking, registry

TENANT = """display_name: Acme
contacts: {owner: a@b.example, billing: a@b.example}
groups: {owners: {members: [a@b.example], access: administer}}
projects:
  shop:
    repository: REPOSITORY
"""
MELTANO = "environments: [{name: prod}]\nplugins: {}\n"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def repository(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir()
    subprocess.run(["git", "init", "-qb", "main"], cwd=folder, check=True)
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    if files:
        who = ("-c", "user.name=a", "-c", "user.email=a@b.example")
        subprocess.run(["git", "add", "-A"], cwd=folder, check=True)
        subprocess.run(["git", *who, "commit", "-qm", "x"], cwd=folder, check=True)
    return folder


def checked(tmp_path: Path, place: Path, more: str = "") -> list[Diagnostic]:
    file = tmp_path / "acme.yaml"
    file.write_text(TENANT.replace("REPOSITORY", str(place)) + more)
    entry = registry.entry(file, tmp_path)
    assert entry.organization is not None, entry.diagnostics
    return list(checking.check(entry, entry.organization.projects["shop"]))


def said(found: list[Diagnostic]) -> list[str]:
    return [str(each).partition(" (")[0] for each in found]


def test_rules_of_the_file_are_checked_against_the_project(tmp_path: Path) -> None:
    place = repository(tmp_path / "shop", {"meltano.yml": MELTANO})
    rules = "    rules:\n      - {branch: main, environment: prod}\n      - {branch: dev, environment: dev}\n"
    assert said(checked(tmp_path, place, rules)) == [
        "acme.yaml:9:36: error: acme/shop:meltano.yml has no environment 'dev'"
    ]
    assert checked(tmp_path, place, rules.replace("environment: dev", "environment: prod, name: x")) == []


def test_rules_of_the_repository_are_read_and_checked_there(tmp_path: Path) -> None:
    rules = "rules:\n  - {branch: main, environment: staging}\n"
    place = repository(tmp_path / "shop", {"meltano.yml": MELTANO, ".stackyard/rules.yaml": rules})
    assert said(checked(tmp_path, place)) == [
        "acme/shop:.stackyard/rules.yaml:2:33: error: acme/shop:meltano.yml has no environment 'staging'"
    ]


def test_faulty_rules_of_the_repository_are_told(tmp_path: Path) -> None:
    place = repository(tmp_path / "shop", {"meltano.yml": MELTANO, ".stackyard/rules.yaml": "rules: 1\n"})
    assert said(checked(tmp_path, place)) == ["acme/shop:.stackyard/rules.yaml:1:8: error: rules must be a list, not 1"]


def test_a_project_without_rules_is_told(tmp_path: Path) -> None:
    place = repository(tmp_path / "shop", {"meltano.yml": MELTANO})
    assert said(checked(tmp_path, place)) == [
        "acme.yaml:5:3: warning: acme/shop has no rules: no ref becomes an environment"
    ]


def test_a_project_without_its_manifest_is_a_fault(tmp_path: Path) -> None:
    place = repository(tmp_path / "shop", {"README": ""})
    (fault,) = checked(tmp_path, place, "    rules: [{branch: main, environment: prod}]\n")
    assert fault.severity == "error"
    assert "meltano.yml" in fault.message


@pytest.mark.parametrize("files", [None, {}], ids=["no repository", "an empty one"])
def test_a_repository_that_says_nothing_is_a_warning(tmp_path: Path, files: dict[str, str] | None) -> None:
    place = tmp_path / "shop" if files is None else repository(tmp_path / "shop", files)
    assert [each.severity for each in checked(tmp_path, place)] == ["warning"]
