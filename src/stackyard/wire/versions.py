"""Version ranges as programs write them in `require_pulumi_version` (github.com/blang/semver, ParseRange)."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Final

from stackyard import errors

PULUMI: Final = "3.272.0"
"""The version of Pulumi whose behaviour we follow; what programs are told when they ask."""

Version = tuple[int, int, int]

_TERM: Final = re.compile(r"(>=|<=|!=|==|=|>|<|!)?\s*v?(\d+)(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?(?:[-+][\w.+-]+)?")
_COMPARE: Final[dict[str, Callable[[Version, Version], bool]]] = {
    "": operator.eq,
    "=": operator.eq,
    "==": operator.eq,
    "!": operator.ne,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def parse(text: str) -> Version:
    """`3.272.0` as numbers; a pre-release is read as its release. Raises `errors.UsageError`."""
    match = re.fullmatch(r"v?(\d+)\.(\d+)\.(\d+)(?:[-+].*)?", text)
    if not match:
        raise errors.UsageError(f"{text!r} is not a version")
    return int(match[1]), int(match[2]), int(match[3])


def satisfies(range_: str, version: str = PULUMI) -> bool:
    """Whether `version` lies in a range: terms beside each other are AND, `||` is OR. Raises `errors.UsageError`."""
    mine = parse(version)
    results = [all(_holds(term, mine) for term in _terms(part, range_)) for part in range_.split("||")]
    return any(results)


def require(range_: str) -> None:
    """Raises `errors.ProgramError` when what we follow is not in the range that a program requires."""
    if not satisfies(range_):
        raise errors.ProgramError(f"the program requires Pulumi {range_}; stackyard follows Pulumi {PULUMI}")


def _terms(part: str, whole: str) -> list[re.Match[str]]:
    found, at = [], 0
    text = part.strip()
    while at < len(text):
        match = _TERM.match(text, at)
        if not match:
            break
        found.append(match)
        at = match.end() + len(text[match.end() :]) - len(text[match.end() :].lstrip())
    if not found or at < len(text):
        raise errors.UsageError(f"{whole!r} is not a version range", hint="write it like '>=3.100.0 <4.0.0'")
    return found


def _holds(term: re.Match[str], mine: Version) -> bool:
    sign, *parts = term.groups()
    given = [int(part) for part in parts if part and part.isdigit()]
    if len(given) == 3:
        return _COMPARE[sign or ""](mine, (given[0], given[1], given[2]))
    low: Version = (given[0], given[1] if len(given) > 1 else 0, 0)
    high: Version = (low[0], low[1] + 1, 0) if len(given) > 1 else (low[0] + 1, 0, 0)
    inside = low <= mine < high
    return {
        "": inside, "=": inside, "==": inside, "!": not inside, "!=": not inside,
        ">": mine >= high, ">=": mine >= low, "<": mine < low, "<=": mine < high,
    }[sign or ""]  # fmt: skip
