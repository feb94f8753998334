"""What a build of a Go program depends on."""

from __future__ import annotations

from pathlib import Path

from stackyard.languages.golang import builds, sources


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def names(root: Path, folder: str) -> set[str]:
    return {str(path.relative_to(root)) for path in sources.files(root / folder)}


def test_the_whole_module_and_local_modules_are_sources(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "app/go.mod": "module app\nreplace (\n\texample.com/lib => ../lib // here\n)\n",
            "app/cmd/main.go": "package main",
            "app/assets/page.html": "embedded",
            "app/.git/HEAD": "not",
            "app/node_modules/x.js": "not",
            "lib/go.mod": "module example.com/lib\n",
            "lib/lib.go": "package lib",
            "other/other.go": "package other",
        },
    )
    assert names(tmp_path, "app/cmd") == {
        "app/go.mod",
        "app/cmd/main.go",
        "app/assets/page.html",
        "lib/go.mod",
        "lib/lib.go",
    }


def test_a_workspace_names_modules_too(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "go.work": "go 1.22\nuse (\n\t./app\n\t./lib\n)\n",
            "app/go.mod": "module app",
            "app/main.go": "package main",
            "lib/lib.go": "package lib",
        },
    )
    assert names(tmp_path, "app") == {"go.work", "app/go.mod", "app/main.go", "lib/lib.go"}


def test_a_digest_changes_with_any_source_and_with_the_compiler(tmp_path: Path) -> None:
    write(tmp_path, {"go": "1", "app/go.mod": "module app", "app/main.go": "package main"})
    go = str(tmp_path / "go")
    first = sources.digest(tmp_path / "app", go, {})
    assert sources.digest(tmp_path / "app", go, {"UNRELATED": "1"}) == first
    assert sources.digest(tmp_path / "app", go, {"GOFLAGS": "-tags=x"}) != first
    write(tmp_path, {"app/main.go": "package main // changed"})
    second = sources.digest(tmp_path / "app", go, {})
    assert second != first
    write(tmp_path, {"go": "22"})
    assert sources.digest(tmp_path / "app", go, {}) != second


def test_complaints_are_located(tmp_path: Path) -> None:
    said = "# core\n./main.go:3:5: undefined: x\nmain.go:9:1: syntax error\n"
    found = builds.complaints(tmp_path, said)
    assert [(each.message, str(each.position)) for each in found] == [
        ("undefined: x", f"{tmp_path}/main.go:3:5"),
        ("syntax error", f"{tmp_path}/main.go:9:1"),
    ]
    (only,) = builds.complaints(tmp_path, "go: cannot find main module\n")
    assert (only.message, only.position) == ("go: cannot find main module", None)
