"""Templates of other teams: what they ask, what they write, and what is refused before anything is written."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from stackyard import errors
from stackyard.operations import creating
from stackyard.operations.creating import Wish

YAML = """\
variables:
  owner: {default: "team-{{name}}", pattern: "team-[a-z-]+"}
insert:
  - {file: apps.txt, line: "app {{module}}", among: "app "}
"""
FILES = {"apps/{{module}}.py.template": "# {{title}} of {{owner}}\nclass {{class_name}}: ...\n"}


def template(folder: Path, text: str = YAML, files: Mapping[str, str] = FILES) -> Path:
    """A template in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "template.yaml").write_text(text)
    for name, content in files.items():
        (folder / "files" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "files" / name).write_text(content)
    return folder


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    """An estate with a template for services."""
    root = tmp_path / "estate"
    template(root / "templates" / "service")
    (root / "stackyard.yaml").write_text("{}\n")
    (root / "apps.txt").write_text("# apps\napp alpha\napp omega\n# end\n")
    return root


def listed(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def make(estate: Path, name: str = "price-list", **given: str) -> tuple[Path, ...]:
    return creating.service(str(estate), Wish(name, given=given))


def refused(estate: Path, *, name: str = "price-list", **given: str) -> errors.StackyardError:
    """The refusal, after which nothing may have changed."""
    before = snapshot(estate)
    with pytest.raises(errors.StackyardError) as caught:
        make(estate, name, **given)
    assert snapshot(estate) == before
    return caught.value


def snapshot(estate: Path) -> dict[Path, bytes]:
    """The estate's own files."""
    found = (path for path in estate.rglob("*") if path.is_file() and not path.is_symlink())
    return {
        path: path.read_bytes() for path in found if path.relative_to(estate).parts[0] not in (".git", ".stackyard")
    }


def test_a_service_is_written_and_registered_in_its_place(estate: Path) -> None:
    written = make(estate)
    assert [path.relative_to(estate).as_posix() for path in written] == ["apps/price_list.py", "apps.txt"]
    assert (estate / "apps" / "price_list.py").read_text() == "# Price list of team-price-list\nclass PriceList: ...\n"
    assert (estate / "apps.txt").read_text() == "# apps\napp alpha\napp omega\napp price_list\n# end\n"
    make(estate, "beta", owner="team-x")
    assert (estate / "apps.txt").read_text().splitlines()[1:3] == ["app alpha", "app beta"]


@pytest.mark.parametrize(
    "name", ["", "A", "1a", "a_b", "a--b", "-a", "a-", "class", "match", "a/b", "..", "é", "a" * 41]
)
def test_names_that_cannot_be(estate: Path, name: str) -> None:
    assert "cannot be the name of a service" in refused(estate, name=name).message


def test_what_is_there_is_refused_at_its_place(estate: Path) -> None:
    assert str(refused(estate, name="alpha").position) == f"{estate}/apps.txt:2"
    make(estate)
    assert str(refused(estate).position) == f"{estate}/apps/price_list.py"


def test_a_file_with_changes_that_git_has_not_is_refused(estate: Path) -> None:
    git(estate, "init", "-q")
    git(estate, "add", "-A")
    git(estate, "commit", "-qm", "all")
    (estate / "apps.txt").write_text("app alpha\napp mine\n")
    fault = refused(estate)
    assert fault.message == "it has changes that are not committed"
    git(estate, "commit", "-qam", "mine")
    make(estate)


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("text", "files", "message"),
    [
        ("variables: {owner: {}}", FILES, "the template asks for `owner`"),
        ("variables: {owner: {default: X, pattern: '[a-z]+'}}", FILES, "'X' cannot be `owner`"),
        ("variables: {owner: {default: X, pattern: '['}}", FILES, "malformed pattern"),
        ("{}", FILES, "the template has no variable 'owner'"),
        ("{}", {"../x": ""}, "is not a place for a file"),
        ("variables: {w: {default: ../../x}}", {"{{w}}": ""}, "is not a place for a file"),
        ("variables: {w: {default: /etc/x}}", {"{{w}}": ""}, "is not a place for a file"),
        ("variables: {w: {default: .GIT}}", {"{{w}}/hooks": ""}, "is not a place for a file"),
        ("insert: [{file: ../apps.txt, line: x}]", {"a": ""}, "is not a place for a file"),
        ("insert: [{file: nope.txt, line: x}]", {"a": ""}, "cannot be read"),
        ("insert: [{file: no/nope.txt, line: x}]", {"a": ""}, "there is no folder no"),
        ('insert: [{file: apps.txt, line: "x\\ny"}]', {"a": ""}, "a line has no line's end in it"),
        ("insert: [{line: x}]", {"a": ""}, "1 error"),
        ("run: [x]", {"a": ""}, "1 error"),
        ("{}", {}, "has no files"),
        ("{}", {"{{name}}": "1", "{{ name }}": "2"}, "twice"),
    ],
)
def test_templates_that_cannot_be(estate: Path, text: str, files: Mapping[str, str], message: str) -> None:
    own = estate / "templates" / "service"
    for path in sorted(own.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    if "../x" in files:
        text, files = "variables: {w: {default: ../x}}", {"{{w}}": ""}
    template(own, text, files)
    fault = refused(estate)
    assert message in fault.message
    assert fault.position is not None or isinstance(fault, errors.DiagnosedError) or "no files" in message


def test_links_in_a_template_are_refused(estate: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush")
    (estate / "templates" / "service" / "files" / "link").symlink_to(tmp_path / "secret")
    assert "symbolic links are not followed" in refused(estate).message


def test_links_where_it_would_write_are_refused(estate: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (estate / "apps").symlink_to(tmp_path / "outside")
    assert "is not a folder" in refused(estate).message
    assert list((tmp_path / "outside").iterdir()) == []


def test_too_much_is_refused(estate: Path) -> None:
    for index in range(6):
        (estate / "templates" / "service" / "files" / f"f{index}").write_text("x" * (1 << 20))
    assert "too large" in refused(estate).message


def test_an_estate_without_a_template_is_told_how_to_make_one(tmp_path: Path) -> None:
    (tmp_path / "stackyard.yaml").write_text("{}\n")
    fault = refused(tmp_path)
    assert "no template for a service" in fault.message
    assert str(fault.position) == "templates/service/template.yaml"


def test_projects_are_made_by_another_team_s_template(tmp_path: Path) -> None:
    there = template(tmp_path / "theirs", "{}", {"Pulumi.yaml": "name: {{name}}\nruntime: python\n", "__main__.py": ""})
    written = creating.project(str(tmp_path), Wish("orders", str(there)), "")
    assert (tmp_path / "orders" / "Pulumi.yaml").read_text() == "name: orders\nruntime: python\n"
    assert len(written) == 2


def test_a_template_comes_from_a_git_repository_at_a_ref(tmp_path: Path) -> None:
    there = template(tmp_path / "theirs", "{}", {"version": "one"})
    git(there, "init", "-q")
    git(there, "add", "-A")
    git(there, "commit", "-qm", "one")
    git(there, "tag", "v1")
    template(there, "{}", {"version": "two"})
    git(there, "commit", "-qam", "two")
    creating.estate(str(tmp_path), Wish("a", f"file://{there}#v1"))
    creating.estate(str(tmp_path), Wish("b", f"file://{there}"))
    assert [(tmp_path / name / "version").read_text() for name in "ab"] == ["one", "two"]
    assert listed(tmp_path / "a") == ["version"]
    with pytest.raises(errors.SourceError, match="cannot be fetched"):
        creating.estate(str(tmp_path), Wish("c", f"file://{there}#v9"))
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize(
    "place",
    [
        "ext::sh -c x",
        "-oProxyCommand=x@h:p",
        "http://example.com/x",
        "https://x y",
        "file:///x#--upload-pack=x",
        "https://me:hush@h/x",
    ],
)
def test_addresses_that_are_refused(tmp_path: Path, place: str) -> None:
    with pytest.raises(errors.UsageError) as caught:
        creating.estate(str(tmp_path), Wish("a", place))
    assert "hush" not in f"{caught.value} {caught.value.hint}"
    assert list(tmp_path.iterdir()) == []


def test_a_component_is_put_where_programs_look_for_modules(tmp_path: Path) -> None:
    (tmp_path / "stackyard.yaml").write_text("discovery: {sources: [packages]}\n")
    written = creating.component(str(tmp_path), Wish("rate-limit"), "")
    assert [path.relative_to(tmp_path).as_posix() for path in written] == [
        "packages/rate_limit.py",
        "packages/tests/test_rate_limit.py",
    ]
    assert "class RateLimit(pulumi.ComponentResource)" in written[0].read_text()
    with pytest.raises(errors.UsageError, match="is there already"):
        creating.component(str(tmp_path), Wish("rate-limit"), "")
