"""Cuts sources in TypeScript, JavaScript and Go into tokens: no more grammar than names, literals and brackets."""

from __future__ import annotations

import dataclasses
import re
from typing import Final

NAME, TEXT, TEMPLATE, NUMBER, SIGN = "name", "text", "template", "number", "sign"
_NAME: Final = re.compile(r"[A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]*")
_NUMBER: Final = re.compile(r"\d[\w.]*")
_SIGN: Final = re.compile(r":=|=>|\?\?|\?\.|\|\||&&|===|!==|==|!=|<=|>=|\+=|.", re.DOTALL)
_BLANK: Final = re.compile(r"\s+|//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_REGEX: Final = re.compile(r"/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*")
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "f": "\f", "v": "\v"}
_BEFORE_REGEX: Final = frozenset({"return", "typeof", "case", "in", "of", "delete", "void", "throw", "await"})


@dataclasses.dataclass(frozen=True, slots=True)
class Token:
    """`text` is a name, a sign, or what a literal stands for; `parts` are those of a template: texts and tokens."""

    kind: str
    text: str
    line: int
    column: int
    parts: tuple[str | tuple[Token, ...], ...] = ()


class Cutter:
    """Cuts one source. `go`: backquotes are plain text, and there are no templates nor regular expressions."""

    def __init__(self, source: str, go: bool) -> None:
        self._source = source
        self._go = go
        self._at = 0
        self._line, self._begin = 1, 0

    def tokens(self) -> tuple[Token, ...]:
        """All of them."""
        return self._until("")

    def _until(self, closing: str) -> tuple[Token, ...]:
        """The tokens up to the bracket that closes what is open, which is taken."""
        found: list[Token] = []
        depth = 0
        while self._skip():
            token = self._next(found[-1] if found else None)
            if closing and token.kind == SIGN:
                if token.text == closing and depth == 0:
                    break
                depth += (token.text == "{") - (token.text == "}")
            found.append(token)
        return tuple(found)

    def _skip(self) -> bool:
        while match := _BLANK.match(self._source, self._at):
            self._move(match.end())
        return self._at < len(self._source)

    def _move(self, at: int) -> None:
        lines = self._source.count("\n", self._at, at)
        if lines:
            self._line += lines
            self._begin = self._source.rindex("\n", self._at, at) + 1
        self._at = at

    def _next(self, before: Token | None) -> Token:
        source, at = self._source, self._at
        place = (self._line, at - self._begin + 1)
        char = source[at]
        if char in "\"'":
            return Token(TEXT, self._quoted(char), *place)
        if char == "`":
            return Token(TEXT, self._raw(), *place) if self._go else self._template(place)
        for kind, pattern in ((NAME, _NAME), (NUMBER, _NUMBER)):
            if match := pattern.match(source, at):
                self._move(match.end())
                return Token(kind, match[0], *place)
        if char == "/" and not self._go and _may_be_regex(before) and (match := _REGEX.match(source, at)):
            self._move(match.end())
            return Token(NUMBER, match[0], *place)
        match = _SIGN.match(source, at)
        assert match is not None
        self._move(match.end())
        return Token(SIGN, match[0], *place)

    def _quoted(self, quote: str) -> str:
        """A text in quotes, which ends with its line at the latest."""
        made, at = [], self._at + 1
        while at < len(self._source) and self._source[at] not in (quote, "\n"):
            if self._source[at] == "\\" and at + 1 < len(self._source):
                at += 1
                made.append(_ESCAPES.get(self._source[at], self._source[at]))
            else:
                made.append(self._source[at])
            at += 1
        self._move(min(at + 1, len(self._source)))
        return "".join(made)

    def _raw(self) -> str:
        end = self._source.find("`", self._at + 1)
        end = len(self._source) if end < 0 else end
        text = self._source[self._at + 1 : end]
        self._move(min(end + 1, len(self._source)))
        return text

    def _template(self, place: tuple[int, int]) -> Token:
        parts: list[str | tuple[Token, ...]] = []
        plain = ""
        self._move(self._at + 1)
        while self._at < len(self._source) and self._source[self._at] != "`":
            if self._source.startswith("${", self._at):
                self._move(self._at + 2)
                parts.extend([plain, self._until("}")])
                plain = ""
            elif self._source[self._at] == "\\" and self._at + 1 < len(self._source):
                plain += _ESCAPES.get(self._source[self._at + 1], self._source[self._at + 1])
                self._move(self._at + 2)
            else:
                plain += self._source[self._at]
                self._move(self._at + 1)
        self._move(min(self._at + 1, len(self._source)))
        return Token(TEMPLATE, "", *place, (*parts, plain))


def _may_be_regex(before: Token | None) -> bool:
    if before is None or (before.kind == NAME and before.text in _BEFORE_REGEX):
        return True
    return before.kind == SIGN and before.text not in (")", "]", "}")
