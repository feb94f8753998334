"""The catalog: lazy, shared, closed once."""

from __future__ import annotations

import asyncio
from importlib import metadata
from typing import Any

import pytest

from stackyard import errors
from stackyard.kit import registry
from stackyard.model.values import UNKNOWN
from stackyard.providers import base, catalog, random, simulated

GROUP = "tests.providers"


class Counting(random.RandomProvider):
    """Counts what happens to its instances; refuses when told to."""

    made: list[Counting]
    refuse = False

    def __init__(self) -> None:
        super().__init__()
        self.settings: list[base.Settings] = []
        self.closed = 0
        type(self).made.append(self)

    async def configure(self, settings: base.Settings) -> None:
        await asyncio.sleep(0)
        if type(self).refuse:
            raise errors.ProviderError("no region")
        self.settings.append(settings)

    async def close(self) -> None:
        self.closed += 1


class Local(Counting):
    per_directory = True


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {
        "counting": metadata.EntryPoint("counting", f"{__name__}:Counting", GROUP),
        "local": metadata.EntryPoint("local", f"{__name__}:Local", GROUP),
        "broken": metadata.EntryPoint("broken", "no_such_module_here:Provider", GROUP),
    }
    real = registry.entries
    monkeypatch.setattr(registry, "entries", lambda group: found if group == GROUP else real(group))
    Counting.made = []
    Counting.refuse = False


async def test_equal_settings_share_one_configured_instance() -> None:
    shared = catalog.Catalog(GROUP)
    settings = [base.Settings({"region": "r", "__internal": {}}, {"A": "1"}, directory=str(n)) for n in range(5)]
    providers = await asyncio.gather(*(shared.get("counting", each) for each in settings))
    assert len({id(provider) for provider in providers}) == 1
    assert len(Counting.made[0].settings) == 1


@pytest.mark.parametrize(
    "other",
    [
        base.Settings({"region": "other"}, {"A": "1"}),
        base.Settings({"region": "r"}, {"A": "2"}),
        base.Settings({"region": UNKNOWN}, {"A": "1"}),
        base.Settings({"region": ["r"]}, {"A": "1"}),
    ],
)
async def test_other_settings_get_another_instance(other: base.Settings) -> None:
    shared = catalog.Catalog(GROUP)
    first = await shared.get("counting", base.Settings({"region": "r"}, {"A": "1"}))
    assert await shared.get("counting", other) is not first


async def test_a_provider_that_works_in_a_directory_has_one_instance_for_each() -> None:
    shared = catalog.Catalog(GROUP)
    first, again, other = [await shared.get("local", base.Settings(directory=d)) for d in ("/a", "/a", "/b")]
    assert first is again
    assert first is not other


async def test_only_unknown_settings_are_a_previews_own() -> None:
    shared = catalog.Catalog(GROUP)
    await shared.get("counting", base.Settings({"region": "r"}, preview=True))
    await shared.get("counting", base.Settings({"region": UNKNOWN}, preview=True))
    assert [provider.settings[0].preview for provider in Counting.made] == [False, True]


async def test_a_refusal_is_not_remembered_and_the_instance_is_closed() -> None:
    shared = catalog.Catalog(GROUP)
    Counting.refuse = True
    with pytest.raises(errors.ProviderError, match="no region"):
        await shared.get("counting", base.Settings())
    Counting.refuse = False
    assert await shared.get("counting", base.Settings()) is Counting.made[1]
    assert Counting.made[0].closed == 1


async def test_close_closes_each_instance_once_and_ends_the_catalog() -> None:
    shared = catalog.Catalog(GROUP)
    for region in ("a", "b"):
        await shared.get("counting", base.Settings({"region": region}))
    await shared.close()
    await shared.close()
    assert [provider.closed for provider in Counting.made] == [1, 1]
    with pytest.raises(errors.ProviderError, match="closed"):
        await shared.get("counting", base.Settings())


async def test_an_unknown_package_is_simulated() -> None:
    provider = await catalog.Catalog(GROUP).get("elsewhere", base.Settings())
    assert isinstance(provider, simulated.SimulatedProvider)
    assert provider.simulated


async def test_a_provider_that_cannot_be_loaded_is_never_simulated() -> None:
    with pytest.raises(errors.ProviderError, match="cannot be loaded"):
        await catalog.Catalog(GROUP).get("broken", base.Settings())


@pytest.mark.parametrize("package", ["random", "tls", "command"])
async def test_the_providers_of_this_distribution_are_registered(package: str) -> None:
    shared: Any = catalog.Catalog()
    assert package in shared.known()
    assert not (await shared.get(package, base.Settings())).simulated
    await shared.close()
