"""Settings are checked before anything is registered, and their faults name the key or the file."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pulumi
import pydantic
import pytest

from stackyard.errors import ConfigError
from stackyard.platform.components import Tags, read_settings
from stackyard.platform.components.function import source_archive
from stackyard.platform.service_fabric import NetworkSettings, ObservabilitySettings, TableShape
from tests.unit.platform.recording import record

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:pulumi_aws")


def test_configuration_is_read_by_field_and_typed() -> None:
    found: list[NetworkSettings] = []
    config = {"test:cidr_block": "10.3.0.0/16", "test:nat_gateways": "2"}
    record(lambda: found.append(read_settings(NetworkSettings)), config=config)
    assert found == [NetworkSettings(cidr_block="10.3.0.0/16", zones=2, nat_gateways=2)]


def test_a_structured_value_becomes_a_model() -> None:
    found: list[ObservabilitySettings] = []
    config = {"test:log_groups": '{"control": 30}', "test:alarms": '{"errors": {"log_group": "control"}}'}
    record(lambda: found.append(read_settings(ObservabilitySettings)), config=config)
    assert found[0].alarms["errors"].pattern == "ERROR"


def test_every_wrong_key_is_named_at_once() -> None:
    config = {"test:cidr_block": "10.3.0.0/8", "test:zones": "9"}
    with pytest.raises(ConfigError) as caught:
        record(lambda: read_settings(NetworkSettings), config=config)
    assert "test:cidr_block" in caught.value.message
    assert "test:zones" in caught.value.message


def test_what_the_program_gives_is_not_overridden() -> None:
    found: list[NetworkSettings] = []
    record(lambda: found.append(read_settings(NetworkSettings, zones=3)), config={"test:zones": "4"})
    assert found[0].zones == 3


def test_more_ways_out_than_zones_are_refused() -> None:
    with pytest.raises(pydantic.ValidationError, match="one a zone"):
        NetworkSettings(zones=2, nat_gateways=3)


@pytest.mark.parametrize(("block", "zones"), [("10.0.0.0/16", 6), ("10.0.0.0/24", 2), ("192.168.0.0/20", 3)])
def test_subnets_do_not_overlap_and_lie_inside(block: str, zones: int) -> None:
    public, private = NetworkSettings(cidr_block=block, zones=zones).blocks()
    networks = [ipaddress.IPv4Network(each) for each in public + private]
    assert len(networks) == 2 * zones
    assert all(each.subnet_of(ipaddress.IPv4Network(block)) for each in networks)
    assert not any(one.overlaps(other) for one in networks for other in networks if one is not other)


def test_an_alarm_on_a_log_group_that_is_not_made_is_refused() -> None:
    with pytest.raises(pydantic.ValidationError, match="missing-group"):
        ObservabilitySettings.model_validate({"log_groups": {"a": 30}, "alarms": {"x": {"log_group": "missing-group"}}})


@pytest.mark.parametrize("days", [0, 31, 10000])
def test_logs_are_kept_as_long_as_the_service_allows(days: int) -> None:
    with pytest.raises(pydantic.ValidationError, match="logs are kept"):
        ObservabilitySettings(log_groups={"a": days})


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(pydantic.ValidationError, match="hash_kye"):
        TableShape.model_validate({"hash_key": "a", "hash_kye": "b"})


def test_tags_take_the_stage_from_the_end_of_a_fleets_stack_name() -> None:
    found: list[Tags] = []
    record(
        lambda: found.append(Tags.current("sites", organization="acme")),
        project="site_instances",
        stack_name="acme.Production",
    )
    assert found[0].of("x") == {
        "Name": "x",
        "Environment": "Production",
        "Layer": "sites",
        "Organization": "acme",
        "Project": "site_instances",
        "CostOwner": "acme",
    }


def test_caches_do_not_change_a_functions_archive(tmp_path: Path) -> None:
    (tmp_path / "handler.py").write_text("x = 1\n")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "handler.pyc").write_bytes(b"x")
    assert list(source_archive(str(tmp_path)).assets) == ["handler.py"]


def test_a_folder_without_code_is_refused(tmp_path: Path) -> None:
    with pytest.raises(pulumi.RunError, match="holds no Python file"):
        source_archive(str(tmp_path))
