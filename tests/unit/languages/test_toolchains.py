"""How the packages of a project are installed, by its lock files and options."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackyard import errors
from stackyard.errors import Position
from stackyard.languages import toolchains


def touch(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@pytest.mark.parametrize(
    ("lock", "command"),
    [
        ("package-lock.json", ("npm", "ci", "--no-audit", "--no-fund")),
        ("yarn.lock", ("yarn", "install", "--frozen-lockfile")),
        ("pnpm-lock.yaml", ("pnpm", "install", "--frozen-lockfile")),
    ],
)
@pytest.mark.parametrize("where", ["", "web/"])
def test_a_lock_file_chooses_the_package_manager(
    tmp_path: Path, lock: str, command: tuple[str, ...], where: str
) -> None:
    touch(tmp_path, "web/package.json", f"{where}package.json", where + lock)
    found = toolchains.installation("nodejs", tmp_path / "web", {}, tmp_path)
    assert found is not None
    folder = tmp_path / where
    assert (found.directory, found.commands, found.made) == (folder, (command,), folder / "node_modules")
    assert set(found.inputs) == {folder / lock, folder / "package.json"}
    assert set(found.tools) == {"node", command[0]}


def test_a_lock_file_above_the_estate_is_somebody_elses(tmp_path: Path) -> None:
    touch(tmp_path, "package-lock.json", "estate/web/package.json")
    found = toolchains.installation("nodejs", tmp_path / "estate" / "web", {}, tmp_path / "estate")
    assert found is not None
    assert found.commands == (("npm", "install"),)


def test_an_unknown_package_manager_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.ConfigError, match="packagemanager is 'nmp'"):
        toolchains.installation("nodejs", tmp_path, {"packagemanager": "nmp"}, tmp_path)


def test_modules_of_go_are_downloaded_unless_a_binary_is_given(tmp_path: Path) -> None:
    touch(tmp_path, "core/go.mod", "core/go.sum")
    found = toolchains.installation("go", tmp_path / "core", {}, tmp_path)
    assert found is not None
    assert found.commands == (("go", "mod", "download"),)
    touch(tmp_path, "new/go.mod")
    new = toolchains.installation("go", tmp_path / "new", {}, tmp_path)
    assert new is not None
    assert new.commands == (("go", "mod", "tidy"),)
    assert toolchains.installation("go", tmp_path / "core", {"binary": "core"}, tmp_path) is None


def test_the_toolchains_of_python(tmp_path: Path) -> None:
    touch(tmp_path, "a/uv.lock", "b/poetry.lock", "c/requirements.txt", "d/__main__.py")

    def commands(name: str, **options: str) -> tuple[tuple[str, ...], ...]:
        found = toolchains.installation("python", tmp_path / name, options, tmp_path)
        return found.commands if found else ()

    assert commands("a") == (("uv", "sync", "--locked"),)
    assert commands("b") == (("poetry", "install", "--no-interaction", "--no-ansi"),)
    assert [command[1:4] for command in commands("c", virtualenv="venv")] == [
        ("-m", "venv", str(tmp_path / "c" / "venv")),
        ("-m", "pip", "install"),
    ]
    assert commands("d") == ()


def test_poetry_installs_beside_the_lock_whatever_environment_is_active_or_made_elsewhere(tmp_path: Path) -> None:
    touch(tmp_path, "a/poetry.lock")
    found = toolchains.installation(
        "python", tmp_path / "a", {"virtualenv": "ignored", "toolchain": "Poetry"}, tmp_path
    )
    assert found is not None
    assert found.made == tmp_path / "a" / ".venv"
    assert dict(found.environ)["POETRY_VIRTUALENVS_IN_PROJECT"] == "true"
    assert Path(dict(found.environ)["POETRY_VIRTUALENVS_PATH"]).is_relative_to(found.made)
    assert "VIRTUAL_ENV" in found.without


def test_uv_takes_requirements_where_there_is_no_project(tmp_path: Path) -> None:
    touch(tmp_path, "a/requirements.txt", "b/requirements.txt", "b/pyproject.toml")
    plain = toolchains.installation("python", tmp_path / "a", {"toolchain": "uv", "virtualenv": "env"}, tmp_path)
    assert plain is not None
    assert [command[:3] for command in plain.commands] == [("uv", "venv", "--allow-existing"), ("uv", "pip", "install")]
    assert plain.made == tmp_path / "a" / "env"
    assert plain.inputs == (tmp_path / "a" / "requirements.txt",)
    project = toolchains.installation("python", tmp_path / "b", {"toolchain": "uv"}, tmp_path)
    assert project is not None
    assert (project.commands, project.made) == ((("uv", "sync"),), tmp_path / "b" / ".venv")


def test_an_unknown_toolchain_is_refused_at_its_place(tmp_path: Path) -> None:
    with pytest.raises(errors.ConfigError, match="toolchain is 'conda'") as refused:
        toolchains.installation("python", tmp_path, {"toolchain": "conda"}, tmp_path)
    assert refused.value.position == Position(str(tmp_path / "Pulumi.yaml"))


def test_what_is_missing_is_told_with_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(errors.ConfigError, match="need Go") as missing:
        toolchains.check("go", tmp_path, {}, {"PATH": "/nonexistent"})
    assert "install Go" in missing.value.hint
    with pytest.raises(errors.ConfigError, match="need Node") as missing:
        toolchains.check("nodejs", tmp_path, {}, {"PATH": "/nonexistent"})
    assert "install Node.js" in missing.value.hint
    toolchains.check("yaml", tmp_path, {}, {})
