"""`stackyard install`, with package managers that only write down how they were called."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.functional import running

NPM = """#!/bin/sh
echo "$PWD $*" >> "$CALLS"
[ -e broken ] && echo "no such package" && exit 1
[ -e plug-and-play ] || mkdir -p node_modules
"""


@pytest.fixture
def estate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("npm", "node", "yarn"):
        (tools / name).write_text(NPM, encoding="utf-8")
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    root = tmp_path / "estate"
    for name in ("web", "shop"):
        (root / name).mkdir(parents=True)
        (root / name / "Pulumi.yaml").write_text(f"name: {name}\nruntime: nodejs\n", encoding="utf-8")
        (root / name / "Pulumi.dev.yaml").write_text("{}\n", encoding="utf-8")
        (root / name / "package.json").write_text("{}", encoding="utf-8")
        (root / name / "package-lock.json").write_text("{}", encoding="utf-8")
    (root / "stackyard.yaml").write_text("organization: acme\n", encoding="utf-8")
    return root


def calls(estate: Path) -> list[str]:
    file = estate.parent / "calls"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return sorted(line.replace(f"{estate}/", "") for line in lines)


def test_each_project_is_installed_once_for_each_state_of_its_lock_file(estate: Path) -> None:
    running.run(estate, "install").done()
    assert calls(estate) == ["shop ci --no-audit --no-fund", "web ci --no-audit --no-fund"]
    assert running.run(estate, "install").done().stdout.count("current") == 2
    assert calls(estate) == []
    (estate / "web" / "package-lock.json").write_text("{} ", encoding="utf-8")
    running.run(estate, "install").done()
    assert calls(estate) == ["web ci --no-audit --no-fund"]
    running.run(estate, "install", "--again", "shop/dev").done()
    assert calls(estate) == ["shop ci --no-audit --no-fund"]


def test_a_failure_is_told_in_the_tools_own_words_and_tried_again(estate: Path) -> None:
    (estate / "web" / "broken").touch()
    for _ in range(2):
        result = running.run(estate, "install", "web/dev")
        assert result.exit_code == 1
        assert "web: `npm ci --no-audit --no-fund` ended with exit code 1" in result.stderr
        assert "no such package" in result.stderr
        assert len(calls(estate)) == 1


def test_packages_that_are_nowhere_afterwards_are_told(estate: Path) -> None:
    (estate / "web" / "package-lock.json").rename(estate / "web" / "yarn.lock")
    (estate / "web" / "plug-and-play").touch()
    for _ in range(2):
        result = running.run(estate, "install", "web/dev")
        assert result.exit_code == 1
        assert f"`yarn install --frozen-lockfile` ended well and made no {estate}/web/node_modules" in result.stderr
        assert "nodeLinker: node-modules" in result.stderr
        assert calls(estate) == ["web install --frozen-lockfile"]


def test_missing_tools_are_told_once_before_anything_is_installed(
    estate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    result = running.run(estate, "install")
    assert result.exit_code == 1
    assert "npm is not on the PATH; it is needed by shop, web" in result.stderr
    assert "https://nodejs.org" in result.stderr


def test_a_deploy_says_what_its_projects_lack_before_anything_starts(estate: Path) -> None:
    result = running.run(estate, "preview", "--json")
    assert result.exit_code == 1
    for name in ("shop", "web"):
        assert f"{name}: its packages are not installed" in result.stdout + result.stderr
    assert "stackyard install" in result.stdout + result.stderr
