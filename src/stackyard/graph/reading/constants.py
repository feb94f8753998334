"""The values that tokens stand for, as far as they are constants of one stack."""

from __future__ import annotations

import dataclasses
import functools
import os
import re
from pathlib import Path
from typing import Final, TypeAlias

from stackyard.graph.evaluation.state import Hidden, Subject
from stackyard.graph.evaluation.values import Unknown
from stackyard.graph.reading.sources import Source
from stackyard.graph.reading.tokens import NAME, SIGN, TEMPLATE, TEXT, Token

_DEEP: Final = 40
_OWN: Final = {
    "getOrganization": "organization",
    "getProject": "project",
    "getStack": "stack",
    "Organization": "organization",
    "Project": "project",
    "Stack": "stack",
}
_VERB: Final = re.compile(r"%[sv]")
_READS: Final = re.compile(r"(?:get|require|Get|Require|Try)(?:Secret)?(?:String)?")
_SECRET: Final = re.compile(r".*Secret.*")


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """`new pulumi.Config(namespace)`."""

    namespace: str


@dataclasses.dataclass(frozen=True, slots=True)
class Missing:
    """A setting that has no value: the alternative behind `||` counts."""

    key: str


Value: TypeAlias = "str | Unknown | Settings | Missing"


class Constants:
    """Evaluates expressions of the sources of one program, for one stack."""

    def __init__(self, subject: Subject, sources: dict[Path, Source]) -> None:
        self._subject = subject
        self._sources = sources
        self._depth = 0

    def text(self, source: Source, index: int) -> str | Unknown:
        """The text that the expression beginning at a token stands for."""
        value, _ = self.value(source, index)
        if isinstance(value, Missing):
            return Unknown(f"the configuration value {value.key}, which is not set")
        return value if isinstance(value, str | Unknown) else Unknown("something that is not text")

    def value(self, source: Source, index: int) -> tuple[Value, int]:
        """The value of an expression, and the index behind it."""
        self._depth += 1
        try:
            if self._depth > _DEEP:
                return Unknown("names that lead in a circle"), index
            return self._alternatives(source, index)
        finally:
            self._depth -= 1

    def _alternatives(self, source: Source, index: int) -> tuple[Value, int]:
        value, index = self._sum(source, index)
        while source.is_(index, "||") or source.is_(index, "??"):
            other, index = self._sum(source, index + 1)
            if isinstance(value, Missing) or value == "":
                value = other
        if source.is_(index, "?"):
            return Unknown("a condition"), index
        return value, index

    def _sum(self, source: Source, index: int) -> tuple[Value, int]:
        value, index = self._primary(source, index)
        while source.is_(index, "+"):
            other, index = self._primary(source, index + 1)
            value = _joined([value, other])
        return value, index

    def _primary(self, source: Source, index: int) -> tuple[Value, int]:
        token = source.at(index)
        if token.kind == TEXT:
            return token.text, index + 1
        if token.kind == TEMPLATE:
            return self._template(source, token), index + 1
        if source.is_(index, "("):
            value, _ = self.value(source, index + 1)
            return self._behind(source, value, source.closing.get(index, index) + 1)
        if token.kind != NAME:
            return Unknown("an expression that is not followed"), index + 1
        if token.text in ("new", "await"):
            return self._primary(source, index + 1)
        return self._named(source, index)

    def _template(self, source: Source, token: Token) -> Value:
        parts: list[Value] = []
        for part in token.parts:
            if isinstance(part, str):
                parts.append(part)
            else:
                parts.append(self._inside(dataclasses.replace(source, tokens=part, outer=source.outer or source)))
        return _joined(parts)

    def _inside(self, inner: Source) -> Value:
        """The value in `${...}`."""
        value, end = self.value(inner, 0)
        return value if end >= len(inner.tokens) else Unknown("an expression that is not followed")

    def _named(self, source: Source, index: int) -> tuple[Value, int]:
        """A name, with what follows it: `pulumi.getStack()`, `config.require("key")`, `fmt.Sprintf(...)`."""
        names = [source.at(index).text]
        at = index + 1
        while source.at(at).text in (".", "?.") and source.at(at + 1).kind == NAME:
            names.append(source.at(at + 1).text)
            at += 2
        if source.at(at).kind == TEMPLATE and names[-1] == "interpolate":
            return self._template(source, source.at(at)), at + 1
        if source.is_(at, "(") and (at in source.closing):
            return self._behind(source, self._called(source, names, at), source.closing[at] + 1)
        if len(names) == 1:
            return self._behind(source, self._given(source, names[0]), at)
        if names[:2] == ["process", "env"]:
            return Unknown(f"the environment variable {names[-1]}"), at
        return Unknown(f"`{'.'.join(names)}`"), at

    def _behind(self, source: Source, value: Value, index: int) -> tuple[Value, int]:
        """Past what changes only the type: `!`, `as string`."""
        while True:
            if source.is_(index, "!") and not source.go:
                index += 1
            elif source.is_(index, "as") and source.at(index + 1).kind == NAME:
                index += 2
            elif source.at(index).text in (".", "?.", "[", "(") and source.at(index).kind == SIGN:
                return Unknown("an expression that is not followed"), index + 1
            else:
                return value, index

    def _called(self, source: Source, names: list[str], opening: int) -> Value:
        arguments = source.arguments(opening)
        name = names[-1]
        if name in _OWN and len(names) <= 2 and not arguments and (names[0] in ("pulumi", "ctx") or len(names) == 1):
            return str(getattr(self._subject, _OWN[name]))
        if name == "Config" or (names == ["config", "New"] and source.go):
            return self._settings(source, arguments[1:] if source.go else arguments)
        if names == ["fmt", "Sprintf"]:
            return self._formatted(source, arguments)
        if names in (["pulumi", "String"], ["String"], ["string"]) and arguments:
            return self.value(source, arguments[0])[0]
        if _READS.fullmatch(name) and arguments:
            return self._setting(source, names, arguments)
        return Unknown(f"what `{'.'.join(names)}()` returns")

    def _settings(self, source: Source, arguments: list[int]) -> Value:
        if not arguments:
            return Settings(self._subject.project)
        namespace = self.text(source, arguments[0])
        return namespace if isinstance(namespace, Unknown) else Settings(namespace or self._subject.project)

    def _setting(self, source: Source, names: list[str], arguments: list[int]) -> Value:
        if source.go and names[0] == "config" and len(arguments) > 1:
            key = self.text(source, arguments[1])
            key = f"{self._subject.project}:{key}" if isinstance(key, str) and ":" not in key else key
        else:
            owner = self._given(source, names[0]) if len(names) == 2 else Unknown(f"`{'.'.join(names)}`")
            if not isinstance(owner, Settings):
                return owner if isinstance(owner, Unknown) else Unknown(f"what `{'.'.join(names)}()` returns")
            name = self.text(source, arguments[0])
            key = name if isinstance(name, Unknown) else f"{owner.namespace}:{name}"
        if isinstance(key, Unknown):
            return key
        if _SECRET.fullmatch(names[-1]):
            return Unknown(f"the secret {key}")
        try:
            value = self._subject.config_value(key)
        except Hidden as hidden:
            return Unknown(str(hidden) or f"the configuration value {key}")
        return Missing(key) if value is None else value

    def _formatted(self, source: Source, arguments: list[int]) -> Value:
        pattern = self.text(source, arguments[0]) if arguments else ""
        if isinstance(pattern, Unknown):
            return pattern
        pieces = _VERB.split(pattern)
        if len(pieces) != len(arguments) or any("%" in piece for piece in pieces):
            return Unknown("a format that is not followed")
        values = [self.text(source, each) for each in arguments[1:]]
        woven = [part for pair in zip(pieces, [*values, ""], strict=True) for part in pair]
        return _joined(woven)

    def _given(self, source: Source, name: str) -> Value:
        """What a name stands for: in its file, in the other files of a Go package, or where it is imported from."""
        source = source.outer or source
        places = [(source, index) for index in source.given.get(name, ())]
        if not places and source.go:
            siblings = (each for each in self._sources.values() if each.path.parent == source.path.parent)
            places = [(each, index) for each in siblings for index in each.given.get(name, ())]
        if not places and not source.go:
            places = self._imported(source, name)
        if not places:
            return Unknown(f"`{name}`, which is given somewhere else")
        if len(places) > 1 or places[0][1] < 0:
            return Unknown(f"`{name}`, which is not a constant")
        return self._followed(*places[0])

    def _followed(self, source: Source, index: int) -> Value:
        """The value of a whole expression: of one that goes on in a way nobody follows, nothing is told."""
        value, end = self.value(source, index)
        behind, before = source.at(end), source.at(end - 1)
        goes_on = behind.kind == SIGN and behind.text not in ("", ";", ",", ")", "}", "]")
        if goes_on and behind.line == before.line:
            return Unknown("an expression that is not followed")
        return value

    def _imported(self, source: Source, name: str) -> list[tuple[Source, int]]:
        """`import { name } from "./file"`: where that file gives it."""
        for index, token in enumerate(source.tokens):
            if not source.is_(index, "import", "{") or token.kind != NAME:
                continue
            end = source.closing.get(index + 1, index)
            original = self._renamed(source, index + 2, end, name)
            origin = source.at(end + 2)
            if original and source.is_(end + 1, "from") and origin.kind == TEXT and origin.text.startswith("."):
                other = self._file(Path(os.path.normpath(source.path.parent / origin.text)))
                return [(other, place) for place in other.given.get(original, ())] if other else []
        return []

    def _renamed(self, source: Source, begin: int, end: int, name: str) -> str:
        for index in range(begin, end):
            if source.at(index).text == name and source.at(index + 1).text in (",", "}"):
                return source.at(index - 2).text if source.is_(index - 1, "as") else name
        return ""

    def _file(self, stem: Path) -> Source | None:
        bare = stem.with_suffix("") if stem.suffix in (".js", ".mjs") else stem
        named = [bare.with_name(bare.name + suffix) for suffix in (".ts", ".js", ".mts", ".mjs")]
        named += [bare / "index.ts", bare / "index.js"]
        return next((self._sources[path] for path in [stem, *named] if path in self._sources), None)


def _joined(parts: list[Value]) -> Value:
    """Texts joined; the first part that cannot be told decides."""
    for part in parts:
        if isinstance(part, Missing):
            return Unknown(f"the configuration value {part.key}, which is not set")
        if not isinstance(part, str):
            return part if isinstance(part, Unknown) else Unknown("something that is not text")
    return functools.reduce(str.__add__, (part for part in parts if isinstance(part, str)), "")
