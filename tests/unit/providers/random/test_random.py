"""The `random` package."""

from __future__ import annotations

import base64
import string
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackyard import errors
from stackyard.model.resources import Resource
from stackyard.model.values import Secret
from stackyard.providers import base, random
from stackyard.providers.random import bcrypt, draws, texts

PREFIX = "random:index/"
TYPES = {
    name: f"{PREFIX}{name[0].lower()}{name[1:]}:{name}"
    for name in [
        "RandomBytes",
        "RandomId",
        "RandomInteger",
        "RandomPassword",
        "RandomPet",
        "RandomShuffle",
        "RandomString",
        "RandomUuid",
        "RandomUuid4",
        "RandomUuid7",
    ]
}


async def create(name: str, **inputs: Any) -> base.Made:
    return await random.RandomProvider().create(base.CreateRequest("urn", TYPES[name], inputs))


async def adopt(name: str, id_: str) -> base.Made:
    made = await random.RandomProvider().read(base.ReadRequest("urn", TYPES[name], id_))
    assert made is not None
    return made


async def test_every_text_of_an_id_is_the_same_number() -> None:
    made = await create("RandomId", byteLength=6, prefix="p-")
    outputs = made.outputs
    value = bytes.fromhex(outputs["hex"].removeprefix("p-"))
    assert len(value) == 6
    assert outputs["dec"] == f"p-{int.from_bytes(value, 'big')}"
    assert outputs["b64Std"] == "p-" + base64.b64encode(value).decode()
    assert made.id == base64.urlsafe_b64encode(value).decode().rstrip("=")


async def test_an_id_can_be_imported_with_its_prefix() -> None:
    made = await create("RandomId", byteLength=5, prefix="a,b")
    imported = await adopt("RandomId", f"a,b,{made.id}")
    assert imported.outputs == made.outputs
    assert imported.inputs == {"byteLength": 5, "prefix": "a,b"}


@given(
    minima=st.fixed_dictionaries({name: st.integers(0, 5) for name in ("minUpper", "minLower", "minNumeric")}),
    extra=st.integers(1, 30),
    special=st.booleans(),
)
def test_a_drawn_text_keeps_to_its_minima_and_its_alphabet(minima: dict[str, int], extra: int, special: bool) -> None:
    length = sum(minima.values()) + extra
    switches = {"upper": True, "lower": False, "numeric": True, "special": special}
    text = texts.draw({"length": length, "minSpecial": 0, **minima, **switches})
    assert len(text) == length
    assert sum(c in string.ascii_uppercase for c in text) >= minima["minUpper"]
    assert sum(c in string.ascii_lowercase for c in text) == minima["minLower"]
    assert special or not set(text) & set(texts.SPECIAL)


async def test_a_text_uses_the_special_characters_it_was_given() -> None:
    made = await create("RandomString", length=50, upper=False, lower=False, number=False, overrideSpecial="_")
    assert made.outputs["result"] == "_" * 50 == made.id
    assert made.outputs["numeric"] is False


async def test_a_password_is_secret_and_its_hash_opens_with_it() -> None:
    made = await create("RandomPassword", length=30)
    assert made.id == "none"
    password, hashed = made.outputs["result"].value, made.outputs["bcryptHash"].value
    assert hashed.startswith("$2b$10$")
    assert bcrypt._implementation()(password.encode(), hashed.encode()) == hashed.encode()
    assert bcrypt._implementation()(b"another", hashed.encode()) != hashed.encode()


async def test_a_password_can_be_imported_without_becoming_the_id() -> None:
    made = await adopt("RandomPassword", "hunter2!")
    assert made.id == "none"
    assert made.outputs["result"] == Secret("hunter2!")
    assert made.inputs == {"length": 8}


