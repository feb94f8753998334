"""Strings, passwords and pet names, as hashicorp/random gives them."""

from __future__ import annotations

import secrets
import string
from typing import Final

from stackyard.model.registrations import CheckFailure
from stackyard.model.values import Properties
from stackyard.providers.random import bcrypt, words
from stackyard.providers.random.draws import KEEPERS
from stackyard.providers.recorded import Making, Recorder
from stackyard.providers.schemas import Field, Kind

SPECIAL: Final = "!@#$%&*()-_=+[]{}<>:?"
_SWITCHES: Final = ("upper", "lower", "numeric", "special")
_MINIMA: Final = ("minUpper", "minLower", "minNumeric", "minSpecial")
_SWITCH: Final = Field(Kind.BOOLEAN, replaces=True, default=True)
_MINIMUM: Final = Field(Kind.INTEGER, replaces=True, default=0, minimum=0)
_SCHEMA: Final = {
    "keepers": KEEPERS,
    "length": Field(Kind.INTEGER, required=True, replaces=True, minimum=1),
    **dict.fromkeys(_MINIMA, _MINIMUM),
    **dict.fromkeys(("upper", "lower", "special"), _SWITCH),
    "number": Field(Kind.BOOLEAN, replaces=True),
    "numeric": Field(Kind.BOOLEAN, replaces=True),
    "overrideSpecial": Field(Kind.STRING, replaces=True),
}


def _derive(inputs: Properties) -> Properties:
    """`number` is the old name of `numeric`: either sets both."""
    given = [inputs[name] for name in ("numeric", "number") if inputs.get(name) is not None]
    numeric = given[0] if given else True
    return {**inputs, "number": numeric, "numeric": numeric}


def _alphabets(inputs: Properties) -> tuple[str, ...]:
    special = inputs.get("overrideSpecial") or SPECIAL
    return string.ascii_uppercase, string.ascii_lowercase, string.digits, special


def _faults(inputs: Properties) -> tuple[CheckFailure, ...]:
    inputs = _derive(inputs)
    failures = []
    if not any(inputs[name] for name in _SWITCHES):
        failures.append(CheckFailure("", "at least one of upper, lower, numeric and special must be true"))
    needed = sum(inputs[name] for name in _MINIMA)
    if inputs["length"] < needed:
        failures.append(CheckFailure("length", f"length ({inputs['length']}) is less than the minima need ({needed})"))
    return tuple(failures)


def draw(inputs: Properties) -> str:
    """A random text that keeps to the minima, in an order that tells nothing."""
    alphabets = _alphabets(inputs)
    chosen = [
        secrets.choice(alphabet) for alphabet, name in zip(alphabets, _MINIMA, strict=True) for _ in range(inputs[name])
    ]
    everything = "".join(a for a, name in zip(alphabets, _SWITCHES, strict=True) if inputs[name])
    chosen += (secrets.choice(everything) for _ in range(inputs["length"] - len(chosen)))
    secrets.SystemRandom().shuffle(chosen)
    return "".join(chosen)


def _make_string(inputs: Properties) -> Making:
    result = draw(inputs)
    return result, {"result": result}


def _adopt_string(text: str) -> tuple[str, Properties, Properties]:
    return text, {"length": len(text)}, {"result": text}


STRING: Final = Recorder(
    schema=_SCHEMA, make=_make_string, computed=("result",), adopt=_adopt_string, faults=_faults, derive=_derive
)


def _password_outputs(result: str) -> Properties:
    return {"result": result, "bcryptHash": bcrypt.hashed(result)}


def _adopt_password(text: str) -> tuple[str, Properties, Properties]:
    return "none", {"length": len(text)}, _password_outputs(text)


PASSWORD: Final = Recorder(
    schema=_SCHEMA,
    make=lambda inputs: ("none", _password_outputs(draw(inputs))),
    computed=("result", "bcryptHash"),
    secrets=("result", "bcryptHash"),
    adopt=_adopt_password,
    faults=_faults,
    derive=_derive,
)


def _make_pet(inputs: Properties) -> Making:
    length = inputs["length"]
    chosen = [secrets.choice(words.ADVERBS) for _ in range(length - 2)]
    chosen += [secrets.choice(words.ADJECTIVES)] if length > 1 else []
    chosen.append(secrets.choice(words.ANIMALS))
    prefix = [inputs["prefix"]] if inputs.get("prefix") else []
    return inputs["separator"].join([*prefix, *chosen]), {}


PET: Final = Recorder(
    schema={
        "keepers": KEEPERS,
        "length": Field(Kind.INTEGER, replaces=True, default=2, minimum=1),
        "prefix": Field(Kind.STRING, replaces=True),
        "separator": Field(Kind.STRING, replaces=True, default="-"),
    },
    make=_make_pet,
)
