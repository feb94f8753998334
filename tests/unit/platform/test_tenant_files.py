"""A tenant's file as the platform's programs read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackyard.errors import ConfigError
from stackyard.model.tenants import Deed
from stackyard.platform.site_instances.tenants import read_tenant

TENANTS = Path(__file__).parents[3] / "platform" / "tenants"
TENANT = """
display_name: Acme
contacts: {owner: ada@acme.example, billing: billing@acme.example}
groups:
  owners: {access: administer, members: [ada@acme.example]}
  readers: {access: [{may: view, on: shop}], members: [eve@acme.example]}
projects:
  shop:
    repository: /srv/shop.git
    rules: [{branch: main, environment: prod, archive: on}]
"""


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "acme.yaml"
    file.write_text(TENANT)
    read = read_tenant(file)
    assert read.name == "acme"
    assert read.groups["readers"].grants[0].on == "shop"
    assert read.projects["shop"].rules[0].archive
    assert not read.may("eve@acme.example", Deed.RUN, "shop", "prod")


@pytest.mark.parametrize(
    ("change", "line", "said"),
    [
        (("access: administer", "access: view"), 5, "line 5: no group administers everything"),
        (("[eve@acme.example]", "[eve]"), 6, "line 6: groups.readers.members[0] cannot be 'eve'"),
        (("display_name", "display_nam"), 2, "line 2: unknown key 'display_nam' (did you mean 'display_name'?)"),
        (("display_name: Acme", "display_name: 2020"), 2, "display_name must be text, not 2020"),
        (("groups:", "groups: ["), 6, "not YAML"),
        (("Acme", "!!python/object:os.system {}"), 2, "not YAML"),
        (("Acme", "[" * 100_000), 2, "nested more than 64 deep"),
        (("Acme", "x" * (1 << 20)), 0, "larger than 1 MiB"),
    ],
)
def test_a_faulty_file_is_named_with_its_fault(tmp_path: Path, change: tuple[str, str], line: int, said: str) -> None:
    file = tmp_path / "acme.yaml"
    file.write_text(TENANT.replace(*change))
    with pytest.raises(ConfigError) as caught:
        read_tenant(file)
    assert said in caught.value.message
    assert caught.value.position is not None
    assert (caught.value.position.path, caught.value.position.line) == (str(file), line)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "acme.yaml"
    file.write_text(TENANT.replace("ada@acme.example", "ada").replace("main", "a b"))
    with pytest.raises(ConfigError) as caught:
        read_tenant(file)
    assert [text for text in ("line 3", "line 5", "line 10") if text not in caught.value.message] == []


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such tenant file"):
        read_tenant(tmp_path / "nobody.yaml")


@pytest.mark.parametrize("path", sorted(TENANTS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_platforms_own_tenants_are_sound(path: Path) -> None:
    assert read_tenant(path).name == path.stem
