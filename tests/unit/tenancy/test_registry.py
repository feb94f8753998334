"""The tenants' folder: every file is read, every fault has its line, and the published schema says the same."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackyard.cloud import client
from stackyard.model import tenants
from stackyard.tenancy import registry
from tests.unit.model.test_tenants import WHOLE

SCHEMA = json.loads(resources.files("stackyard.tenancy").joinpath("tenant.schema.json").read_text(encoding="utf-8"))
CHECKER = jsonschema.Draft202012Validator(SCHEMA)
TENANTS = Path(__file__).parents[3] / "platform" / "tenants"
GOOD = """display_name: Acme
contacts: {owner: a@b.example, billing: a@b.example}
groups:
  owners: {members: [a@b.example], access: administer}
"""
# What only the reader knows: how values belong together, what git allows, what is reserved.
BEYOND_THE_SCHEMA = (
    "no group administers everything",
    "never gets here",
    "would both be called",
    "can never match",
    "an environment cannot be called",
    "would be called",
    "no task with",
    "must ascend",
    "is kept for the platform",
    "has a password in it",
)


def test_every_file_of_the_folder_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "tenants"
    folder.mkdir()
    (folder / "globex.yaml").write_text(GOOD)
    (folder / "acme.yaml").write_text(GOOD + "retention_days: 2\nprojects:\n  shop: {repository: x}\n")
    (folder / "broken.yaml").write_text("groups: [")
    (folder / "umbrella.yml").write_text(GOOD)
    (folder / "empty.yaml").write_text("")
    (folder / "tenant.schema.json").write_text("{}")
    found, told = registry.read_all(folder, tmp_path)
    assert [each.name for each in found] == ["globex"]
    assert [str(each).partition(" (")[0] for each in told] == [
        "tenants/acme.yaml:7:22: error: projects.shop.repository cannot be 'x'",
        "tenants/acme.yaml:5:17: error: retention_days cannot be 2",
        "tenants/broken.yaml:2:1: error: malformed YAML: while parsing a flow node did not find expected node content",
        "tenants/empty.yaml:1: error: the document must be a mapping, not nothing",
        "tenants/umbrella.yml:1:1: error: 'umbrella.yml' cannot be an organization",
    ]


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert registry.read_all(tmp_path / "tenants") == ((), ())


def test_a_fault_of_a_key_is_at_the_key(tmp_path: Path) -> None:
    file = tmp_path / "acme.yaml"
    file.write_text(GOOD + "projects:\n  Shop:\n    repository: /srv/shop.git\n")
    found, told = registry.read_one(file, tmp_path)
    assert found is None
    assert [str(each.position) for each in told] == ["acme.yaml:6:3"]


def test_a_double_key_hides_no_other_fault(tmp_path: Path) -> None:
    file = tmp_path / "acme.yaml"
    file.write_text(GOOD + "suspended: true\nsuspended: maybe\ncolour: red\n")
    found, told = registry.read_one(file, tmp_path)
    assert found is None
    assert [each.position.line for each in told if each.position] == [6, 7]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_text(GOOD)
    (tmp_path / "acme.yaml").symlink_to(tmp_path / "real")
    found, told = registry.read_one(tmp_path / "acme.yaml")
    assert found is None
    assert "symbolic links are not followed" in told[0].message


def test_the_schema_is_sound_and_takes_a_whole_file() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert list(CHECKER.iter_errors(WHOLE)) == []


def test_the_platforms_own_tenants_are_sound() -> None:
    found, told = registry.read_all(TENANTS)
    assert told == ()
    assert {"acme", "globex", "initech"} <= {each.name for each in found}


JUNK = st.sampled_from(
    [
        None, True, 0, 1, 100, -1, 1.5, 1e300, "", " ", "x", "view", "administer", "on", "off", "72h", "9m", "90d",
        "main", "feature/*", "a b", "dev-{slug}", "{slug}", "a@b.example", "a@@b", "/srv/x", "git@host:x",
        "x.yml", "PATH", "schedules", "warehouse", "SHOP_HOST", [], {}, ["view"], [{"may": "run"}],
        {"may": "view", "on": "a/b"},
        {"retention": "2w"}, {"retention": 3}, ["schedules", "schedules"], [80, 100],
        {"x": 1}, "x" * 201, [None], 2**70,
    ]
)  # fmt: skip


def places(data: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path to every value inside."""
    if path:
        yield path
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield from places(value, (*path, key))


@settings(max_examples=400)
@given(st.data())
def test_schema_and_reader_say_the_same(data: st.DataObject) -> None:
    changed = copy.deepcopy(WHOLE)
    for _ in range(data.draw(st.integers(1, 2))):
        path = data.draw(st.sampled_from(list(places(changed))))
        above: Any = changed
        for part in path[:-1]:
            above = above[part]
        deed = data.draw(st.sampled_from(["put", "remove", "add"]))
        if deed == "put":
            above[path[-1]] = copy.deepcopy(data.draw(JUNK))
        elif deed == "remove":
            del above[path[-1]]
        elif isinstance(above, dict):
            above[data.draw(st.sampled_from(["tag", "may", "on", "Upper", "x", "projects"]))] = copy.deepcopy(
                data.draw(JUNK)
            )
        if not changed:
            break
    _, faults = tenants.read("acme", changed)
    complaints = [each.message for each in CHECKER.iter_errors(changed)]
    if not faults:
        assert complaints == []
    if not complaints:
        assert [f.message for f in faults if not any(text in f.message for text in BEYOND_THE_SCHEMA)] == []


@pytest.mark.parametrize("text", ["- 1", "7", "null", "a: &x [*x]", "? {a: b}\n: c"])
def test_data_of_any_kind_are_only_faulty(tmp_path: Path, text: str) -> None:
    file = tmp_path / "acme.yaml"
    file.write_text(text)
    found, told = registry.read_one(file)
    assert found is None
    assert told


def test_organizations_that_would_share_an_account_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number comes from a name, and whoever may propose a name could look for one."""
    numbers = {"acme": "1", "globex": "2", "twin": "2", "ours": "3", "platform": "3", "organization": "4"}
    monkeypatch.setattr(client, "account_of", numbers.__getitem__)
    for name in ("acme", "globex", "twin", "ours"):
        (tmp_path / f"{name}.yaml").write_text(GOOD)
    sound, told = registry.read_all(tmp_path)
    assert [each.name for each in sound] == ["acme"]
    assert [each.message for each in told] == [
        "globex would share its account with twin",
        "ours would share its account with platform",
        "twin would share its account with globex",
    ]