async def test_spelling_out_a_default_changes_nothing() -> None:
    provider = random.RandomProvider()
    made = await create("RandomPassword", length=8)
    old = Resource("urn", TYPES["RandomPassword"], True, id=made.id, inputs={"__defaults": [], "length": 8})
    inputs = {"length": 8, "special": True, "numeric": True, "minLower": 0}
    same = await provider.diff(base.DiffRequest("urn", old.type, old, inputs))
    other = await provider.diff(base.DiffRequest("urn", old.type, old, {**inputs, "numeric": False}))
    assert same == base.Difference()
    assert set(other.replaces) == {"number", "numeric"}


async def test_switching_everything_off_is_a_failure() -> None:
    inputs = {"length": 8, "upper": False, "lower": False, "numeric": False, "special": False}
    checked = await random.RandomProvider().check(base.CheckRequest("urn", TYPES["RandomString"], "s", inputs))
    assert "at least one" in checked.failures[0].reason


async def test_a_pet_has_its_words_and_its_prefix() -> None:
    made = await create("RandomPet", length=3, prefix="prod", separator="_")
    assert made.id.startswith("prod_")
    assert len(made.id.split("_")) == 4
    assert (await create("RandomPet")).id.count("-") == 1
    assert "-" not in (await create("RandomPet", length=1)).id


async def test_an_integer_stays_in_its_range_and_a_seed_fixes_it() -> None:
    drawn = [(await create("RandomInteger", min=3, max=5)).outputs["result"] for _ in range(60)]
    assert set(drawn) == {3, 4, 5}
    seeded = [await create("RandomInteger", min=1, max=10**9, seed="s") for _ in range(2)]
    assert seeded[0] == seeded[1]


async def test_an_integer_can_be_imported() -> None:
    made = await adopt("RandomInteger", "5,1,10,seed,with,commas")
    assert made.inputs == {"min": 1, "max": 10, "seed": "seed,with,commas"}
    assert made.outputs["result"] == 5


async def test_an_empty_range_is_a_failure() -> None:
    request = base.CheckRequest("urn", TYPES["RandomInteger"], "i", {"min": 5, "max": 1})
    checked = await random.RandomProvider().check(request)
    assert checked.failures[0].property == "min"


async def test_a_shuffle_repeats_nothing_before_all_have_come() -> None:
    made = await create("RandomShuffle", inputs=["a", "b", "c"], resultCount=7)
    results = made.outputs["results"]
    assert len(results) == 7
    assert sorted(results[:3]) == sorted(results[3:6]) == ["a", "b", "c"]
    assert (await create("RandomShuffle", inputs=[], resultCount=2)).outputs["results"] == []
    assert (await create("RandomShuffle", inputs=["a"], resultCount=0)).outputs["results"] == []


async def test_uuids_have_their_versions() -> None:
    for name, version in (("RandomUuid", 4), ("RandomUuid4", 4), ("RandomUuid7", 7)):
        made = await create(name)
        assert uuid.UUID(made.id).version == version
        assert made.outputs["result"] == made.id


def test_uuid7_carries_its_time() -> None:
    value = draws.uuid7(0x0123456789AB, b"\xff" * 10)
    assert str(value) == "01234567-89ab-7fff-bfff-ffffffffffff"


async def test_bytes_are_secret_and_not_their_own_id() -> None:
    made = await create("RandomBytes", length=16)
    assert bytes.fromhex(made.outputs["hex"].value) == base64.b64decode(made.outputs["base64"].value)
    assert made.id not in made.outputs["hex"].value
    assert (await adopt("RandomBytes", made.outputs["base64"].value)).id == made.id


@pytest.mark.parametrize(("name", "id_"), [("RandomInteger", "5"), ("RandomUuid", "x"), ("RandomBytes", "%")])
async def test_a_bad_import_id_is_explained(name: str, id_: str) -> None:
    with pytest.raises(errors.ProviderError, match="the import id must be"):
        await adopt(name, id_)


async def test_what_cannot_be_imported_says_so() -> None:
    with pytest.raises(errors.ProviderError, match="only in state"):
        await adopt("RandomShuffle", "-")
