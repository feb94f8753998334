"""Which Python runs a project: options, lock files, and what is said when an environment is not there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from stackyard import errors
from stackyard.languages.python import interpreters


def environment(path: Path) -> Path:
    (path / "bin").mkdir(parents=True)
    (path / "bin" / "python").touch()
    (path / "pyvenv.cfg").touch()
    return path / "bin" / "python"


def test_without_options_it_is_ours(tmp_path: Path) -> None:
    environment(tmp_path / "venv")
    assert interpreters.resolve(tmp_path, {}, {}) == ""
    assert interpreters.resolve(tmp_path, {"toolchain": "pip"}, {}) == ""
    assert interpreters.resolve(tmp_path, {}, {"PULUMI_PYTHON_CMD": "/opt/python"}) == "/opt/python"


@pytest.mark.parametrize("toolchain", [{}, {"toolchain": "pip"}, {"toolchain": "uv"}])
def test_an_environment_is_named_relative_to_the_project(tmp_path: Path, toolchain: dict[str, str]) -> None:
    python = environment(tmp_path / "venv")
    assert interpreters.resolve(tmp_path, {"virtualenv": "venv", **toolchain}, {}) == str(python)
    assert interpreters.resolve(tmp_path / "x", {"virtualenv": str(tmp_path / "venv"), **toolchain}, {}) == str(python)


def test_our_own_environment_is_ours_by_any_name(tmp_path: Path) -> None:
    (tmp_path / "venv").symlink_to(sys.prefix)
    assert interpreters.resolve(tmp_path, {"virtualenv": "venv"}, {}) == ""


@pytest.mark.parametrize(
    ("toolchain", "lock"), [("uv", "uv.lock"), ("uv", "pyproject.toml"), ("poetry", "poetry.lock"), ("", "uv.lock")]
)
def test_the_environment_beside_the_lock_file(tmp_path: Path, toolchain: str, lock: str) -> None:
    python = environment(tmp_path / ".venv")
    (tmp_path / lock).touch()
    project = tmp_path / "a" / "b"
    project.mkdir(parents=True)
    assert interpreters.resolve(project, {"toolchain": toolchain}, {}) == str(python)


def test_a_lock_file_alone_decides_nothing(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").touch()
    assert interpreters.resolve(tmp_path, {}, {}) == ""


def test_uv_may_name_another_folder(tmp_path: Path) -> None:
    python = environment(tmp_path / "env")
    assert interpreters.resolve(tmp_path, {"toolchain": "uv"}, {"UV_PROJECT_ENVIRONMENT": "env"}) == str(python)


@pytest.mark.parametrize("options", [{"virtualenv": "venv"}, {"toolchain": "uv"}, {"toolchain": "poetry"}])
def test_an_environment_that_is_not_there(tmp_path: Path, options: dict[str, str]) -> None:
    with pytest.raises(errors.ConfigError, match="does not exist") as caught:
        interpreters.resolve(tmp_path, options, {})
    assert caught.value.position == errors.Position(str(tmp_path / "Pulumi.yaml"))
    assert "stackyard install" in caught.value.hint


def test_malformed_options(tmp_path: Path) -> None:
    with pytest.raises(errors.ConfigError, match="toolchain is 'conda'"):
        interpreters.resolve(tmp_path, {"toolchain": "conda"}, {})
    with pytest.raises(errors.ConfigError, match="virtualenv must be text, not bool"):
        interpreters.resolve(tmp_path, {"virtualenv": True}, {})


def test_activation(tmp_path: Path) -> None:
    python = environment(tmp_path / "venv")
    given = {"PATH": "/bin", "PYTHONHOME": "/x", "A": "b"}
    folder = tmp_path / "venv"
    assert interpreters.activated(given, str(python)) == {
        "PATH": f"{folder / 'bin'}:/bin", "VIRTUAL_ENV": str(folder), "A": "b",
    }  # fmt: skip
    assert interpreters.activated({}, str(python))["PATH"] == str(folder / "bin")
    assert interpreters.activated(given, "") == given
    assert interpreters.activated(given, "/usr/bin/python3") == given


def test_a_program_that_lacks_a_module_is_told_how_to_get_it(tmp_path: Path) -> None:
    assert interpreters.advice(tmp_path, "") == ""
    assert "stackyard install" in interpreters.advice(tmp_path, "/venv/bin/python")
    (tmp_path / "requirements.txt").touch()
    assert "`virtualenv`" in interpreters.advice(tmp_path, "")
