"""Bytes, ids, integers, permutations and UUIDs, as hashicorp/random gives them."""

from __future__ import annotations

import base64
import hashlib
import random
import secrets
import time
import uuid
from typing import Final

from stackyard.model.registrations import CheckFailure
from stackyard.model.values import Properties
from stackyard.providers.recorded import Making, Recorder
from stackyard.providers.schemas import Field, Kind

KEEPERS: Final = Field(Kind.MAP, replaces=True, items=Field(Kind.STRING))
_TEXT: Final = Field(Kind.STRING, replaces=True)
_COUNT: Final = Field(Kind.INTEGER, required=True, replaces=True, minimum=1)


def _generator(inputs: Properties) -> random.Random:
    seed = inputs.get("seed")
    return random.Random(seed) if seed else random.SystemRandom()


def _id_outputs(prefix: str, value: bytes) -> Making:
    url = base64.urlsafe_b64encode(value).decode().rstrip("=")
    return url, {
        "b64Url": prefix + url,
        "b64Std": prefix + base64.b64encode(value).decode(),
        "hex": prefix + value.hex(),
        "dec": prefix + str(int.from_bytes(value, "big")),
    }


def _make_id(inputs: Properties) -> Making:
    return _id_outputs(inputs.get("prefix") or "", secrets.token_bytes(inputs["byteLength"]))


def _adopt_id(text: str) -> tuple[str, Properties, Properties]:
    prefix, comma, encoded = text.rpartition(",")
    try:
        value = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise ValueError("the import id must be `[prefix,]` and the id in URL-safe base64") from None
    id_, outputs = _id_outputs(prefix, value)
    return id_, {"byteLength": len(value), **({"prefix": prefix} if comma else {})}, outputs


ID: Final = Recorder(
    schema={"byteLength": _COUNT, "keepers": KEEPERS, "prefix": _TEXT},
    make=_make_id,
    computed=("b64Std", "b64Url", "dec", "hex"),
    adopt=_adopt_id,
)


def _bytes_outputs(value: bytes) -> Making:
    """The id is a digest, where the Terraform bridge uses the (secret) bytes themselves."""
    return hashlib.sha256(value).hexdigest()[:32], {"base64": base64.b64encode(value).decode(), "hex": value.hex()}


def _adopt_bytes(text: str) -> tuple[str, Properties, Properties]:
    try:
        value = base64.b64decode(text, validate=True)
    except ValueError:
        raise ValueError("the import id must be the bytes in base64") from None
    id_, outputs = _bytes_outputs(value)
    return id_, {"length": len(value)}, outputs


BYTES: Final = Recorder(
    schema={"length": _COUNT, "keepers": KEEPERS},
    make=lambda inputs: _bytes_outputs(secrets.token_bytes(inputs["length"])),
    computed=("base64", "hex"),
    secrets=("base64", "hex"),
    adopt=_adopt_bytes,
)


def _make_integer(inputs: Properties) -> Making:
    result = _generator(inputs).randint(inputs["min"], inputs["max"])
    return str(result), {"result": result}


def _integer_faults(inputs: Properties) -> tuple[CheckFailure, ...]:
    if inputs["min"] <= inputs["max"]:
        return ()
    return (CheckFailure("min", f"min ({inputs['min']}) must not be greater than max ({inputs['max']})"),)


def _adopt_integer(text: str) -> tuple[str, Properties, Properties]:
    parts = text.split(",", 3)
    try:
        result, low, high = (int(part) for part in parts[:3])
    except ValueError:
        raise ValueError("the import id must be `result,min,max[,seed]`") from None
    return str(result), {"min": low, "max": high, **dict(zip(["seed"], parts[3:], strict=False))}, {"result": result}


_BOUND: Final = Field(Kind.INTEGER, required=True, replaces=True)
INTEGER: Final = Recorder(
    schema={"keepers": KEEPERS, "max": _BOUND, "min": _BOUND, "seed": _TEXT},
    make=_make_integer,
    computed=("result",),
    adopt=_adopt_integer,
    faults=_integer_faults,
)


def _make_shuffle(inputs: Properties) -> Making:
    """Whole permutations one after another, cut to `resultCount`: no item repeats before all have come."""
    generator, items = _generator(inputs), inputs["inputs"]
    wanted = inputs.get("resultCount")
    wanted = len(items) if wanted is None else wanted
    results: list[str] = []
    while items and len(results) < wanted:
        results += generator.sample(items, len(items))
    return "-", {"results": results[:wanted]}


SHUFFLE: Final = Recorder(
    schema={
        "inputs": Field(Kind.LIST, required=True, replaces=True, items=Field(Kind.STRING)),
        "keepers": KEEPERS,
        "resultCount": Field(Kind.INTEGER, replaces=True, minimum=0),
        "seed": _TEXT,
    },
    make=_make_shuffle,
    computed=("results",),
)


def uuid7(milliseconds: int, entropy: bytes) -> uuid.UUID:
    """A UUID of version 7 (RFC 9562, 5.7) from Unix time and ten random bytes."""
    value = milliseconds << 80 | int.from_bytes(entropy, "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    return uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


def _uuid_outputs(value: uuid.UUID) -> Making:
    return str(value), {"result": str(value)}


def _adopt_uuid(text: str) -> tuple[str, Properties, Properties]:
    try:
        id_, outputs = _uuid_outputs(uuid.UUID(text))
    except ValueError:
        raise ValueError("the import id must be a UUID") from None
    return id_, {}, outputs


UUID4: Final = Recorder(
    schema={"keepers": KEEPERS},
    make=lambda inputs: _uuid_outputs(uuid.uuid4()),
    computed=("result",),
    adopt=_adopt_uuid,
)
UUID7: Final = Recorder(
    schema={"keepers": KEEPERS},
    make=lambda inputs: _uuid_outputs(uuid7(time.time_ns() // 1_000_000, secrets.token_bytes(10))),
    computed=("result",),
    adopt=_adopt_uuid,
)
