"""What programs use is remembered; a file that is damaged, foreign or not writable costs nothing but time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stackyard.languages.python import memories
from stackyard.languages.python.memories import Memory

PATTERNS = ("pulumi*", "yaml")


def test_the_next_run_knows_what_the_project_used(tmp_path: Path) -> None:
    first = Memory(tmp_path / "new", "/bin/python", PATTERNS)
    first.learn("/p", ["pulumi_aws", "pulumi_aws.s3", "pulumi_aws.s3.bucket:Bucket", "yaml", "mine"])
    first.learn("/q", ["pulumi_random"])
    first.save()
    second = Memory(tmp_path / "new", "/bin/python", PATTERNS)
    assert second.names("/p") == ["pulumi_aws", "pulumi_aws.s3.bucket:Bucket", "yaml"]
    assert second.names("/q") == ["pulumi_random"]
    assert second.names("/r") == []
    assert Memory(tmp_path / "new", "/other/python", PATTERNS).names("/p") == []


def test_within_a_run_every_project_profits() -> None:
    memory = Memory(None, "/bin/python", PATTERNS)
    memory.learn("/p", ["yaml"])
    assert memory.names("/q") == ["yaml"]
    memory.save()


def test_a_refused_package_is_not_named_again_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Memory(tmp_path, "/bin/python", PATTERNS)
    first.learn("/p", ["pulumi_odd", "pulumi_odd.a:B", "yaml"])
    first.refuse("pulumi_odd")
    assert first.names("/p") == ["yaml"]
    first.save()
    second = Memory(tmp_path, "/bin/python", PATTERNS)
    second.learn("/p", ["pulumi_odd"])
    assert second.names("/p") == ["yaml"]
    monkeypatch.setattr(memories, "REFUSED_SECONDS", -1.0)
    third = Memory(tmp_path, "/bin/python", PATTERNS)
    third.learn("/p", ["pulumi_odd"])
    assert third.names("/p") == ["pulumi_odd", "pulumi_odd.a:B", "yaml"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"refused": 1}', '{"refused": {}, "projects": {"/p": 3}}'])
def test_a_damaged_file_is_no_fault(tmp_path: Path, text: str) -> None:
    first = Memory(tmp_path, "/bin/python", PATTERNS)
    first.learn("/p", ["yaml"])
    first.save()
    (file,) = tmp_path.iterdir()
    file.write_text(text)
    second = Memory(tmp_path, "/bin/python", PATTERNS)
    assert second.names("/p") == []
    second.learn("/p", ["yaml"])
    second.save()
    assert json.loads(file.read_text())["projects"] == {"/p": ["yaml"]}
    assert list(tmp_path.iterdir()) == [file]


def test_names_that_may_not_be_preloaded_are_not_read_from_the_file(tmp_path: Path) -> None:
    first = Memory(tmp_path, "/bin/python", ("*",))
    first.learn("/p", ["antigravity", "yaml"])
    first.save()
    assert Memory(tmp_path, "/bin/python", PATTERNS).names("/p") == ["yaml"]


def test_a_folder_that_cannot_be_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    memory = Memory(tmp_path / "file", "/bin/python", PATTERNS)
    memory.learn("/p", ["yaml"])
    memory.save()


def test_the_projects_that_ran_longest_ago_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memories, "PROJECTS", 2)
    memory = Memory(tmp_path, "/bin/python", PATTERNS)
    for project in ("/a", "/b", "/c", "/a"):
        memory.learn(project, ["yaml"])
    memory.save()
    again = Memory(tmp_path, "/bin/python", PATTERNS)
    assert [bool(again.names(project)) for project in ("/a", "/b", "/c")] == [True, False, True]


def test_the_folder_is_the_users_cache(tmp_path: Path) -> None:
    assert memories.cache_folder({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "stackyard" / "python"
    assert memories.cache_folder({}).parts[-3:] == (".cache", "stackyard", "python")
