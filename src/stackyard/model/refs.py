"""Names of git refs: globs over them, and the environments' names that are made of them.

In a glob `*` and `?` stay within one part, as git hosts read them; `**` is anything, slashes included; `[a-z]` and
`[!a-z]` are one character. A name without slashes is matched the same way.
"""

from __future__ import annotations

import functools
import hashlib
import re
import unicodedata
from collections.abc import Sequence
from typing import Final, TypeAlias

LONGEST_NAME: Final = 32
LONGEST_PATTERN: Final = 200
SLUG: Final = "{slug}"
_DIGEST: Final = 8
_SLASH: Final = ord("/")
_END: Final = 0x10FFFF
_RARE: Final = 0x1F9F0
_WORK_LIMIT: Final = 5_000

_Ranges: TypeAlias = tuple[tuple[int, int], ...]
_Token: TypeAlias = tuple[bool, _Ranges]
_ANY: Final[_Ranges] = ((0, _END),)
_WITHIN: Final[_Ranges] = ((0, _SLASH - 1), (_SLASH + 1, _END))


def is_glob(pattern: str) -> bool:
    """Whether it has a character that globs treat specially."""
    return any(character in pattern for character in "*?[")


def matches(pattern: str, name: str) -> bool:
    """Whether the glob names exactly `name`. Time is bounded by the product of their lengths."""
    tokens = _tokens(pattern)
    states = _closed({0}, tokens)
    for character in name:
        states = _step(states, tokens, ord(character))
    return len(tokens) in states


def covered(pattern: str, by: Sequence[str]) -> bool:
    """Whether every name that `pattern` matches is matched by one of `by`, too. In doubt (intricate globs): False.

    Samples of what it matches refute nearly always; what is left is searched, within a limit of work.
    """
    if not is_glob(pattern):
        return any(matches(each, pattern) for each in by)
    first, others = _tokens(pattern), [_tokens(each) for each in by]
    if not all(any(matches(each, sample) for each in by) for sample in _samples(first)):
        return False
    alphabet = _alphabet([first, *others])
    start = (_closed({0}, first), tuple(_closed({0}, each) for each in others))
    seen, waiting, work = {start}, [start], 0
    while waiting:
        mine, theirs = waiting.pop()
        if len(first) in mine and not any(len(t) in s for s, t in zip(theirs, others, strict=True)):
            return False
        for character in alphabet:
            reached = _step(mine, first, character)
            after = (reached, tuple(_step(s, t, character) for s, t in zip(theirs, others, strict=True)))
            if reached and after not in seen:
                seen.add(after)
                waiting.append(after)
        work += len(alphabet) * (1 + len(others))
        if work > _WORK_LIMIT:
            return False
    return True


def _samples(tokens: tuple[_Token, ...]) -> list[str]:
    """Names that the glob matches: its repeating parts absent, or characters that hardly another glob names."""
    fillings = ("", chr(_RARE), f"{chr(_RARE)}/{chr(_RARE)}")

    def filled(filling: str) -> str:
        text = ""
        for repeats, ranges in tokens:
            low = next((start for start, end in ranges if start <= _RARE <= end), None)
            if repeats:
                text += filling if ranges == _ANY else filling.replace("/", "")
            else:
                text += chr(_RARE) if low is not None else chr(ranges[0][0]) if ranges else ""
        return text

    return [filled(each) for each in fillings] if all(ranges for _, ranges in tokens) else []


def fault(pattern: str) -> str:
    """Why no ref can be so called (git check-ref-format); empty when one can."""
    if not pattern or len(pattern) > LONGEST_PATTERN:
        return f"it must have 1 to {LONGEST_PATTERN} characters"
    if pattern.startswith(("refs/heads/", "refs/tags/")):
        return "it is the name without refs/heads/ or refs/tags/"
    if found := re.search(r"[\x00-\x20\x7f~^:\\]|\.\.|@\{|//", pattern):
        return f"no ref has {found[0]!r} in its name"
    if pattern.startswith(("/", "-")) or pattern.endswith(("/", ".", ".lock")):
        return "no ref begins with '/' or '-', or ends with '/', '.' or '.lock'"
    return ""


def slug(name: str, room: int = LONGEST_NAME) -> str:
    """A ref's name as letters, digits and `-`, at most `room` (>= 10) long; the same for the same name, always.

    One that is too long ends in a digest of the whole, and one of which nothing is left is the digest.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    text = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST]
    if not text:
        return digest
    return text if len(text) <= room else f"{text[: room - _DIGEST - 1].rstrip('-')}-{digest}"


def environment_name(template: str, name: str) -> str:
    """The environment's name of a ref: `{slug}` in the template is the ref. One that began with a digit gets `r-`."""
    made = template.replace(SLUG, slug(name, LONGEST_NAME - len(template.replace(SLUG, ""))))
    return made if made[:1].isalpha() else environment_name(f"r-{template}", name)


@functools.lru_cache(maxsize=4096)
def _tokens(pattern: str) -> tuple[_Token, ...]:
    """The parts of a glob: whether each may repeat (or be absent), and the characters it takes."""
    found: list[_Token] = []
    for each in re.findall(r"\*\*+|\*|\?|\[!?\]?[^\]]*\]|.", pattern, re.DOTALL):
        if each[0] == "*":
            found.append((True, _ANY if len(each) > 1 else _WITHIN))
        elif each == "?":
            found.append((False, _WITHIN))
        elif len(each) > 1:
            found.append((False, _class(each[1:-1])))
        else:
            found.append((False, ((ord(each), ord(each)),)))
    return tuple(found)


def _class(text: str) -> _Ranges:
    negated, text = text.startswith("!"), text.removeprefix("!")
    pairs = re.findall(r"(.)-(.)|(.)", text, re.DOTALL)
    ranges = [(ord(low), ord(high)) if high else (ord(one), ord(one)) for low, high, one in pairs]
    if negated:
        ranges = _without([(0, _END)], ranges)
    return tuple(_without(ranges, [(_SLASH, _SLASH)]))


def _without(ranges: list[tuple[int, int]], holes: list[tuple[int, int]]) -> list[tuple[int, int]]:
    for low, high in holes:
        cut = [part for start, end in ranges for part in ((start, min(end, low - 1)), (max(start, high + 1), end))]
        ranges = [(start, end) for start, end in cut if start <= end]
    return ranges


def _closed(states: set[int], tokens: tuple[_Token, ...]) -> frozenset[int]:
    """With the positions behind parts that may be absent."""
    reached = set(states)
    for state in states:
        while state < len(tokens) and tokens[state][0]:
            state += 1
            reached.add(state)
    return frozenset(reached)


def _step(states: frozenset[int], tokens: tuple[_Token, ...], character: int) -> frozenset[int]:
    after = set()
    for state in states:
        if state < len(tokens):
            repeats, ranges = tokens[state]
            if any(low <= character <= high for low, high in ranges):
                after.add(state if repeats else state + 1)
    return _closed(after, tokens)


def _alphabet(patterns: Sequence[tuple[_Token, ...]]) -> list[int]:
    """One character of each run of characters that no part of any glob tells apart."""
    starts = {0}
    for tokens in patterns:
        for _, ranges in tokens:
            for low, high in ranges:
                starts |= {low, high + 1}
    return [start for start in starts if start <= _END]
