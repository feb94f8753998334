"""What was read of programs in other languages is remembered as long as it would be read again just so."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from stackyard.estate.discovery import discover
from stackyard.graph import references
from stackyard.graph.reading.sources import Source
from stackyard.graph.references import Evaluation
from stackyard.languages.yaml import loading

FILES = {
    "stackyard.yaml": "organization: acme\n",
    "web/Pulumi.yaml": "name: web\nruntime: nodejs\n",
    "web/Pulumi.dev.yaml": "config: {web:core: core}\n",
    "web/Pulumi.qa.yaml": "config: {web:core: core}\n",
    "web/package.json": '{"main": "index.ts"}',
    "web/tsconfig.json": "{}",
    "web/index.ts": """
        import { organization } from "./lib/names";
        const config = new pulumi.Config();
        const core = new pulumi.StackReference(`${organization}/${config.require("core")}/${pulumi.getStack()}`);
        export const url = core.requireOutput("url");
    """,
    "web/other.ts": "export const other = 1;",
    "web/lib/names.ts": 'export const organization = "acme";',
    "core/Pulumi.yaml": "name: core\nruntime: go\n",
    "core/Pulumi.dev.yaml": "{}\n",
    "core/main.go": "func main() { pulumi.Run(func(ctx) { ctx.Export(key, 1) }) }\n",
    "core/names.go": 'const key = "url"\n',
    "top/Pulumi.yaml": """
name: top
runtime: yaml
resources:
  web: {type: "pulumi:pulumi:StackReference", properties: {name: "acme/web/${pulumi.stack}"}}
outputs: {url: "${web.outputs.url}"}
""",
    "top/Pulumi.dev.yaml": "{}\n",
}

Edit = Callable[[Path], object]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("stackyard.estate.index.settled", lambda status: True)
    for name, text in FILES.items():
        write(name, text)(tmp_path)
    return tmp_path


def write(name: str, text: str) -> Edit:
    def edit(root: Path) -> None:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    return edit


def remove(name: str) -> Edit:
    return lambda root: (root / name).unlink()


def move(name: str, to: str) -> Edit:
    return lambda root: (root / name).rename(root / to)


def link(name: str, to: str) -> Edit:
    return lambda root: (root / name).symlink_to(root / to)


def remembered(root: Path) -> Evaluation:
    return references.evaluate(discover(root).estate)


def afresh(root: Path) -> Evaluation:
    shutil.rmtree(root / ".stackyard")
    return remembered(root)


def noted(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The sources that are taken in from now on."""
    taken: list[Path] = []
    read = Source.read

    def noting(path: Path) -> Source:
        taken.append(path)
        return read(path)

    monkeypatch.setattr(Source, "read", noting)
    return taken


def test_nothing_is_read_twice(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = remembered(root)
    assert len(first.references) == 3
    told = {(name.project, key) for name, exports in first.exports.items() for key in exports.keys}
    assert told == {("core", "url"), ("top", "url"), ("web", "url")}
    monkeypatch.setattr(Source, "read", None)
    monkeypatch.setattr(loading, "load", None)
    assert remembered(root) == first


def test_the_sources_of_a_project_are_read_once_for_all_its_stacks(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = noted(monkeypatch)
    remembered(root)
    assert len(taken) == len(set(taken)) == 5


@pytest.mark.parametrize(
    "edit",
    [
        write("web/index.ts", "export const one = 1;"),
        write("web/lib/names.ts", 'export const organization = "globex";'),
        write("web/more.ts", 'new pulumi.StackReference("acme/more/dev");'),
        write("web/deep/down/more.ts", 'new pulumi.StackReference("acme/more/dev");'),
        remove("web/lib/names.ts"),
        remove("web/index.ts"),
        write("web/package.json", '{"main": "other.ts"}'),
        write("web/package.json", '{"main": "bin/other.js"}'),
        write("web/Pulumi.yaml", "name: web\nruntime: nodejs\nmain: other.ts\n"),
        write("web/Pulumi.dev.yaml", "config: {web:core: base}\n"),
        write("web/Pulumi.dev.yaml", "config: {web:core: {secure: AAA}}\n"),
        write("web/lib/Pulumi.yaml", "name: lib\nruntime: nodejs\n"),
        move("web/other.ts", "web/index.mts"),
        move("web/lib/names.ts", "web/lib/words.ts"),
        move("web/lib", "web/node_modules"),
        write("core/names.go", 'const key = "uri"\n'),
        write("core/more.go", "func more() { ctx.Export(other, 1) }\n"),
        remove("core/names.go"),
        move("core/main.go", "core/start.go"),
        move("core/names.go", "core/names_test.go"),
        write("top/Main.yaml", "outputs: {uri: 1}\n"),
        write("top/Pulumi.yaml", "name: top\nruntime: yaml\noutputs: {uri: 1}\n"),
        write("top/Pulumi.yaml", "name: top\nruntime: nodejs\n"),
    ],
)
def test_a_change_is_seen(root: Path, edit: Edit) -> None:
    first = remembered(root)
    edit(root)
    second = remembered(root)
    assert second != first
    assert second == afresh(root)


@pytest.mark.parametrize(
    "edit",
    [
        write("web/tsconfig.json", '{"include": ["other.ts"]}'),
        remove("web/package.json"),
        write("web/README.md", "new"),
        write("web/index.test.ts", 'new pulumi.StackReference("acme/more/dev");'),
        write("web/bin/index.js", 'new pulumi.StackReference("acme/more/dev");'),
        write("core/main_test.go", "func more() { ctx.Export(other, 1) }\n"),
    ],
)
def test_what_changes_nothing_changes_nothing(root: Path, edit: Edit) -> None:
    first = remembered(root)
    edit(root)
    assert remembered(root) == first == afresh(root)


def test_what_a_link_leads_to_is_read_each_time(root: Path) -> None:
    write("shared.ts", 'export const organization = "acme";')(root)
    remove("web/lib/names.ts")(root)
    link("web/lib/names.ts", "shared.ts")(root)
    first = remembered(root)
    write("shared.ts", 'export const organization = "globex";')(root)
    second = remembered(root)
    assert first != second == afresh(root)


def test_what_changed_just_now_is_not_remembered(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stackyard.estate.index.settled", lambda status: False)
    remembered(root)
    monkeypatch.setattr("stackyard.estate.index.settled", lambda status: True)
    taken = noted(monkeypatch)
    remembered(root)
    assert taken
