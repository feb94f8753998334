"""What may be installed, and the cures of what is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stackyard.runner import cures, faults, installing

PLUGIN = {"kind": "loaders", "name": "target-x", "requirements": ["target-x==1"]}


@pytest.mark.parametrize(
    "order",
    [
        "",
        "[]",
        json.dumps({"key": "../etc", "plugins": []}),
        json.dumps({"key": "abcdef01", "plugins": [{**PLUGIN, "kind": "../x"}]}),
        json.dumps({"key": "abcdef01", "plugins": [{**PLUGIN, "name": "../x"}]}),
        json.dumps({"key": "abcdef01", "plugins": [{**PLUGIN, "requirements": []}]}),
        json.dumps({"key": "abcdef01", "plugins": [{**PLUGIN, "requirements": ["-r/etc/passwd"]}]}),
    ],
)
def test_what_is_no_order_is_refused(order: str, tmp_path: Path) -> None:
    with pytest.raises(faults.RunFault) as told:
        installing.install({"STACKYARD_PLUGINS_ROOT": str(tmp_path), "STACKYARD_INSTALL": order})
    assert told.value.code == faults.USAGE
    assert list(tmp_path.iterdir()) == []


def test_a_cure_is_applied_once_and_to_the_version_it_is_for(tmp_path: Path) -> None:
    cure = cures.Cure("package/module.py", "old()\n", "new()\n", "old loses rows")
    module, cached = tmp_path / "package" / "module.py", tmp_path / "cached.py"
    module.parent.mkdir()
    cached.write_text("a\nold()\n")
    module.hardlink_to(cached)
    assert cures.apply(tmp_path, (cure,)) == ["old loses rows"]
    assert module.read_text() == "a\nnew()\n"
    assert cached.read_text() == "a\nold()\n", "the installer's own cache stays as it is"
    assert cures.apply(tmp_path, (cure,)) == []
    module.write_text("old()\nold()\n")
    assert cures.apply(tmp_path, (cure,)) == []
    module.unlink()
    assert cures.apply(tmp_path, (cure,)) == []


def test_what_was_installed_is_listed_without_its_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `.pth` file of a package would be run by any Python that starts there."""
    asked: list[str] = []

    def uv(_plugin: installing.Plugin, _packages: Path, *arguments: str) -> str:
        asked.append(" ".join(arguments[:2]))
        if arguments[0] == "pip":
            found = Path(arguments[arguments.index("--python") + 1]).parents[1] / "lib/python3.11/site-packages"
            (found / "target_x-1.0.dist-info").mkdir(parents=True)
            (found / "target_x-1.0.dist-info" / "METADATA").write_text("Name: target-x\nVersion: 1.0\n")
        return ""

    monkeypatch.setattr(installing, "_uv", uv)
    order = json.dumps({"key": "abcdef01", "plugins": [PLUGIN]})
    assert installing.install({"STACKYARD_PLUGINS_ROOT": str(tmp_path), "STACKYARD_INSTALL": order}) == 0
    assert (tmp_path / "abcdef01" / "loaders" / "target-x" / "lock").read_text() == "target-x==1.0\n"
    assert asked == ["venv --quiet", "pip install"], "nothing asks the environment's own Python once a package is there"
