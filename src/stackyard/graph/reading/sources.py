"""One source file: its tokens, the brackets that match, the names it gives, and what is conditional in it."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from stackyard.errors import Position
from stackyard.graph.reading.tokens import NAME, SIGN, Cutter, Token

_OPEN: Final = {"(": ")", "[": "]", "{": "}"}
_DECLARING: Final = frozenset({"const", "let", "var"})
_PERHAPS: Final = frozenset(
    {"if", "else", "for", "while", "switch", "case", "catch", "select", "function", "=>", "func"}
)
_END: Final = Token(SIGN, "", 0, 0)


@dataclasses.dataclass(frozen=True)
class Source:
    """A file; tokens are named by their index. `outer` is the file around it, for what stands in a template."""

    path: Path
    tokens: tuple[Token, ...]
    go: bool
    outer: Source | None = None

    @classmethod
    def read(cls, path: Path) -> Source:
        """Raises OSError."""
        text = path.read_text(encoding="utf-8", errors="replace")
        go = path.suffix == ".go"
        return cls(path, Cutter(text, go).tokens(), go)

    def at(self, index: int) -> Token:
        """A token; beyond the end one that is nothing."""
        return self.tokens[index] if 0 <= index < len(self.tokens) else _END

    def is_(self, index: int, *texts: str) -> bool:
        """Whether signs and names stand there, one after another."""
        if index < 0 or index + len(texts) > len(self.tokens):
            return False
        for token, text in zip(self.tokens[index : index + len(texts)], texts, strict=True):
            if token.text != text or token.kind not in (NAME, SIGN):
                return False
        return True

    def position(self, index: int) -> Position:
        """Where a token stands."""
        token = self.at(index)
        return Position(str(self.path), token.line, token.column)

    def with_templates(self, within: int = -1) -> Iterator[tuple[Source, int]]:
        """Itself, and what stands in its templates and theirs, each with the index of the template in the file."""
        yield self, within
        for index, token in enumerate(self.tokens):
            for part in token.parts:
                if isinstance(part, tuple):
                    yield from Source(self.path, part, self.go, self).with_templates(index if within < 0 else within)

    @functools.cached_property
    def closing(self) -> dict[int, int]:
        """The bracket that closes each opening one."""
        found: dict[int, int] = {}
        waiting: list[tuple[int, str]] = []
        for index, token in enumerate(self.tokens):
            if token.kind != SIGN:
                continue
            if token.text in _OPEN:
                waiting.append((index, _OPEN[token.text]))
            elif waiting and token.text == waiting[-1][1]:
                found[waiting.pop()[0]] = index
        return found

    def arguments(self, opening: int) -> list[int]:
        """Where each argument of a call begins, given its opening bracket."""
        end = self.closing.get(opening, len(self.tokens))
        starts, index = [], opening + 1
        if index < end:
            starts.append(index)
        while index < end:
            if self.is_(index, ",") and index + 1 < end:
                starts.append(index + 1)
            index = self.closing.get(index, index) + 1
        return starts

    @functools.cached_property
    def given(self) -> dict[str, list[int]]:
        """Where each name is given a value: the first token of the value. -1 where that is nothing to look at."""
        found: dict[str, list[int]] = {}
        for index, token in enumerate(self.tokens):
            if token.kind != SIGN or token.text not in ("=", ":=", "+="):
                continue
            names = self._targets(index)
            for number, name in enumerate(names):
                # Of several names only the first is followed: the others are errors and the like.
                value = index + 1 if token.text != "+=" and number == 0 else -1
                found.setdefault(name, []).append(value)
        for name in self._parameters():
            found.setdefault(name, []).append(-1)
        return found

    def _targets(self, index: int) -> list[str]:
        """The names before an assignment; none for `a.b = ...`."""
        names: list[str] = []
        at = index - 1
        if not self.go:
            at = self._before_type(at)
        while self.at(at).kind == NAME and not self.is_(at - 1, ".") and not self.is_(at - 1, "?."):
            names.insert(0, self.at(at).text)
            if not self.is_(at - 1, ","):
                break
            at -= 2
        if self.go and len(names) == 1 and self.at(at - 1).kind == NAME and self.at(at - 2).text in ("var", "const"):
            return [self.at(at - 1).text]
        return names

    def _before_type(self, at: int) -> int:
        """The index of the name in `const name: Type =`."""
        back = at
        while (
            back > 0
            and at - back < 12
            and (self.at(back).kind == NAME or self.at(back).text in ("<", ">", "[", "]", ".", "|", ":"))
        ):
            if self.is_(back, ":") and self.at(back - 2).text in _DECLARING:
                return back - 1
            back -= 1
        return at

    def _parameters(self) -> list[str]:
        """The names of parameters of functions, roughly: what they are given is the caller's business."""
        found: list[str] = []
        for opening, closing in self.closing.items():
            if not self.is_(opening, "("):
                continue
            before, after = self.at(opening - 1), self.at(closing + 1)
            if self.go:
                is_function = before.text == "func" or self.at(opening - 2).text == "func"
            else:
                is_function = after.text == "=>" or "function" in (before.text, self.at(opening - 2).text)
                is_function = is_function or before.text == "constructor"
            if is_function:
                found.extend(self.at(start).text for start in self.arguments(opening) if self.at(start).kind == NAME)
        return found

    @functools.cached_property
    def conditional(self) -> list[bool]:
        """Of each token, whether what it says may happen or not: it is in a branch, a loop or a function."""
        found: list[bool] = []
        waiting: list[bool] = []
        for index, token in enumerate(self.tokens):
            if token.kind == SIGN and token.text == "{":
                waiting.append(self._is_perhaps(index))
            elif token.kind == SIGN and token.text == "}" and waiting:
                waiting.pop()
            found.append(any(waiting))
        return found

    def _is_perhaps(self, opening: int) -> bool:
        """Whether a block is of a branch, a loop or a function; of a program's own main function it is not."""
        words = []
        index = opening - 1
        back = {close: open_ for open_, close in self.closing.items()}
        while index >= 0 and self.at(index).text not in (";", "{", "}"):
            words.append(self.at(index).text)
            index = back.get(index, index) - 1 if self.is_(index, ")") else index - 1
            if len(words) > 40:
                break
        if self.go and "func" in words:
            return not ("main" in words or "Run" in words)
        return not _PERHAPS.isdisjoint(words)
