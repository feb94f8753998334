"""From folders to an estate."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from stackyard import errors
from stackyard.estate import index as indexes
from stackyard.estate.discovery import Discovery, discover
from stackyard.model.estates import Stack

Files = dict[str, str]


def write(root: Path, files: Files) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def project(name: str, more: str = "") -> str:
    return f"name: {name}\nruntime: python\n{more}"


ESTATE: Files = {
    "stackyard.yaml": """
organization: acme
layers:
  - {name: fabric, paths: [fabric]}
  - {name: apps, paths: [apps], tags: [team-a]}
fleets:
  - project: site
    registry: tenants
    stack: "{entry}.QA"
    config: {"site:file": "{entry_path}", "site:who": "{entry}"}
stacks:
  "*/Production": {cloud: aws, tags: [prod]}
  api/QA: {depends_on: [network/QA, elsewhere/dns/QA]}
""",
    "fabric/network/Pulumi.yaml": project("network", "description: wires\nbackend: {url: s3://b}\n"),
    "fabric/network/Pulumi.QA.yaml": "",
    "fabric/network/Pulumi.Production.yaml": "",
    "apps/api/Pulumi.yml": "name: api\nruntime: {name: python, options: {virtualenv: venv}}\nmain: src\n",
    "apps/api/Pulumi.QA.yml": "",
    "apps/api/src/__main__.py": "",
    "apps/node_modules/x/Pulumi.yaml": project("never"),
    "apps/.venv/x/Pulumi.yaml": project("never"),
    "site/Pulumi.yaml": project("site", "stackConfigDir: config\n"),
    "site/config/Pulumi.acme.QA.yaml": "",
    "tenants/acme.yaml": "",
    "tenants/umbrella.yaml": "",
    "tenants/README.md": "",
}


def by_short(discovery: Discovery) -> dict[str, Stack]:
    return {stack.name.short: stack for stack in discovery.estate.stacks}


def said(discovery: Discovery) -> list[str]:
    return [str(diagnostic) for diagnostic in discovery.diagnostics]


def test_a_whole_estate(tmp_path: Path) -> None:
    found = discover(write(tmp_path, ESTATE) / "apps" / "api")
    assert said(found) == []
    estate = found.estate
    assert (estate.root, estate.organization, estate.manifest) == (tmp_path, "acme", tmp_path / "stackyard.yaml")
    assert [p.name for p in estate.projects] == ["api", "network", "site"]
    api, network, site = estate.projects
    assert (api.layer, api.tags, api.main, api.runtime_options) == ("apps", ("team-a",), "src", {"virtualenv": "venv"})
    assert (network.layer, network.backend_url, network.description) == ("fabric", "s3://b", "wires")
    assert str(site.position) == "site/Pulumi.yaml:1:7"
    stacks = by_short(found)
    assert list(stacks) == ["api/QA", "network/Production", "network/QA", "site/acme.QA", "site/umbrella.QA"]
    assert (stacks["network/Production"].cloud, stacks["network/Production"].tags) == ("aws", ("prod",))
    assert stacks["api/QA"].config_path.name == "Pulumi.QA.yml"
    assert stacks["site/acme.QA"].config_path == tmp_path / "site/config/Pulumi.acme.QA.yaml"
    assert stacks["site/umbrella.QA"].config_path == tmp_path / "site/config/Pulumi.umbrella.QA.yaml"
    assert stacks["site/umbrella.QA"].fleet_entry == "umbrella"
    assert stacks["site/umbrella.QA"].fleet_config == {
        "site:file": "../tenants/umbrella.yaml",
        "site:who": "umbrella",
    }
    edges = [(r.reader.short, str(r.target), r.external) for r in estate.declared]
    assert edges == [("api/QA", "acme/network/QA", False), ("api/QA", "elsewhere/dns/QA", True)]


def test_a_folder_with_a_project_is_an_estate_of_one(tmp_path: Path) -> None:
    write(tmp_path, {"Pulumi.yaml": project("one"), "Pulumi.dev.yaml": "", "below/Pulumi.yaml": project("two")})
    (tmp_path / "src").mkdir()
    found = discover(tmp_path / "src", stacks=("test", "one/dev"))
    assert said(found) == []
    assert [str(stack.name) for stack in found.estate.stacks] == ["organization/one/dev", "organization/one/test"]
    assert (found.estate.root, found.estate.manifest) == (tmp_path, None)


def test_nothing_to_find_is_said_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    with pytest.raises(errors.UsageError, match=r"neither stackyard\.yaml nor Pulumi\.yaml") as raised:
        discover(tmp_path)
    assert "stackyard new estate" in raised.value.hint
    with pytest.raises(errors.UsageError, match="there is no manifest"):
        discover(tmp_path, manifest=tmp_path / "absent.yaml")


def test_a_search_upwards_ends_at_the_repository(tmp_path: Path) -> None:
    write(tmp_path, {"stackyard.yaml": "organization: stranger", "mine/Pulumi.yaml": project("mine")})
    (tmp_path / "mine" / ".git").mkdir()
    assert discover(tmp_path / "mine").estate.organization == "organization"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("nothing/dev", "there is no project 'nothing'"),
        ("a/b/c/d", "is not a stack name"),
        ("../x", "not a stack name"),
    ],
)
def test_stacks_that_cannot_be_asked_for(tmp_path: Path, asked: str, expected: str) -> None:
    write(tmp_path, {"Pulumi.yaml": project("one")})
    with pytest.raises(errors.UsageError, match=expected):
        discover(tmp_path, stacks=(asked,))


FAULTS: list[tuple[Files, list[str]]] = [
    ({"a/Pulumi.yaml": ""}, ["a/Pulumi.yaml: error: the project file is empty"]),
    ({"a/Pulumi.yaml": "name: a"}, ["a/Pulumi.yaml:1:1: error: the document lacks 'runtime'"]),
    (
        {"a/Pulumi.yaml": "name: a b\nruntime: 3\n"},
        ["a/Pulumi.yaml:1:7: error: name cannot be 'a b'", "a/Pulumi.yaml:2:10: error: runtime must be text"],
    ),
    ({"a/Pulumi.yaml": "name: ..\nruntime: python\n"}, ["a/Pulumi.yaml:1:7: error: '..' cannot be a name"]),
    ({"a/Pulumi.yaml": "name: a\nname: b\nruntime: python"}, ["a/Pulumi.yaml:2:1: error: duplicate key 'name'"]),
    ({"a/Pulumi.yaml": project("a", "main: ../b\n")}, ["a/Pulumi.yaml:3:7: error: main '../b' leaves"]),
    ({"a/Pulumi.yaml": project("a", "main: /etc\n")}, ["a/Pulumi.yaml:3:7: error: main '/etc' leaves"]),
    ({"a/Pulumi.yaml": project("a", "stackConfigDir: ../../x\n")}, ["a/Pulumi.yaml:3:17: error: stackConfigDir"]),
    (
        {"a/Pulumi.yaml": project("same"), "b/Pulumi.yaml": project("same")},
        ["b/Pulumi.yaml:1:7: error: project 'same' is there twice: also at a/Pulumi.yaml:1:7"],
    ),
    (
        {"a/Pulumi.yaml": project("a"), "a/Pulumi.x y.yaml": ""},
        ["a/Pulumi.x y.yaml: error: 'x y' cannot be the name of a stack"],
    ),
    (
        {"a/Pulumi.yaml": project("a"), "a/Pulumi.QA.yaml": "", "a/Pulumi.QA.yml": ""},
        ["a/Pulumi.QA.yml: error: stack 'QA' has two files: also Pulumi.QA.yaml"],
    ),
    ({"stackyard.yaml": "fleets: [{project: b, registry: r}]"}, ["error: the fleet's project 'b' does not exist"]),
    (
        {"stackyard.yaml": "fleets: [{project: a, registry: ../out}]", "a/Pulumi.yaml": project("a")},
        ["stackyard.yaml:1:10: error: the registry '../out' of fleet 'a' is not a folder of the estate"],
    ),
    (
        {"stackyard.yaml": "fleets: [{project: a, registry: r}]", "a/Pulumi.yaml": project("a"), "r/a b.yaml": ""},
        ["r/a b.yaml: error: 'a b' cannot be the name of a stack"],
    ),
    (
        {
            "stackyard.yaml": "fleets: [{project: a, registry: r}, {project: a, registry: r}]",
            "a/Pulumi.yaml": project("a"),
            "r/x.yaml": "",
        },
        ["stackyard.yaml:1:37: error: stack a/x comes from two fleets"],
    ),
    (
        {
            "stackyard.yaml": "stacks: {netwrk/QA: {cloud: aws}}",
            "a/Pulumi.yaml": project("network"),
            "a/Pulumi.QA.yaml": "",
        },
        ["stackyard.yaml:1:10: warning: no stack is named 'netwrk/QA' (did you mean \"network/QA\"?)"],
    ),
    (
        {
            "stackyard.yaml": "stacks: {a/QA: {depends_on: [b/QA]}}",
            "a/Pulumi.yaml": project("a"),
            "a/Pulumi.QA.yaml": "",
        },
        ["stackyard.yaml:1:30: error: there is no stack 'b/QA'"],
    ),
    (
        {
            "stackyard.yaml": "stacks: {a/QA: {depends_on: [../b]}}",
            "a/Pulumi.yaml": project("a"),
            "a/Pulumi.QA.yaml": "",
        },
        ["stackyard.yaml:1:30: error: '../b' is not a stack name"],
    ),
    (
        {"stackyard.yaml": "organizatoin: x", "a/Pulumi.yaml": "name: 3", "b/Pulumi.yaml": "- 1"},
        ["unknown key 'organizatoin'", "lacks 'runtime'", "name must be text", "must be a mapping, not a list"],
    ),
]


@pytest.mark.parametrize(("files", "expected"), FAULTS, ids=[next(iter(e)) for _, e in FAULTS])
def test_faults_are_located_and_told_at_once(tmp_path: Path, files: Files, expected: list[str]) -> None:
    found = said(discover(write(tmp_path, {"stackyard.yaml": "", **files})))
    assert len(found) == len(expected)
    for text, part in zip(found, expected, strict=True):
        assert part in text


def test_symbolic_links_are_refused(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", {"Pulumi.yaml": project("secret"), "Pulumi.dev.yaml": "", "e.yaml": ""})
    root = write(
        tmp_path / "estate",
        {
            "stackyard.yaml": "fleets: [{project: a, registry: r}]",
            "a/Pulumi.yaml": project("a", "main: code\n"),
            "r/x.yaml": "",
            "b/README": "",
        },
    )
    (root / "linked").symlink_to(outside)
    (root / "plain").symlink_to(tmp_path)
    (root / "a" / "Pulumi.QA.yaml").symlink_to(outside / "Pulumi.dev.yaml")
    (root / "a" / "code").symlink_to(outside)
    (root / "b" / "Pulumi.yaml").symlink_to(outside / "Pulumi.yaml")
    (root / "r" / "y.yaml").symlink_to(outside / "e.yaml")
    found = discover(root)
    assert [str(stack.name) for stack in found.estate.stacks] == ["organization/a/x"]
    assert [str(d.position) for d in found.diagnostics] == [
        "linked",
        "a/Pulumi.QA.yaml",
        "a/code",
        "a/Pulumi.yaml:3:7",
        "b/Pulumi.yaml",
        "r/y.yaml",
    ]


def test_a_pipe_does_not_stop_the_world(tmp_path: Path) -> None:
    write(tmp_path, {"stackyard.yaml": ""})
    (tmp_path / "a").mkdir()
    os.mkfifo(tmp_path / "a" / "Pulumi.yaml")
    assert said(discover(tmp_path)) == ["a/Pulumi.yaml: error: is not a regular file"]


def test_unprintable_names_are_not_read(tmp_path: Path) -> None:
    write(tmp_path, {"stackyard.yaml": "", "a\nb/Pulumi.yaml": project("a"), "c/Pulumi.x\x1b[31m.yaml": ""})
    os.mkdir(os.fsencode(tmp_path) + b"/\xff\xfe")
    assert discover(tmp_path).estate.projects == ()


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexes, "settled", lambda status: True)


@pytest.mark.usefixtures("settled")
class TestIndex:
    def test_nothing_is_parsed_twice(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        first = discover(write(tmp_path, ESTATE))
        monkeypatch.setattr("stackyard.estate.readers.pulumi.PulumiReader.project", None)
        monkeypatch.setattr("stackyard.estate.walking._scan", None)
        assert discover(tmp_path / "site") == first

    def test_faults_are_remembered_too(self, tmp_path: Path) -> None:
        write(tmp_path, {"stackyard.yaml": "", "a/Pulumi.yaml": project("a", "main: ../b\n")})
        assert discover(tmp_path) == discover(tmp_path)

    def test_changes_are_seen(self, tmp_path: Path) -> None:
        discover(write(tmp_path, ESTATE))
        write(tmp_path, {"fabric/network/Pulumi.yaml": project("net"), "new/Pulumi.yaml": project("new")})
        (tmp_path / "fabric/network/Pulumi.QA.yaml").unlink()
        (tmp_path / "site/Pulumi.yaml").unlink()
        write(tmp_path, {"stackyard.yaml": ""})
        found = discover(tmp_path)
        assert list(by_short(found)) == ["api/QA", "net/Production"]
        assert [p.name for p in found.estate.projects] == ["api", "net", "new"]

    def test_an_edit_that_keeps_size_and_time_is_seen(self, tmp_path: Path) -> None:
        write(tmp_path, {"stackyard.yaml": "", "a/Pulumi.yaml": project("one")})
        discover(tmp_path)
        path = tmp_path / "a/Pulumi.yaml"
        before = path.stat()
        path.write_text(project("two"))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert [p.name for p in discover(tmp_path).estate.projects] == ["two"]

    @pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\0" + b"\xff" * 5000])
    def test_a_corrupt_index_is_made_anew(self, tmp_path: Path, content: bytes) -> None:
        first = discover(write(tmp_path, ESTATE))
        file = tmp_path / ".stackyard" / "index.db"
        file.write_bytes(content)
        assert discover(tmp_path) == first
        with sqlite3.connect(file) as connection:
            assert connection.execute("SELECT count(*) FROM entries").fetchone()[0] > 3
        connection.close()

    @pytest.mark.parametrize("payload", ["[", "3", "[1,2,3]", '[["../.."],[],[]]', '[{"position":null},[]]', "null"])
    def test_entries_of_another_shape_are_read_again(self, tmp_path: Path, payload: str) -> None:
        first = discover(write(tmp_path, ESTATE))
        with sqlite3.connect(tmp_path / ".stackyard" / "index.db") as connection:
            connection.execute("UPDATE entries SET payload = ?", (payload,))
        connection.close()
        assert discover(tmp_path) == first

    def test_an_index_of_another_folder_is_not_believed(self, tmp_path: Path) -> None:
        one = write(tmp_path / "one", ESTATE)
        discover(one)
        other = tmp_path / "other"
        one.rename(other)
        assert discover(other).estate.projects[0].path == other / "apps/api"

    def test_a_linked_index_folder_is_left_alone(self, tmp_path: Path) -> None:
        victim = tmp_path / "victim"
        victim.mkdir()
        root = write(tmp_path / "estate", ESTATE)
        (root / ".stackyard").symlink_to(victim)
        assert len(discover(root).estate.projects) == 3
        assert list(victim.iterdir()) == []

    def test_a_linked_index_file_is_not_written_through(self, tmp_path: Path) -> None:
        root = write(tmp_path / "estate", ESTATE)
        victim = tmp_path / "victim"
        victim.write_text("precious")
        (root / ".stackyard").mkdir()
        (root / ".stackyard" / "index.db").symlink_to(victim)
        assert len(discover(root).estate.projects) == 3
        assert victim.read_text() == "precious"


def test_a_fresh_edit_is_not_trusted(tmp_path: Path) -> None:
    """Two edits within the clock's granularity look alike, so what was read right after an edit is read again."""
    path = write(tmp_path, {"stackyard.yaml": "", "a/Pulumi.yaml": project("a")}) / "a/Pulumi.yaml"
    assert not indexes.settled(path.stat())
